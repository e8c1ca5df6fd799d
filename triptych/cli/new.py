"""`new`: the first files of a service."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triptych.cli.exits import CommandError
from triptych.cli.options import Json
from triptych.cli.output import write_json, write_line

if TYPE_CHECKING:
    from triptych.scaffold.writing import Kind

Name = Annotated[str, typer.Argument(help="Name in URLs and settings, such as loyalty-cards.")]
Package = Annotated[
    str | None, typer.Option("--package", help="Package of your own repository that it goes into.")
]
Owner = Annotated[str, typer.Option("--owner", help="The team that answers for it.")]
Calls = Annotated[list[str] | None, typer.Option("--calls", help="A service that it calls; can be repeated.")]
Folder = Annotated[Path, typer.Option("--folder", help="The repository.")]


def system_api(
    name: Name,
    noun: Annotated[str, typer.Option("--noun", help="What it keeps, in the singular.")] = "record",
    owner: Owner = "integration",
    package: Package = None,
    folder: Folder = Path(),
    json: Json = False,
) -> None:
    """Begin a system API: contract, service, embedded store, migration and test, which run as they are."""
    _write("system", name, noun, owner, [], package, folder, json)


def process_api(
    name: Name,
    noun: Annotated[str, typer.Option("--noun", help="What it carries out, in the singular.")] = "run",
    owner: Owner = "integration",
    calls: Calls = None,
    package: Package = None,
    folder: Folder = Path(),
    json: Json = False,
) -> None:
    """Begin a process API: contract, service, durable steps with their undo, and test."""
    _write("process", name, noun, owner, calls or [], package, folder, json)


def experience_api(
    name: Name,
    owner: Owner = "integration",
    calls: Calls = None,
    package: Package = None,
    folder: Folder = Path(),
    json: Json = False,
) -> None:
    """Begin an experience API: contract, service and test."""
    _write("experience", name, "view", owner, calls or [], package, folder, json)


def _write(
    kind: "Kind",
    name: str,
    noun: str,
    owner: str,
    calls: list[str],
    package: str | None,
    folder: Path,
    json: bool,
) -> None:
    from triptych.scaffold.writing import Order, ScaffoldError, write

    try:
        written = write(Order(kind, name, noun, owner, tuple(calls), package), folder)
    except ScaffoldError as error:
        raise CommandError(str(error)) from error
    if json:
        write_json({"files": [str(path) for path in written.files], "entry_points": written.entry_points})
        return
    for path in written.files:
        write_line(str(path))
    write_line(f"\nAdd to pyproject.toml, so that it is found:\n\n{written.entry_points}\n")
    write_line("Then install it anew (`pip install --no-deps -e .`), and see it: `triptych services`.")
