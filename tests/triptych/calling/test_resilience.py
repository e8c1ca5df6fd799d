"""What protects a target and its callers: circuit breaker, concurrency limit, retry budget."""

import asyncio

import pytest

from triptych.calling.resilience import Resilience, Target
from triptych.problems import Overloaded, Unavailable


async def failed_calls(target: Target, count: int) -> None:
    for _ in range(count):
        await target.admit()
        target.release(failed=True)


async def test_the_circuit_opens_after_failures_in_a_row() -> None:
    target = Target("crm", Resilience(trip_after=3, open_for=30))
    await failed_calls(target, 3)
    assert target.state == "open"
    with pytest.raises(Unavailable, match="crm is not answering"):
        await target.admit()


async def test_a_success_in_between_keeps_it_closed() -> None:
    target = Target("crm", Resilience(trip_after=3))
    await failed_calls(target, 2)
    await target.admit()
    target.release(failed=False)
    await failed_calls(target, 2)
    assert target.state == "closed"


async def test_one_call_probes_a_circuit_that_was_open_long_enough() -> None:
    target = Target("crm", Resilience(trip_after=1, open_for=0.0))
    await failed_calls(target, 1)
    assert target.state == "half-open"
    await target.admit()
    with pytest.raises(Unavailable):
        await target.admit()
    target.release(failed=False)
    assert target.state == "closed"
    await target.admit()


async def test_calls_beyond_the_limit_wait_for_their_turn_in_order() -> None:
    target = Target("crm", Resilience(concurrency=1))
    await target.admit()
    order: list[int] = []

    async def call(number: int) -> None:
        await target.admit()
        order.append(number)
        target.release(failed=False)

    waiting = [asyncio.create_task(call(number)) for number in range(5)]
    await asyncio.sleep(0)
    target.release(failed=False)
    await asyncio.gather(*waiting)
    assert order == [0, 1, 2, 3, 4]
    assert target.under_way == 0


async def test_calls_beyond_the_queue_are_turned_away() -> None:
    target = Target("crm", Resilience(concurrency=1, queue=1))
    await target.admit()
    waiting = asyncio.create_task(target.admit())
    await asyncio.sleep(0)
    with pytest.raises(Overloaded, match="calls under way"):
        await target.admit()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_a_waiting_call_that_is_cancelled_frees_its_place() -> None:
    target = Target("crm", Resilience(concurrency=1))
    await target.admit()
    for _ in range(50):
        waiting = asyncio.create_task(target.admit())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    target.release(failed=False)
    assert target.under_way == 0
    await target.admit()


async def test_repeats_are_a_small_share_of_calls() -> None:
    target = Target("crm", Resilience(budget=0.1))
    granted = 0
    for _ in range(1000):
        await target.admit()
        target.release(failed=False)
        granted += target.may_repeat()
    assert granted <= 110


async def test_pauses_grow_and_are_spread() -> None:
    target = Target("crm", Resilience(backoff=0.1))
    assert all(0 <= target.pause(2) <= 0.1 for _ in range(100))
    assert max(target.pause(4) for _ in range(200)) > 0.2
