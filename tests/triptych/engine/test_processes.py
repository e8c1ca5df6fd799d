"""A process does its steps in order, once each, and undoes them when one is refused."""

import asyncio
from dataclasses import replace

import pytest

from tests.triptych.engine.conftest import House, OrderState, Trade
from triptych.context import Caller, Context, deadline, entered
from triptych.engine import ProcessEngine, Step
from triptych.problems import InsufficientStock, InvalidState, NotFound, PaymentDeclined, Unavailable
from triptych.settings import Settings


async def test_an_order_goes_through_its_steps_in_order_and_reaches_its_states(
    each_house: House, trade: Trade
):
    async with each_house.open(trade.sentence()) as trading:
        status = await trading.run("ord_1")
    assert trade.ledger == ["reserve", "authorise", "ship", "notify"]
    assert (status.phase, status.state, status.problem) == ("completed", "completed", None)
    assert [line.state for line in status.timeline] == ["reserved", None, "shipped", "completed"]


async def test_a_step_sees_what_the_steps_before_it_added(house: House, trade: Trade):
    async with house.open(trade.sentence()) as trading:
        await trading.run("ord_1")
        state = await trading.fulfil.state("ord_1")
    assert state.reservation == "rsv-ord_1"
    assert state.done == ("reserve", "authorise", "ship", "notify")


async def test_a_refused_payment_releases_the_stock_and_rejects_the_order(each_house: House, trade: Trade):
    trade.fails("authorise", PaymentDeclined("the card has expired"))
    async with each_house.open(trade.sentence()) as trading:
        status = await trading.run("ord_1")
    assert trade.ledger == ["reserve", "release"]
    assert (status.phase, status.state) == ("rejected", "rejected")
    assert status.problem
    assert (status.problem.type, status.problem.status) == ("/problems/payment-declined", 409)
    assert status.problem.detail == "the card has expired"


async def test_undoing_goes_backwards_over_all_that_was_done(house: House, trade: Trade):
    trade.fails("notify", InvalidState("nobody to notify"))
    async with house.open([replace(step, final=False) for step in trade.sentence()]) as trading:
        await trading.run("ord_1")
    assert trade.ledger == ["reserve", "authorise", "ship", "recall", "void", "release"]


async def test_a_refusal_is_not_asked_for_twice(house: House, trade: Trade):
    trade.fails("reserve", InsufficientStock("2 of 3 are there", sku="TEA-1"))
    async with house.open(trade.sentence()) as trading:
        status = await trading.run("ord_1")
    assert trade.asked == ["reserve"]
    assert status.problem
    assert status.problem.extra == {"sku": "TEA-1"}


async def test_a_system_that_was_away_for_a_moment_changes_nothing(house: House, trade: Trade):
    trade.stumbles("authorise", Unavailable("closed"), KeyError("no such field"))
    async with house.open(trade.sentence()) as trading:
        status = await trading.run("ord_1")
    assert trade.ledger == ["reserve", "authorise", "ship", "notify"]
    assert status.phase == "completed"
    assert (status.timeline[1].outcome, status.timeline[1].attempts) == ("done", 3)


async def test_an_optional_step_that_is_refused_does_not_hold_up_the_order(house: House, trade: Trade):
    trade.fails("notify", InvalidState("nobody to notify"))
    *others, notify = trade.sentence()
    steps = [*others, Step("notify", notify.do, reaches="completed", optional=True)]
    async with house.open(steps) as trading:
        status = await trading.run("ord_1")
    assert (status.phase, status.state) == ("completed", "shipped")
    assert status.timeline[-1].outcome == "refused"


async def test_what_an_optional_step_was_refused_is_not_undone_later(house: House, trade: Trade):
    trade.fails("authorise", PaymentDeclined())
    trade.fails("ship", InvalidState("no address"))
    reserve, authorise, ship, notify = trade.sentence()
    steps = [reserve, Step("authorise", authorise.do, undo=authorise.undo, optional=True), ship, notify]
    async with house.open(steps) as trading:
        await trading.run("ord_1")
    assert trade.ledger == ["reserve", "release"]


async def test_a_step_that_hangs_is_ended_by_its_time_limit_and_tried_again(house: House, trade: Trade):
    trade.holds("reserve")
    steps = [Step("reserve", trade.does("reserve"), timeout=0.05)]
    async with house.open(steps) as trading:
        await trading.start("ord_1")
        await trade.arrives("reserve")
        async for status in trading.fulfil.follow("ord_1"):
            if status.timeline and status.timeline[-1].outcome == "retrying":
                assert status.timeline[-1].problem
                assert status.timeline[-1].problem.type == "/problems/deadline-exceeded"
                break
        trade.doors["reserve"].set()
        assert (await trading.settled("ord_1")).phase == "completed"


async def test_a_process_is_started_once_and_the_first_start_counts(each_house: House, trade: Trade):
    async with each_house.open(trade.sentence()) as trading:
        starts = [trading.fulfil.start("ord_1", OrderState(order=f"try-{n}")) for n in range(5)]
        await trading.fulfil.start("ord_1", OrderState(order="first"))
        await asyncio.gather(*starts)
        status = await trading.settled("ord_1")
    assert trade.ledger == ["reserve", "authorise", "ship", "notify"]
    assert status.data["order"] == "first"


async def test_a_caller_that_gives_up_while_starting_leaves_no_process_that_nobody_runs(
    each_house: House, trade: Trade
):
    async with each_house.open(trade.sentence()) as trading:
        for n in range(20):
            start = asyncio.create_task(trading.start(f"ord_{n}"))
            for _ in range(n % 5):
                await asyncio.sleep(0)
            start.cancel()
        await asyncio.gather(asyncio.sleep(0.2))
        started = [status for status in await trading.engine.list() if status.process == trading.fulfil.name]
        for status in started:
            assert (await trading.settled(status.about)).phase == "completed"


async def test_steps_run_on_behalf_of_who_started_the_process_with_keys_of_their_own(
    each_house: House, trade: Trade
):
    trade.stumbles("authorise", Unavailable("closed"))
    trade.fails("authorise", PaymentDeclined())
    caller = Caller("cus_1", "storefront-web", "storefront", frozenset({"order-to-fulfillment:write"}))
    here = Context(caller=caller, request_id="req-1", traceparent="00-aa-bb-01", idempotency_key="cart-1")
    async with each_house.open(trade.sentence()) as trading:
        with entered(here), deadline(5):
            await trading.start("ord_1")
        await trading.settled("ord_1")
    assert trade.asked == ["reserve", "authorise", "authorise", "release"]
    name = f"{each_house.service}.fulfil:ord_1"
    keys = [f"{name}/reserve", f"{name}/authorise", f"{name}/authorise", f"{name}/undo-reserve"]
    assert [context.idempotency_key for context in trade.contexts] == keys
    assert {context.caller for context in trade.contexts} == {
        Caller("cus_1", "storefront-web", each_house.service)
    }
    assert {(context.request_id, context.traceparent) for context in trade.contexts} == {
        ("req-1", "00-aa-bb-01")
    }
    assert all(5 < context.remaining() <= 30 for context in trade.contexts), "the starter's deadline leaked"


async def test_a_process_that_starts_another_one_does_not_become_its_parent(house: House, trade: Trade):
    engine = ProcessEngine(house.settings, poll=0.1)
    inner = engine.saga(f"{house.service}.inner", version=1, steps=trade.sentence(), state=OrderState)

    async def place(state: OrderState) -> None:
        await inner.start(state.order, state)
        await inner.settled(state.order)

    steps = [Step("place", place), Step("thank", trade.does("thank"))]
    outer = engine.saga(f"{house.service}.outer", version=1, steps=steps, state=OrderState)
    await engine.start()
    try:
        await outer.start("ord_1", OrderState(order="ord_1"))
        status = await outer.settled("ord_1")
    finally:
        await engine.stop()
    assert [line.step for line in status.timeline] == ["place", "thank"]
    assert trade.ledger == ["reserve", "authorise", "ship", "notify", "thank"]


async def test_no_more_processes_are_at_work_than_may_be_and_the_others_wait_their_turn(
    each_house: House, trade: Trade
):
    door = trade.holds("reserve")
    async with each_house.open(trade.sentence(), concurrency=2) as trading:
        for n in range(6):
            await trading.start(f"ord_{n}")
        await trade.arrives("reserve")
        assert len(trade.asked) <= 2
        door.set()
        for n in range(6):
            assert (await trading.settled(f"ord_{n}")).phase == "completed"


async def test_what_was_never_started_is_not_found(house: House, trade: Trade):
    async with house.open(trade.sentence()) as trading:
        for ask in (trading.fulfil.status, trading.fulfil.cancel, trading.engine.retry):
            with pytest.raises(NotFound):
                await ask("ord_unknown")


@pytest.mark.parametrize("order", ["", "ord 1", "ord_ü", "x" * 101])
async def test_a_process_is_not_started_for_an_id_that_fits_into_no_key(trade: Trade, order: str):
    engine = ProcessEngine(Settings())
    fulfil = engine.saga("trade.fulfil", version=1, steps=trade.sentence(), state=OrderState)
    with pytest.raises(ValueError, match="1 to 100 ASCII characters"):
        await fulfil.start(order, OrderState(order=order))


async def test_an_engine_that_has_not_started_says_so(trade: Trade):
    engine = ProcessEngine(Settings())
    fulfil = engine.saga("trade.fulfil", version=1, steps=trade.sentence(), state=OrderState)
    with pytest.raises(Unavailable, match="not started"):
        await fulfil.start("ord_1", OrderState(order="ord_1"))


async def test_a_saga_is_registered_once_and_before_the_engine_starts(house: House, trade: Trade):
    async with house.open(trade.sentence()) as trading:
        with pytest.raises(RuntimeError, match="after the engine has started"):
            trading.engine.saga("trade.late", version=1, steps=trade.sentence(), state=OrderState)
    engine = ProcessEngine(house.settings)
    engine.saga("trade.twice", version=1, steps=trade.sentence(), state=OrderState)
    with pytest.raises(ValueError, match="registered twice"):
        engine.saga("trade.twice", version=1, steps=trade.sentence(), state=OrderState)
