"""The demo company, seeded into landscapes of its own, and what is written down of them."""

import re
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest

from demo.company import seed
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.canonical.base import Entity
from triptych.contract import Api, Filter, ReadOnly, operations
from triptych.running.front import DemoAccess, Progress
from triptych.settings import Settings

Records = dict[str, list[dict[str, Any]]]
"""Everything that the system APIs keep, by collection: `crm.customers`."""

_ID = re.compile(r"\b[a-z]{3}_[0-9a-z]{26}\b")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_NATURAL = ("external_id", "sku", "code", "reference", "email", "name", "title", "subject", "order_id")


@dataclass
class Company:
    """A seeded landscape."""

    platform: Platform
    settings: Settings
    began: datetime
    access: DemoAccess = field(default_factory=DemoAccess)
    kept: Records = field(default_factory=dict[str, list[dict[str, Any]]])
    """What was written down of it, where that was done."""
    told: list[tuple[str, int, int]] = field(default_factory=list[tuple[str, int, int]])

    async def seed(self, scale: float | None = None, progress: Progress | None = None) -> None:
        """Seed, for the first time or again."""
        settings = self.settings.model_copy(update={} if scale is None else {"seed_scale": scale})
        self.access = await seed(self.platform, settings, progress or self._tell)

    def _tell(self, what: str, done: int, total: int) -> None:
        self.told.append((what, done, total))

    async def records(self) -> Records:
        """Everything, as it is kept."""
        return {
            f"{name}.{collection}": [item.model_dump(mode="json") for item in items]
            for name, made in self.platform.services.items()
            if made.tier == "system"
            for collection, items in (await _collections(self.platform.client(made.promised()))).items()
        }

    async def books(self) -> dict[str, list[str]]:
        """The same without what differs from one start to the next: own ids, and moments since it began.

        An id of something else is shown as that thing's natural key.
        """
        records = await self.records()
        names = {item["id"]: _natural_key(item) for items in records.values() for item in items}
        return {
            collection: sorted(self._lasting(item, names) for item in items)
            for collection, items in records.items()
        }

    def _lasting(self, item: Mapping[str, Any], names: Mapping[str, str]) -> str:
        text = repr({key: value for key, value in item.items() if key not in ("id", "number")})
        for _ in range(2):  # a payment's natural key is its order, which has one of its own
            text = _ID.sub(lambda found: names.get(found[0], "unknown"), text)
        return _MOMENT.sub(lambda found: found[0] if self._older(found[0]) else "since", text)

    def _older(self, moment: str) -> bool:
        return datetime.fromisoformat(moment) < self.began


def _natural_key(item: Mapping[str, Any]) -> str:
    return next((f"{name} {item[name]}" for name in _NATURAL if item.get(name)), "nameless")


async def _collections(client: Api) -> dict[str, list[Entity]]:
    """What each collection of a system API keeps, from its feed of changes."""
    found: dict[str, list[Entity]] = {}
    for operation in operations(type(client).promised()):
        collection, _, of = operation.name.partition(".")
        if of == "changes":
            found[collection] = await _all(getattr(client, collection))
    return found


async def _all(collection: ReadOnly[Entity, Filter]) -> list[Entity]:
    items: list[Entity] = []
    position, more = "", True
    while more:
        changes = await collection.changes(position, limit=200)
        items += [change.entity for change in changes.items if change.entity is not None]
        position, more = changes.position, changes.more
    return items


class Founding(Protocol):
    """Opens a landscape: `async with found(scale=0.3, only=["crm"]) as company:`."""

    def __call__(
        self, scale: float, only: Collection[str] | None = None
    ) -> AbstractAsyncContextManager[Company]: ...


@pytest.fixture(scope="session")
def systems() -> dict[str, type[Api]]:
    """The system APIs. There is one process engine at a time in a process, so none of them needs one; what
    goes through a process is tested on a company that is started as users start it (`up`)."""
    found = {name: made for name, made in installed().items() if made.tier == "system"}
    for made in found.values():
        operations(made.promised())  # contracts are read before the event loop runs
    return found


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory, systems: dict[str, type[Api]]) -> Founding:
    """Landscapes that are empty still."""
    settings = Settings(port=0)

    @asynccontextmanager
    async def opened(scale: float, only: Collection[str] | None = None) -> AsyncGenerator[Company]:
        here = settings.model_copy(update={"data": tmp_path_factory.mktemp("demo"), "seed_scale": scale})
        services = {name: made for name, made in systems.items() if only is None or name in only}
        async with Platform(here, services) as platform:
            yield Company(platform, here, datetime.now(UTC))

    return opened


@pytest.fixture(scope="session")
async def meridian(found: Founding) -> AsyncGenerator[Company]:
    """The company at scale 1, for tests that change nothing."""
    async with found(1) as company:
        await company.seed()
        company.kept = await company.records()
        yield company


@pytest.fixture(scope="session")
async def small(found: Founding) -> AsyncGenerator[Company]:
    """The company at scale 0.2, for tests that change nothing."""
    async with found(0.2) as company:
        await company.seed()
        company.kept = await company.records()
        yield company
