"""Each kind of rule finds what it is for, in an engine, calls and databases that really have it."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from systems.crm.contract import Crm
from tests.triptych.engine.conftest import House, Trade, house_on_sqlite
from triptych.calling.resilience import Resilience, Target
from triptych.contract import operations
from triptych.engine import ProcessEngine
from triptych.operations.alerts.measuring import Measures
from triptych.operations.alerts.rules import Rule
from triptych.operations.vitals import Vitals
from triptych.problems import Unavailable
from triptych.secrets import Secrets
from triptych.settings import Settings
from triptych.storage import Storage
from triptych.storage.outbox import Event
from triptych.telemetry.metrics import Meter


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncGenerator[Storage]:
    """Databases of its own."""
    settings = await asyncio.to_thread(lambda: Settings(data=tmp_path))
    async with Storage(settings, await asyncio.to_thread(Secrets, settings)) as storage:
        yield storage


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A trading house."""
    return house_on_sqlite(tmp_path)


@pytest.fixture
def trade() -> Trade:
    """What the house does."""
    return Trade()


async def test_dead_letters_are_counted_and_the_oldest_ages(house: House, trade: Trade, storage: Storage):
    trade.fails("authorise", Unavailable())
    async with house.open(trade.sentence()) as trading:
        measures = Measures(trading.engine, lambda: [trading.engine.letters], Vitals({}, storage, None))
        assert await measures.of(Rule("x", "dead-letters")) == []
        assert await measures.of(Rule("x", "oldest-dead-letter")) == []
        await trading.run("ord_1")
        (found,) = await measures.of(Rule("x", "dead-letters"))
        (old,) = await measures.of(Rule("x", "oldest-dead-letter", above=0.0))
        assert await measures.of(Rule("x", "dead-letters", above=1)) == []
        assert await measures.of(Rule("x", "dead-letters", service="elsewhere")) == []
        assert await measures.of(Rule("x", "oldest-dead-letter", above=3600)) == []
    assert (found.value, found.summary) == (1, "1 dead letter waits")
    assert 0 < old.value < 60


async def test_books_that_do_not_add_up_are_found_with_the_flow(house: House, trade: Trade, storage: Storage):
    trade.fails("authorise", Unavailable())
    async with house.open(trade.sentence()) as trading:
        measures = Measures(trading.engine, lambda: [trading.engine.letters], Vitals({}, storage, None))
        parked = await trading.run("ord_1")
        assert await measures.of(Rule("x", "imbalance")) == []
        await asyncio.to_thread(_forget, house)
        (found,) = await measures.of(Rule("x", "imbalance"))
        assert await measures.of(Rule("x", "imbalance", service="elsewhere")) == []
    assert (found.about, found.value) == (parked.process, 1)


async def test_processes_whose_version_nobody_knows_are_found_with_what_to_do(
    house: House, trade: Trade, storage: Storage
):
    trade.holds("reserve")
    async with house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("reserve")
        measures = Measures(trading.engine, list, Vitals({}, storage, None))
        assert await measures.of(Rule("x", "stranded")) == []
    async with house.open(trade.sentence()[1:], version=2) as trading:
        measures = Measures(trading.engine, list, Vitals({}, storage, None))
        (found,) = await measures.of(Rule("x", "stranded"))
        assert await measures.of(Rule("x", "stranded", service="elsewhere")) == []
    assert (found.about, found.value) == ("trade.fulfil.v1", 1)
    assert found.summary.startswith("1 of trade.fulfil follow version 1, which no replica knows: start one")


def _forget(house: House) -> None:
    with sqlite3.connect(house.settings.data / "engine.db", timeout=30) as engine:
        engine.execute("DELETE FROM workflow_status")
        engine.execute("UPDATE triptych_accepted SET at = 0")  # long ago, so that it is not just beginning
    engine.close()


async def test_a_service_that_fails_or_dawdles_is_found_once_there_are_enough_calls(
    house: House, trade: Trade, storage: Storage
):
    async with house.open(trade.sentence()) as trading:
        await found_bad(Meter("test", "1"), trading.engine, storage)


async def found_bad(meter: Meter, engine: ProcessEngine, storage: Storage) -> None:
    measures = Measures(engine, list, Vitals({}, storage, meter))
    failing, slow = Rule("x", "error-rate", above=0.1), Rule("x", "latency", above=0.1, slower=0.5)
    counts = meter.counts(operations(Crm)[0])
    await measures.look()
    for _ in range(18):
        counts.add("ok", 0.01)
    counts.add("Unavailable", 3.0)
    await measures.look()
    assert await measures.of(failing) == []  # one of nineteen, and too few to tell
    for outcome in ("KeyError", "NotFound", "Unavailable"):
        counts.add(outcome, 3.0)
    await measures.look()
    (bad,) = await measures.of(failing)
    (late,) = await measures.of(slow)
    assert (bad.about, bad.summary) == ("crm", "3 of 22 calls of crm fail")
    assert late.summary == "4 of 22 calls of crm take longer than 0.5 s"
    assert await measures.of(Rule("x", "error-rate", above=0.5)) == []
    assert await measures.of(Rule("x", "error-rate", above=0.1, service="erp")) == []


async def test_an_open_circuit_is_found_until_it_closes(storage: Storage):
    target = Target("erp", Resilience(trip_after=2))
    measures = Measures(ProcessEngine(Settings()), list, Vitals({("orders", "erp"): target}, storage, None))
    rule = Rule("x", "circuit-open")
    for _ in range(2):
        assert await measures.of(rule) == []
        await target.admit()
        target.release(failed=True)
    (found,) = await measures.of(rule)
    assert found.about == "orders → erp"
    assert await measures.of(Rule("x", "circuit-open", service="crm")) == []


async def test_a_feed_whose_oldest_event_is_not_handed_on_is_stale(storage: Storage):
    database = await storage.open("crm")
    measures = Measures(ProcessEngine(Settings()), list, Vitals({}, storage, None))
    rule = Rule("x", "stale-feed", above=0.05)
    assert await measures.of(rule) == []
    async with database.write():
        await database.emit(Event(type="crm.customer.created.v1", subject="cus_1"))
    await asyncio.sleep(0.1)
    (found,) = await measures.of(rule)
    assert found.about == "crm"
    assert await measures.of(Rule("x", "stale-feed", above=60)) == []


async def test_the_books_are_in_the_metrics(house: House, trade: Trade, storage: Storage):
    meter = Meter("test", "1")
    trade.fails("authorise", Unavailable())
    async with house.open(trade.sentence()) as trading:
        await trading.run("ord_1")
        await Measures(trading.engine, lambda: [trading.engine.letters], Vitals({}, storage, meter)).look()
    lines = (await asyncio.to_thread(meter.text)).decode().splitlines()
    assert 'triptych_processes{column="dead",flow="trade.fulfil"} 1.0' in lines
    assert 'triptych_processes{column="missing",flow="trade.fulfil"} 0.0' in lines
