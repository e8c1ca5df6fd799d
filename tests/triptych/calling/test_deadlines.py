"""Deadlines end what runs too long, and nothing else."""

import asyncio
import time

import pytest

from triptych.calling.deadlines import DeadlineWheel
from triptych.context import NEVER
from triptych.problems import DeadlineExceeded


async def test_a_call_past_its_deadline_is_interrupted() -> None:
    wheel = DeadlineWheel()
    deadline = time.monotonic() + 0.03
    with pytest.raises(DeadlineExceeded, match="did not answer in time"), wheel.guard(deadline, "the call"):
        await asyncio.sleep(30)


async def test_a_call_is_never_interrupted_early() -> None:
    wheel = DeadlineWheel()
    for _ in range(20):
        deadline = time.monotonic() + 0.025
        with pytest.raises(DeadlineExceeded), wheel.guard(deadline, "a call"):
            await asyncio.sleep(30)
        assert time.monotonic() >= deadline


async def test_a_call_in_time_is_left_alone() -> None:
    wheel = DeadlineWheel()
    with wheel.guard(time.monotonic() + 0.02, "a call"):
        pass
    await asyncio.sleep(0.08)


async def test_no_time_left_means_no_call() -> None:
    started = False
    with pytest.raises(DeadlineExceeded), DeadlineWheel().guard(time.monotonic() - 1, "a call"):
        started = True
    assert not started


async def test_the_inner_deadline_does_not_end_the_outer_call() -> None:
    wheel = DeadlineWheel()
    with wheel.guard(time.monotonic() + 30, "outer"):
        with pytest.raises(DeadlineExceeded, match="inner"), wheel.guard(time.monotonic() + 0.02, "inner"):
            await asyncio.sleep(30)
        await asyncio.sleep(0.03)


async def test_a_cancellation_from_outside_stays_a_cancellation() -> None:
    wheel = DeadlineWheel()

    async def call() -> None:
        with wheel.guard(time.monotonic() + 30, "a call"):
            await asyncio.sleep(30)

    task = asyncio.create_task(call())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_without_a_deadline_nothing_is_watched() -> None:
    with DeadlineWheel().guard(NEVER, "a stream"):
        await asyncio.sleep(0)


async def test_the_wheel_stands_still_when_nobody_waits() -> None:
    wheel = DeadlineWheel()
    with wheel.guard(time.monotonic() + 0.05, "a call"):
        pass
    await asyncio.sleep(0.15)
    assert wheel._turning is None  # pyright: ignore[reportPrivateUsage] - idle cost is the point
