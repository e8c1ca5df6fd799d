"""Services tell of what happened in the transaction that makes it happen."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

import pytest

from systems.crm.contract import Crm
from systems.erp.contract import Erp
from systems.support.contract import Support
from tests.triptych.events.conftest import until
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.canonical.base import Model
from triptych.canonical.leads import NewLead
from triptych.canonical.party import Customer, NewCustomer
from triptych.canonical.support import NewTicket
from triptych.context import idempotency_key
from triptych.contract import Patch, SystemApi, event, events
from triptych.events import Events
from triptych.problems import PreconditionFailed
from triptych.settings import Settings
from triptych.storage import Database, Event

pytestmark = pytest.mark.anyio


class Card(Model):
    """What is told of a card."""

    number: str
    holder: str


class Loyalty(SystemApi, version=2, owner="club"):
    """Cards of loyal customers."""

    card_issued = event(Card, "A card was handed out.", subject="number", customer="holder")
    card_lost_v2 = event(Card, "A card was lost.", subject="number", version=2)
    card_stolen = event(Card, "It was stolen.", subject="number", named="com.acme.loyalty.card-stolen.v1")


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncGenerator[Platform]:
    """The CRM and the help desk."""
    async with Platform(Settings(data=tmp_path), installed({"crm", "support"})) as platform:
        yield platform


@pytest.fixture
async def database(platform: Platform) -> Database:
    """One in which a contract without a service of its own can write."""
    return await platform.storage.open("loyalty")


async def told(platform: Platform, how_many: int) -> list[Event]:
    """What the services have told, in the order of the log; fails where that is more."""
    log = platform.log
    assert log is not None

    async def logged() -> bool:
        return len(await log.read(after=0)) >= how_many

    await until(logged)
    found = [one.event for one in await log.read(after=0)]
    assert len(found) == how_many
    return found


def test_a_type_is_made_of_service_name_and_version() -> None:
    assert [kind.type for kind in events(Loyalty)] == [
        "io.triptych.loyalty.card-issued.v1",
        "io.triptych.loyalty.card-lost.v2",
        "com.acme.loyalty.card-stolen.v1",
    ]


def test_an_event_whose_subject_the_payload_has_not_is_refused() -> None:
    with pytest.raises(TypeError, match="needs its field 'id'"):
        event(Card, "A card was handed out.")


def test_a_type_without_its_version_is_refused() -> None:
    with pytest.raises(TypeError, match="ends in its version"):
        event(Card, "A card was handed out.", subject="number", named="com.acme.card-issued")


async def test_an_event_says_what_happened_to_whom_and_by_whom(database: Database) -> None:
    async with database.write():
        made = await Events(Loyalty, database).publish(
            Loyalty.card_issued, Card(number="9911", holder="cus_1")
        )
    (found,) = await database.outbox.pending()
    assert found == made
    assert (found.source, found.subject, found.customer) == ("/loyalty/v2", "9911", "cus_1")
    assert found.data == {"number": "9911", "holder": "cus_1"}
    assert found.initiator == "anonymous"


async def test_a_service_cannot_tell_what_another_one_declares(database: Database) -> None:
    with pytest.raises(TypeError, match="declared by erp, so loyalty cannot tell it"):
        await Events(Loyalty, database).publish(cast(Any, Erp.order_confirmed), Card(number="1", holder="2"))


async def test_an_effect_elsewhere_that_is_repeated_is_told_under_one_id(database: Database) -> None:
    card = Card(number="9911", holder="cus_1")
    ids: list[str] = []
    for _ in range(2):
        with idempotency_key("issue 9911"):
            ids.append((await Events(Loyalty, database).publish(Loyalty.card_issued, card)).id)
    assert ids[0] == ids[1]
    assert [event.id for event in await database.outbox.pending()] == ids[:1]


async def test_what_is_done_to_a_customer_is_told(platform: Platform) -> None:
    customers = platform.client(Crm).customers
    made = await customers.create(NewCustomer(name="Ada"))
    later = await customers.update(made.id, Patch[NewCustomer]({"email": "ada@example.org"}), "1")
    await customers.delete(made.id)
    await customers.delete(made.id)

    found = await told(platform, 3)
    assert [event.type for event in found] == [
        kind.type for kind in (Crm.customer_created, Crm.customer_changed, Crm.customer_deleted)
    ]
    assert {event.customer for event in found} == {made.id}
    assert [Customer.model_validate(event.data) for event in found] == [made, later, later]


async def test_a_write_that_is_refused_tells_nothing(platform: Platform) -> None:
    customers = platform.client(Crm).customers
    made = await customers.create(NewCustomer(name="Ada"))
    with pytest.raises(PreconditionFailed):
        await customers.update(made.id, Patch[NewCustomer]({"name": "Bob"}), "7")
    assert [event.type for event in await told(platform, 1)] == [Crm.customer_created.type]


async def test_a_state_is_told_when_it_is_reached_and_not_again(platform: Platform) -> None:
    crm = platform.client(Crm)
    lead = await crm.leads.create(NewLead(name="Ada", email="ada@example.org"))
    await crm.qualify_lead(lead.id)
    await crm.qualify_lead(lead.id)
    customer = await crm.convert_lead(lead.id)

    found = await told(platform, 6)
    assert [event.type.split(".")[3] for event in found] == [
        "lead-captured",
        "lead-changed",
        "lead-qualified",
        "customer-created",
        "lead-changed",
        "lead-converted",
    ]
    assert found[-1].customer == customer.id


async def test_a_case_that_is_opened_is_told_once_however_often_it_is_asked_for(platform: Platform) -> None:
    tickets = platform.client(Support).tickets
    for _ in range(2):
        with idempotency_key("the same call"):
            await tickets.create(NewTicket(subject="Where is my tea?", customer_id="cus_1"))
    assert [event.type for event in await told(platform, 1)] == [Support.ticket_opened.type]
