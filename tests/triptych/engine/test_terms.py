"""Processes are found by the names that they had to do with, on both databases, archived or not."""

import time

import pytest
import sqlalchemy as sa

from tests.triptych.engine.conftest import QUICK, House, OrderState, Trade
from triptych.context import Caller, Context, entered
from triptych.engine import ProcessEngine
from triptych.engine.terms import FEW, MOST, Names, hashed, names_in

KEY = b"k" * 32
REQUEST, TRACE = "req-77", "0af7651916cd43dd8448eb211c80319c"


async def test_a_process_is_found_by_its_own_id_its_request_and_its_trace(
    each_house: House, trade: Trade
) -> None:
    engine = ProcessEngine(each_house.settings, patience=QUICK, undoing=QUICK, poll=0.1, names_key=KEY)
    saga = engine.saga(f"{each_house.service}.fulfil", version=1, steps=trade.sentence(), state=OrderState)
    await engine.start()
    try:
        context = Context(caller=Caller(), request_id=REQUEST, traceparent=f"00-{TRACE}-b7ad6b7169203331-01")
        with entered(context):
            await saga.start("ORD-1", OrderState(order="1"))
        await saga.settled("ORD-1")
        process = f"{each_house.service}.fulfil:ORD-1"
        names = ["ord-1", "ORD-1", process, REQUEST, TRACE.upper()]
        before = [await engine.keeping.found([name], 10) for name in names]
        after_it = await engine.keeping.found(["ord-1"], 10, process)
        until = time.monotonic() + 20
        while not await engine.keeping.put_away(0):  # its end is kept a moment later
            assert time.monotonic() < until
        archived = [await engine.keeping.found([name], 10) for name in names]
        (opened,) = await engine.keeping.opened([process, f"{each_house.service}.fulfil:nobody"])
    finally:
        await engine.stop()

    assert before == [[process]] * len(names)
    assert after_it == []
    assert archived == before
    assert opened.status.phase == "completed"


async def test_without_a_key_nothing_is_noted(house: House, trade: Trade) -> None:
    async with house.open(trade.sentence()) as opened:
        await opened.run("1")
        found = await opened.engine.keeping.found(["1"], 10)
    with sa.create_engine(f"sqlite:///{house.settings.data / 'engine.db'}").connect() as connection:
        noted = connection.execute(sa.text("SELECT count(*) FROM triptych_terms")).scalar()

    assert noted == 0
    assert found == [f"{house.service}.fulfil:1"]  # by its id alone


def test_names_are_the_texts_of_fields_that_identify_something() -> None:
    document = {
        "id": "ord_1",
        "customer_id": "cus_1",
        "reference": "PO-1",
        "invoice_ids": ["inv_1", 7, None],
        "ship_to": {"line1": "Street", "email": "ada@example.com"},
        "lines": [{"sku": "CHAI", "number": "7"}],
        "location_id": "loc_1",
        "external_id": None,
        "tracking_number": "x" * 301,
        "total": {"amount_minor": 100},
    }

    assert [*names_in(document)] == ["ord_1", "cus_1", "PO-1", "inv_1", "ada@example.com", "7"]
    assert [*names_in({"items": [{"id": str(one)} for one in range(FEW + 1)]})] == []
    assert [*names_in("id")] == [*names_in(None)] == []


def test_a_name_is_noted_once_and_no_record_has_more_than_it_may() -> None:
    names = Names(KEY)
    names.hear({"id": "a", "order_id": "A "})
    once = names.take()
    names.hear({"id": "a", "order_ids": [str(number) for number in range(MOST * 2)]})

    assert once == [hashed("a", KEY)]
    assert len(names.take()) == MOST
    assert names.take() == []


@pytest.mark.parametrize("name", ["", "\ud800", "\x00", "x" * 10_000, "日本"])
def test_every_text_has_a_hash_of_sixteen_bytes_which_only_the_key_tells(name: str) -> None:
    assert len(hashed(name, KEY)) == 16
    assert hashed(name, KEY) != hashed(name, b"another")
