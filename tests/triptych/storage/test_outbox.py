"""Events: delivered if and only if what they tell of was stored."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from tests.triptych.storage.conftest import SERVICE
from tests.triptych.storage.things import NewPart, Parts
from triptych.storage import Database, Event


class GaveUp(Exception):
    pass


def created(subject: str) -> Event:
    return Event(type="parts.part.created.v1", subject=subject, data={"id": subject})


async def test_an_event_waits_in_the_shape_of_cloudevents(database: Database) -> None:
    async with database.write():
        emitted = await database.emit(created("prt_1"))
    (event,) = await database.outbox.pending()
    assert event == emitted
    document = json.loads(event.as_json())
    assert document.pop("id").startswith("evt_")
    moment = datetime.fromisoformat(document.pop("time"))
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 60
    assert document == {
        "specversion": "1.0",
        "source": f"/{SERVICE}",
        "type": "parts.part.created.v1",
        "subject": "prt_1",
        "datacontenttype": "application/json",
        "data": {"id": "prt_1"},
    }


async def test_an_event_of_what_was_undone_is_undone_too(parts: Parts, database: Database) -> None:
    async def fail() -> None:
        async with database.write():
            made = await parts.create(NewPart(name="Bolt"))
            await database.emit(created(made.id))
            raise GaveUp

    with pytest.raises(GaveUp):
        await fail()
    assert await database.outbox.pending() == []


async def test_an_event_outside_of_a_transaction_is_refused(database: Database) -> None:
    with pytest.raises(RuntimeError, match="belongs into the transaction"):
        await database.emit(created("prt_1"))


def test_a_type_says_its_version() -> None:
    with pytest.raises(ValidationError):
        Event(type="parts.part.created")


async def test_events_wait_in_order_until_they_are_done(database: Database) -> None:
    emitted: list[str] = []
    for number in range(5):
        async with database.write():
            emitted.append((await database.emit(created(str(number)))).id)
    first = await database.outbox.pending(limit=2)
    assert [event.id for event in first] == emitted[:2]
    await database.outbox.done(event.id for event in first)
    await database.outbox.done(event.id for event in first)
    assert [event.id for event in await database.outbox.pending()] == emitted[2:]


async def test_two_relays_never_have_the_same_event_in_hand(database: Database) -> None:
    async with database.write():
        for number in range(6):
            await database.emit(created(str(number)))
    delivered: list[str] = []

    async def relay() -> None:
        while True:
            async with database.write():
                events = await database.outbox.pending(limit=2)
                if not events:
                    return
                await asyncio.sleep(0.005)
                delivered.extend(str(event.subject) for event in events)
                await database.outbox.done(event.id for event in events)

    await asyncio.gather(relay(), relay())
    assert sorted(delivered) == [str(number) for number in range(6)]
