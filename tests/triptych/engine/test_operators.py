"""What operators do with dead letters: look them up, mend, replay and discard them; and what is recorded."""

import asyncio
from datetime import timedelta

import pytest

from tests.triptych.engine.conftest import House, Open, Trade
from triptych.context import Caller, Context, entered
from triptych.engine.letters import Change, LetterQuery
from triptych.engine.status import now
from triptych.problems import InvalidInput, InvalidState, NotFound, PaymentDeclined, Unavailable
from triptych.telemetry.version import VERSION

OPS = Context(caller=Caller("ada", "console"), request_id="req-1", traceparent="00-aa-bb-01")


async def found(trading: Open, **query: object) -> list[str]:
    """The orders of the dead letters that a query means."""
    letters = await trading.engine.letters.find(LetterQuery.model_validate(query))
    return [letter.id.partition(":")[2] for letter in letters]


async def test_a_dead_letter_tells_where_why_how_often_by_which_code_and_in_which_trace_it_died(
    each_house: House, trade: Trade
):
    trade.fails("authorise", Unavailable("closed for today"))
    async with each_house.open(trade.sentence()) as trading:
        with entered(OPS):
            parked = await trading.run("ord_1")
        (letter,) = await trading.engine.letters.find(LetterQuery(service=each_house.service))
        shown = await trading.engine.letters.show(parked.id)
    assert (letter.id, letter.flow, letter.version) == (parked.id, f"{each_house.service}.fulfil", 1)
    assert (letter.step, letter.undo, letter.attempts, letter.error) == ("authorise", False, 3, "Unavailable")
    assert letter.problem
    assert letter.problem.detail == "closed for today"
    assert (letter.code, letter.request_id, letter.trace) == (VERSION, "req-1", "00-aa-bb-01")
    assert (shown.letter, shown.payload["reservation"], shown.interventions) == (letter, "rsv-ord_1", ())
    assert [line.step for line in shown.timeline] == ["reserve", "authorise"]


async def test_dead_letters_are_found_by_service_flow_step_error_time_and_text(
    each_house: House, trade: Trade
):
    trade.fails("authorise", Unavailable("the bank sleeps"))
    async with each_house.open(trade.sentence()) as trading:
        await trading.run("ord_1")
        between = now()
        trade.fails("reserve", KeyError("shelf"))
        await trading.run("ord_2")
        service = each_house.service
        assert await found(trading, service=service) == ["ord_1", "ord_2"]
        assert await found(trading, flow=f"{service}.fulfil") == ["ord_1", "ord_2"]
        assert await found(trading, flow=f"{service}.ful") == []
        assert await found(trading, service=service[:-1]) == []
        assert await found(trading, service=service, step="reserve") == ["ord_2"]
        assert await found(trading, service=service, error="Unavailable") == ["ord_1"]
        assert await found(trading, service=service, since=between) == ["ord_2"]
        assert await found(trading, service=service, text="BANK sle") == ["ord_1"]
        assert await found(trading, service=service, text="ORD_2") == ["ord_2"]
        assert await found(trading, service=service, text="%") == []
        count, oldest = await trading.engine.letters.count(LetterQuery(service=service))
    assert count == 2
    assert oldest
    assert between - timedelta(seconds=10) < oldest < between


async def test_what_was_replayed_is_no_dead_letter_until_it_dies_again(house: House, trade: Trade):
    trade.fails("ship", Unavailable("no van"))
    async with house.open(trade.sentence()) as trading:
        parked = await trading.run("ord_1")
        trade.fails("ship", KeyError("no driver"))
        with entered(OPS):
            await trading.engine.letters.replay(parked.id)
        await trading.settled("ord_1")
        (letter,) = await trading.engine.letters.find(LetterQuery())
        trade.works("ship")
        await trading.engine.letters.replay(parked.id)
        await trading.settled("ord_1")
        assert await found(trading) == []
        with pytest.raises(NotFound, match="it is completed"):
            await trading.engine.letters.show(parked.id)
    assert letter.error == "KeyError"


async def test_a_payload_is_mended_and_the_process_goes_on_with_it_under_the_same_keys(
    each_house: House, trade: Trade
):
    trade.fails("authorise", Unavailable())
    async with each_house.open(trade.sentence()) as trading:
        parked = await trading.run("ord_1")
        letters = trading.engine.letters
        only_shown = await letters.edit(parked.id, {"reservation": "rsv-mended"}, dry_run=True)
        assert (await letters.show(parked.id)).payload["reservation"] == "rsv-ord_1"
        with entered(OPS):
            changes = await letters.edit(parked.id, {"reservation": "rsv-mended"}, "wrong shelf")
        shown = await letters.show(parked.id)
        trade.works("authorise")
        await letters.replay(parked.id)
        ended = await trading.settled("ord_1")
    assert only_shown == changes
    assert changes == (Change(pointer="/reservation", before="rsv-ord_1", after="rsv-mended"),)
    assert shown.payload["reservation"] == "rsv-mended"
    (done,) = shown.interventions
    assert (done.actor, done.client, done.action, done.reason) == ("ada", "console", "edit", "wrong shelf")
    assert done.changes == changes
    assert (ended.phase, ended.data["reservation"]) == ("completed", "rsv-mended")
    keys = [context.idempotency_key for context in trade.contexts[1:5]]
    assert len(set(keys)) == 1


async def test_what_was_mended_before_the_first_step_outlives_a_restart(each_house: House, trade: Trade):
    trade.fails("reserve", Unavailable())
    async with each_house.open(trade.sentence()) as trading:
        parked = await trading.run("ord_1")
        await trading.engine.letters.edit(parked.id, {"order": "ord_1b"})
    trade.works("reserve")
    async with each_house.open(trade.sentence()) as trading:
        await trading.engine.letters.replay(parked.id)
        ended = await trading.settled("ord_1")
    assert (ended.data["order"], ended.data["reservation"]) == ("ord_1b", "rsv-ord_1b")


async def test_a_payload_that_the_process_could_not_have_is_refused_with_a_pointer(
    house: House, trade: Trade
):
    trade.fails("reserve", Unavailable())
    async with house.open(trade.sentence()) as trading:
        parked = await trading.run("ord_1")
        with pytest.raises(InvalidInput) as refused:
            await trading.engine.letters.edit(parked.id, {"order": 7, "colour": "red"})
        assert await trading.engine.letters.edit(parked.id, {}) == ()
        shown = await trading.engine.letters.show(parked.id)
    assert {fault["pointer"] for fault in refused.value.errors} == {"/order", "/colour"}
    assert (shown.payload["order"], shown.interventions) == ("ord_1", ())


async def test_a_discarded_letter_stays_as_it_is_and_says_by_whom_and_why(each_house: House, trade: Trade):
    trade.fails("authorise", Unavailable())
    async with each_house.open(trade.sentence()) as trading:
        parked = await trading.run("ord_1")
        letters = trading.engine.letters
        with entered(OPS):
            await letters.discard(parked.id, "settled by phone")
        status = await trading.engine.show(parked.id)
        assert await found(trading, service=each_house.service) == []
        for act in (
            letters.replay(parked.id),
            letters.discard(parked.id, "again"),
            letters.edit(parked.id, {}),
        ):
            with pytest.raises(InvalidState, match="it is discarded"):
                await act
        with pytest.raises(InvalidState, match="it is discarded"):
            await trading.engine.cancel(parked.id)
    assert (status.phase, status.state) == ("discarded", "reserved")
    assert trade.ledger == ["reserve"]


async def test_a_letter_is_discarded_with_everything_undone_where_that_is_asked_for(
    house: House, trade: Trade
):
    trade.fails("authorise", Unavailable())
    async with house.open(trade.sentence()) as trading:
        parked = await trading.run("ord_1")
        await trading.engine.letters.discard(parked.id, "the buyer is gone", undo=True)
        status = await trading.settled("ord_1")
    assert (status.phase, trade.ledger) == ("cancelled", ["reserve", "void", "release"])


async def test_a_letter_whose_undo_fails_can_be_discarded_too(house: House, trade: Trade):
    trade.fails("authorise", PaymentDeclined())
    trade.fails("release", Unavailable())
    async with house.open(trade.sentence()) as trading:
        parked = await trading.run("ord_1")
        (letter,) = await trading.engine.letters.find(LetterQuery())
        assert (letter.step, letter.undo) == ("reserve", True)
        await trading.engine.letters.discard(parked.id, "released by hand")
        assert (await trading.engine.show(parked.id)).phase == "discarded"


async def test_operators_who_replay_and_discard_at_once_do_one_of_the_two(each_house: House, trade: Trade):
    trade.fails("authorise", Unavailable())
    async with each_house.open(trade.sentence()) as trading:
        ids = [(await trading.run(f"ord_{number}")).id for number in range(4)]
        trade.works("authorise")
        letters = trading.engine.letters
        for process in ids:
            answers = await asyncio.gather(
                letters.replay(process), letters.discard(process, "no"), return_exceptions=True
            )
            status = await trading.settled(process.partition(":")[2])
            refused = [answer for answer in answers if isinstance(answer, InvalidState)]
            assert len(refused) == 1, answers
            assert status.phase == ("discarded" if refused[0] is answers[0] else "completed")
            assert (await letters.count(LetterQuery(service=each_house.service)))[0] == len(
                ids
            ) - 1 - ids.index(process)


async def test_a_delayed_replay_waits_and_survives_a_restart_meanwhile(each_house: House, trade: Trade):
    trade.fails("reserve", Unavailable())
    async with each_house.open(trade.sentence()) as trading:
        parked = await trading.run("ord_1")
        trade.works("reserve")
        began = now()
        status = await trading.engine.letters.replay(parked.id, delay=2.0)
        assert status.phase == "running"
    async with each_house.open(trade.sentence()) as trading:
        ended = await trading.settled("ord_1")
    assert ended.phase == "completed"
    assert ended.timeline[0].started - began > timedelta(seconds=1.9)
