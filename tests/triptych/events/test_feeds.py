"""What changes in another company's system, behind our back, is found there and told once."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from systems.crm.backends.embedded import EmbeddedCrm
from systems.crm.contract import Crm
from systems.crm.service import CrmService
from tests.triptych.events.conftest import until
from triptych.assembly import platform as assembly
from triptych.assembly.platform import Platform
from triptych.canonical.leads import LeadStatus, NewLead
from triptych.canonical.party import Customer, NewCustomer
from triptych.contract import Changes, Patch
from triptych.events.feeds import OVERLAP, Feed, Watched
from triptych.events.log import MIGRATIONS, EventLog
from triptych.problems import Unavailable
from triptych.secrets import Secrets
from triptych.settings import Settings
from triptych.storage import Event, Storage

SYSTEM = Path(__file__).parents[3] / "system-apis/systems/crm/migrations"


@pytest.fixture
async def elsewhere(tmp_path: Path) -> AsyncGenerator[Storage]:
    """Where the vendor keeps its data, and a log of ours."""
    settings = Settings(data=tmp_path / "elsewhere")
    async with Storage(settings, Secrets(settings)) as storage:
        yield storage


@pytest.fixture
async def vendor(elsewhere: Storage) -> EmbeddedCrm:
    """The vendor's CRM, with a customer that was there before us."""
    vendor = EmbeddedCrm(await elsewhere.open("vendor", SYSTEM))
    await vendor.customers.create(NewCustomer(name="Long known"))
    return vendor


@pytest.fixture
async def log(elsewhere: Storage) -> EventLog:
    return EventLog(await elsewhere.open("events", MIGRATIONS))


def watched(vendor: Any) -> Watched:
    return Watched(
        vendor.customers,
        "/crm/v1",
        made=Crm.customer_created,
        changed=Crm.customer_changed,
        gone=Crm.customer_deleted,
    )


async def told(log: EventLog) -> list[tuple[str, str]]:
    """Which events, of whom."""
    found: list[Event] = [one.event for one in await log.read(after=0)]
    names = [Customer.model_validate(event.data).name for event in found]
    return list(zip((event.type.split(".")[3] for event in found), names, strict=True))


async def test_what_was_there_before_is_not_told_and_what_happens_then_is_told_once(
    vendor: EmbeddedCrm, log: EventLog
) -> None:
    feed = Feed(watched(vendor), log, 30)
    assert await feed.read() == 0
    ada = await vendor.customers.create(NewCustomer(name="Ada"))
    assert [await feed.read(), await feed.read()] == [1, 0]
    ada = await vendor.customers.update(ada.id, Patch[NewCustomer]({"name": "Ada L"}), "*")
    await vendor.customers.update(ada.id, Patch[NewCustomer]({"name": "Ada Lovelace"}), "*")
    await vendor.customers.create(NewCustomer(name="Bob"))
    assert await feed.read() == 2
    await vendor.customers.delete(ada.id)
    assert [await feed.read(), await feed.read()] == [1, 0]
    assert await told(log) == [
        ("customer-created", "Ada"),
        ("customer-changed", "Ada Lovelace"),
        ("customer-created", "Bob"),
        ("customer-deleted", "Ada Lovelace"),
    ]


async def test_what_a_system_tells_of_late_is_found_all_the_same(vendor: EmbeddedCrm, log: EventLog) -> None:
    class Late:
        """A vendor whose feed passes over an entity at first: its transaction commits late."""

        hidden = ""

        async def changes(self, since: str = "", limit: int = 100) -> Changes[Any]:
            page = await vendor.customers.changes(since, limit)
            items = tuple(change for change in page.items if change.id != self.hidden)
            return Changes(items=items, position=page.position, more=page.more)

    late = Late()
    feed = Feed(Watched(late, "/crm/v1", made=Crm.customer_created), log, 30)
    await feed.read()
    late.hidden = (await vendor.customers.create(NewCustomer(name="Late"))).id
    await vendor.customers.create(NewCustomer(name="Early"))
    assert await feed.read() == 1
    late.hidden = ""
    assert OVERLAP.total_seconds() > 60
    assert await feed.read() == 1
    assert await told(log) == [("customer-created", "Early"), ("customer-created", "Late")]


async def test_a_system_that_is_down_is_asked_again_and_nothing_is_missed(
    vendor: EmbeddedCrm, log: EventLog
) -> None:
    class Down:
        """A vendor that breaks off in the middle."""

        failing = True

        async def changes(self, since: str = "", limit: int = 100) -> Changes[Any]:
            if self.failing and since:
                raise Unavailable("maintenance")
            return await vendor.customers.changes(since, 1)

    for number in range(3):
        await vendor.customers.create(NewCustomer(name=f"Customer {number}"))
    down = Down()
    down.failing = False
    feed = Feed(Watched(down, "/crm/v1", made=Crm.customer_created), log, 30)
    await feed.read()
    for number in range(3, 6):
        await vendor.customers.create(NewCustomer(name=f"Customer {number}"))
    down.failing = True
    with pytest.raises(Unavailable):
        await feed.read()
    assert await told(log) == []
    down.failing = False
    assert await feed.read() == 3


async def test_two_replicas_that_read_at_once_tell_everything_once(
    vendor: EmbeddedCrm, log: EventLog
) -> None:
    feeds = [Feed(watched(vendor), log, 30) for _ in range(4)]
    await feeds[0].read()
    for number in range(5):
        await vendor.customers.create(NewCustomer(name=f"Customer {number}"))
    assert sum(await asyncio.gather(*(feed.read() for feed in feeds))) == 5
    assert len(await told(log)) == 5


async def test_a_service_on_another_system_tells_what_happens_there_whoever_did_it(
    vendor: EmbeddedCrm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Vendor:
        """A backend that is not ours."""

        def __init__(self) -> None:
            self.customers, self.leads, self.quotes = vendor.customers, vendor.leads, vendor.quotes
            self.inquiries, self.sales_reps = vendor.inquiries, vendor.sales_reps

    def chosen(service: str, choice: str) -> type[Vendor]:
        return Vendor

    monkeypatch.setattr(assembly, "backend", chosen)
    settings = Settings(data=tmp_path, feed_seconds=0.02)
    async with Platform(settings, {"crm": CrmService}) as platform:
        log, crm = platform.log, platform.client(Crm)
        assert log is not None

        async def read_once() -> bool:
            async with log.database.read() as connection:
                asked = "SELECT count(*) FROM feeds WHERE read_at IS NOT NULL"
                return (await connection.exec_driver_sql(asked)).scalar_one() == 4

        await until(read_once)  # the first reading, which tells nothing
        await crm.customers.create(NewCustomer(name="Through us"))
        lead = await vendor.leads.create(NewLead(name="Behind our back"))
        await vendor.leads.save(lead, status=LeadStatus.QUALIFIED)

        async def all_told() -> bool:
            types = {one.event.type for one in await log.read(after=0)}
            return types >= {Crm.customer_created.type, Crm.lead_qualified.type}

        await until(all_told)
        created = [one for one in await log.read(after=0) if one.event.type == Crm.customer_created.type]
        assert len(created) == 1
