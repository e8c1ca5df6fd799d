"""Fills the templates in, and says what is left to be done by hand."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from triptych.assembly.discovery import installed, names
from triptych.assembly.needs import needs
from triptych.contract import TIERS, Api
from triptych.scaffold.imports import OURS, fitted, in_order

Kind = Literal["system", "process", "experience"]
TEMPLATES = Path(__file__).parent / "templates"
HOUSE: dict[Kind, tuple[str, str]] = {
    "system": ("system-apis", "systems"),
    "process": ("process-apis", "processes"),
    "experience": ("experience-apis", "experiences"),
}
"""Where services of each tier are in Triptych's own repository: source root, and package."""
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class ScaffoldError(Exception):
    """The service cannot be begun; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Noun:
    """What the service is about: `loyalty card`, in every form that the code needs."""

    one: str
    many: str

    @property
    def type(self) -> str:
        return "".join(word.capitalize() for word in self.one.split())

    @property
    def one_attribute(self) -> str:
        return self.one.replace(" ", "_")

    @property
    def attributes(self) -> str:
        return self.many.replace(" ", "_")

    @property
    def path(self) -> str:
        return self.many.replace(" ", "-")

    @property
    def table(self) -> str:
        return self.attributes.upper()

    @property
    def prefix(self) -> str:
        return self.one.replace(" ", "")[:3]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be written."""

    kind: Kind
    name: str
    """Name in URLs: `loyalty-cards`."""
    noun: str
    owner: str
    calls: tuple[str, ...] = ()
    """Names of the services that it calls."""
    package: str | None = None
    """Package of a company's own repository; None in Triptych's."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, and what the distribution's pyproject.toml has to say."""

    files: tuple[Path, ...]
    entry_points: str


def write(order: Order, repository: Path) -> Written:
    """Write the files of a new service into a repository; raises ScaffoldError, and then writes nothing."""
    _check(order)
    module = order.name.replace("-", "_")
    source, tests, package = _places(order, repository, module)
    if source.exists():
        raise ScaffoldError(f"{source} exists already; choose another name, or remove it.")
    content = dict(_filled(order, module, package))
    files = {source / where: text for where, text in content.items() if where != "test.py"}
    files[tests / f"test_{module}.py"] = content["test.py"]
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Written(tuple(files), _entry_points(order, package))


def _check(order: Order) -> None:
    if not _NAME.fullmatch(order.name):
        raise ScaffoldError(f"{order.name!r} is no name for a service: write it like loyalty-cards.")
    if not re.fullmatch(r"[a-z]+( [a-z]+)*", order.noun):
        raise ScaffoldError(
            f"{order.noun!r} is no noun: write it small and in the singular, like loyalty card."
        )
    if order.kind != "experience" and order.noun == order.name.replace("-", " "):
        raise ScaffoldError(f"{order.noun!r} is the service's name already: call what it is about otherwise.")
    if order.name in names():
        raise ScaffoldError(f"A service {order.name} is installed already; choose another name.")
    if order.kind == "system" and order.calls:
        raise ScaffoldError("A system API calls no other service; let a process API call both.")


def _places(order: Order, repository: Path, module: str) -> tuple[Path, Path, str]:
    """Folder of the source, folder of the test, and the package."""
    root, house = HOUSE[order.kind]
    if order.package is not None:
        parent = repository.joinpath(*order.package.split("."))
        return parent / module, repository / "tests", f"{order.package}.{module}"
    if not (repository / root / house).is_dir():
        raise ScaffoldError(
            f"{repository.absolute()} is not Triptych's own repository: say with --package "
            "which package of yours the service goes into."
        )
    return repository / root / house / module, repository / "tests" / house, f"{house}.{module}"


def _filled(order: Order, module: str, package: str) -> Iterator[tuple[str, str]]:
    """Every file of the kind, by its path in the service's folder."""
    environment = Environment(  # noqa: S701 - Python source, not HTML
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["fitted"] = fitted  # pyright: ignore[reportUnknownMemberType, reportArgumentType] - see Jinja
    values = _values(order, module, package)
    first_party = OURS if order.package is None else frozenset({package.partition(".")[0]})
    for path in sorted((TEMPLATES / order.kind).rglob("*.jinja")):
        template = environment.get_template(path.relative_to(TEMPLATES).as_posix())
        where = path.relative_to(TEMPLATES / order.kind).as_posix().removesuffix(".jinja")
        yield where, in_order(template.render(values), first_party)


def _values(order: Order, module: str, package: str) -> dict[str, Any]:
    words = order.name.replace("-", " ")
    called = _called(order)
    needed = [
        {
            "parameter": name.replace("-", "_"),
            "type": made.promised().__name__,
            "module": made.promised().__module__,
        }
        for name, made in sorted(called.items(), key=lambda found: found[1].promised().__module__)
    ]
    return {
        "name": order.name,
        "module": module,
        "package": package,
        "api": "".join(word.capitalize() for word in words.split()),
        "words": words,
        "title": words.capitalize(),
        "noun": Noun(order.noun, plural(order.noun)),
        "owner": order.owner,
        "own_repository": order.package is not None,
        "needs": needed,
        "parameters": [f"{need['parameter']}: {need['type']}" for need in needed],
        "closure": "{" + ", ".join(f'"{name}"' for name in _closure(called)) + "}",
    }


def _called(order: Order) -> dict[str, type[Api]]:
    found = installed(order.calls)
    for name in order.calls:
        if name not in found:
            raise ScaffoldError(f"There is no service {name} to call; there are {', '.join(names())}.")
        mine, other = TIERS.index(order.kind), TIERS.index(found[name].tier)
        if other > mine or (other == mine and order.kind != "process"):
            raise ScaffoldError(
                f"{order.kind} APIs call only the tiers below them, and {name} is none of those."
            )
    return found


def _closure(called: dict[str, type[Api]]) -> list[str]:
    """The services that are called, with all that they call in turn."""
    found = dict(called)
    while (
        further := {
            need.contract.promised().name for made in found.values() for need in needs(made) if need.contract
        }
        - found.keys()
    ):
        found |= installed(further)
    return sorted(found)


def plural(noun: str) -> str:
    """The plural of an English noun that is formed by the rules."""
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return noun + ("es" if re.search(r"(s|x|z|ch|sh)$", noun) else "s")


def _entry_points(order: Order, package: str) -> str:
    """The lines that make the service known."""
    api = "".join(word.capitalize() for word in order.name.split("-"))
    lines = ['[project.entry-points."triptych.services"]', f'{order.name} = "{package}.service:{api}Service"']
    if order.kind == "system":
        lines += ["", '[project.entry-points."triptych.backends"]']
        lines += [f'"{order.name}.embedded" = "{package}.backends.embedded:Embedded{api}"']
    return "\n".join(lines)
