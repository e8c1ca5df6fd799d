"""Which services are installed: those that a distribution names under the entry point `triptych.services`."""

from collections.abc import Collection
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from triptych.contract import TIERS, Api
from triptych.settings import Settings

SERVICES = "triptych.services"
BACKENDS = "triptych.backends"
GATEWAY = "triptych.gateway"
DEMO = "triptych.demo"
OURS = "triptych"


class AssemblyError(Exception):
    """The landscape cannot be put together; the message names every reason at once."""

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = reasons
        super().__init__(
            "The services cannot be put together:\n" + "\n".join(f"  - {one}" for one in reasons)
        )


@cache
def _found(group: str) -> dict[str, EntryPoint]:
    """Entry points by name; a company's own distribution replaces one of ours that has the same name."""
    ours_first = sorted(
        entry_points(group=group), key=lambda found: found.dist is None or found.dist.name != OURS
    )
    return {found.name: found for found in ours_first}


def installed(only: Collection[str] | None = None) -> dict[str, type[Api]]:
    """Every installed service class by name, system APIs first; `only` those, and only they are imported."""
    services: dict[str, type[Api]] = {}
    reasons: list[str] = []
    for name, entry in _found(SERVICES).items():
        if only is not None and name not in only:
            continue
        loaded = entry.load()
        if not (isinstance(loaded, type) and issubclass(loaded, Api) and loaded.contract is not None):
            reasons.append(f"{entry.value} (entry point {name}) is no service: it implements no contract")
        elif loaded.name != name:
            reasons.append(f"{entry.value} serves the contract {loaded.name}, but its entry point is {name}")
        else:
            services[name] = loaded
    if reasons:
        raise AssemblyError(reasons)
    return dict(sorted(services.items(), key=lambda found: TIERS.index(found[1].tier)))


def names() -> list[str]:
    """The names of all installed services; none is imported for it."""
    return sorted(_found(SERVICES))


def package_of(service: str) -> str | None:
    """The Python package of an installed service, which is not imported for it; None where there is none."""
    entry = _found(SERVICES).get(service)
    return entry.module.rpartition(".")[0] if entry is not None else None


def chosen_names(settings: Settings) -> list[str]:
    """The names of the services that this installation runs: all, or what `TRIPTYCH_SERVICES` names."""
    known = names()
    wanted = [name.strip() for name in settings.services.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise AssemblyError(
            [
                f"TRIPTYCH_SERVICES names {name}, which is not installed; there are {', '.join(known)}"
                for name in unknown
            ]
        )
    return wanted or known


def chosen(settings: Settings) -> dict[str, type[Api]]:
    """The services that this installation runs; the others are not even imported."""
    return installed(chosen_names(settings))


def backend(service: str, choice: str) -> type[Any]:
    """The class of a system API's backend: entry point `<service>.<choice>`."""
    found = _found(BACKENDS)
    entry = found.get(f"{service}.{choice}")
    if entry is None:
        known = sorted(name.partition(".")[2] for name in found if name.startswith(f"{service}."))
        raise AssemblyError([f"{service} has no backend {choice!r}; there are {', '.join(known) or 'none'}"])
    return entry.load()


def installed_backends() -> dict[str, list[str]]:
    """The names of all backends, by the service that can stand on them; none is imported for it."""
    found: dict[str, list[str]] = {}
    for name in sorted(_found(BACKENDS)):
        service, _, choice = name.partition(".")
        found.setdefault(service, []).append(choice)
    return found


def single(group: str) -> Any:
    """What the one entry point of a group names, or None when nothing is installed for it."""
    entries = list(_found(group).values())
    return entries[-1].load() if entries else None
