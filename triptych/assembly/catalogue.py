"""The catalogue: every installed service, what it is, where it runs, and what it needs."""

from collections.abc import Collection, Mapping
from datetime import date

from pydantic import Field

from triptych.assembly.discovery import chosen_names, installed_backends
from triptych.assembly.needs import needs
from triptych.canonical.base import Model
from triptych.contract import Api, events, flows, subscriptions
from triptych.settings import Settings

HERE = "in process"
ABSENT = "not running"


class CatalogueFlow(Model):
    """One data flow of a process."""

    name: str
    summary: str
    pace: str
    """real-time, near-real-time or batch."""
    owner: str
    level: str
    """Its service level: how much of it is done within which time."""
    failure: str
    """What it costs when it fails."""


class CatalogueEntry(Model):
    """One installed service."""

    name: str
    tier: str
    version: int
    owner: str
    stage: str
    """draft, active, deprecated, sunset or retired."""
    backend: str | None = None
    """What a system API stands on."""
    runs: str
    """`in process`, an address, or `not running`."""
    needs: tuple[str, ...] = Field(default=())
    """The services that it calls."""
    flows: tuple[CatalogueFlow, ...] = Field(default=())
    """The data flows of a process."""
    tells: tuple[str, ...] = Field(default=())
    """The types of its events."""
    hears: tuple[str, ...] = Field(default=())
    """The types of events that it is told of."""
    description: str


class BackendChoice(Model):
    """What one system API can stand on."""

    service: str
    chosen: str
    installed: tuple[str, ...]
    setting: str
    """The variable that chooses."""


def backends(settings: Settings) -> list[BackendChoice]:
    """What the system APIs can stand on, by entry points, and what these settings choose."""
    return [
        BackendChoice(
            service=service,
            chosen=settings.backend_of(service),
            installed=tuple(installed),
            setting=f"TRIPTYCH_{service.upper().replace('-', '_')}_BACKEND",
        )
        for service, installed in installed_backends().items()
    ]


def catalogue(settings: Settings, services: Mapping[str, type[Api]], today: date) -> list[CatalogueEntry]:
    """The installed services, as these settings run them."""
    running = chosen_names(settings)
    return [_entry(settings, name, made, running, today) for name, made in services.items()]


def _entry(
    settings: Settings, name: str, made: type[Api], running: Collection[str], today: date
) -> CatalogueEntry:
    wanted = needs(made)
    return CatalogueEntry(
        name=name,
        tier=made.tier,
        version=made.version,
        owner=made.owner,
        stage=made.lifecycle.stage(today),
        backend=settings.backend_of(name) if any(need.parameter == "backend" for need in wanted) else None,
        runs=_where(settings, name, running),
        needs=tuple(need.contract.promised().name for need in wanted if need.contract),
        flows=tuple(CatalogueFlow.model_validate(one.described()) for one in flows(made)),
        tells=tuple(kind.type for kind in events(made)),
        hears=tuple(sorted({found.kind.type for found in subscriptions(made)})),
        description=(made.promised().__doc__ or "").strip().split("\n", 1)[0],
    )


def _where(settings: Settings, name: str, running: Collection[str]) -> str:
    address = settings.address_of(name)
    if settings.topology == "split":
        return address or ABSENT
    return HERE if name in running else address or ABSENT
