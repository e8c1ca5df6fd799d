"""How the demo company is written: each thing under its own key, so that repeating it changes nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from demo.sizes import scaled
from triptych.assembly.platform import Platform
from triptych.canonical.order import Order
from triptych.context import idempotency_key
from triptych.contract import Api
from triptych.problems import Problem
from triptych.running.front import Progress

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 40.0)
"""Seconds to wait before a write that failed for want of time or resources is tried again; together longer
than a key stays claimed by a process that was killed."""

A = TypeVar("A", bound=Api)
T = TypeVar("T")


class Seeder:
    """Writes through the services' clients, and tells how far it is."""

    def __init__(self, platform: Platform, progress: Progress, total: int) -> None:
        self._platform = platform
        self._progress = progress
        self._total = total
        self._done = 0

    def client(self, api: type[A]) -> A:
        """A client of a service that runs here."""
        return self._platform.client(api)

    def client_if_running(self, api: type[A]) -> A | None:
        """A client of a service, or None if it does not run here."""
        return self.client(api) if api.name in self._platform.services else None

    async def each(
        self, what: str, count: int, write: Callable[[int], Awaitable[T]], at_once: int = 1
    ) -> list[T]:
        """What `write` answers for 0 to `count` - 1; begun in this order, so many at once.

        The writes of one number carry keys derived from `what` and the number.
        """
        key = f"demo/{what.replace(' ', '-')}"
        numbers = iter(range(count))
        answers: dict[int, T] = {}

        async def work() -> None:
            for number in numbers:
                answers[number] = await _patiently(f"{key}/{number}", write, number)
                self._done += 1
                self._progress(what, self._done, self._total)

        await together(*(work() for _ in range(min(at_once, count))))
        return [answers[number] for number in range(count)]


async def _patiently(key: str, write: Callable[[int], Awaitable[T]], number: int) -> T:
    """What `write` answers. A machine or a database that is busy is given time; the key makes that safe."""
    for pause in PAUSES:
        try:
            with idempotency_key(key):
                return await write(number)
        except Problem as problem:
            if not problem.retryable:
                raise
            await asyncio.sleep(max(pause, problem.retry_after or 0))
    with idempotency_key(key):
        return await write(number)


async def together(*work: Coroutine[Any, Any, None]) -> None:
    """All of it at the same time. The first error ends the rest, and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as tasks:
            for one in work:
                tasks.create_task(one)
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None


@dataclass(slots=True)
class Made:
    """What was made so far and others refer to, by number; empty where its service does not run."""

    suppliers: Sequence[str] = ()
    """Ids."""
    locations: Sequence[str] = ()
    """Ids."""
    customers: Sequence[str] = ()
    """Ids."""
    orders: Sequence[Order] = ()
    audiences: Sequence[str] = ()
    """Ids."""
    positions: Sequence[str] = ()
    """Ids."""


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of thing that the company has."""

    what: str
    """What it is called, in the plural."""
    needs: tuple[type[Api], ...]
    """Services that have to run for it; without them it is left out."""
    each: int
    """How many there are at scale 1."""
    fill: Callable[[Seeder, Made, int], Coroutine[Any, Any, None]]
    """Writes so many of it."""
    least: int = 0
    """How many there are however small the company is."""

    def count(self, scale: float) -> int:
        """How many there are in a company of this scale."""
        return max(self.least, scaled(self.each, scale))
