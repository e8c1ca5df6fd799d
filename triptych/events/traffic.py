"""The event traffic of one process: relays and feeds for what is told here, a courier for what is heard."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self

from triptych.contract import Subscription
from triptych.engine.sentence import Patience
from triptych.events.courier import Courier, Tell
from triptych.events.deliveries import Deliveries
from triptych.events.feeds import Feed, Watched
from triptych.events.log import EventLog
from triptych.events.relay import Relay
from triptych.problems import Problem
from triptych.settings import Settings
from triptych.storage import Database

log = logging.getLogger(__name__)

HOUSEKEEPING = 900.0
"""Seconds, more or less, between two sweeps of what is older than it is kept."""
ALONE = 1.0
"""Seconds between two looks of a courier that hears of everything by the bell, for what is tried again."""
AFTER_A_FAILURE = 1.0
AMONG_OTHERS = 0.2
"""The same where other processes log events too."""


class EventTraffic:
    """Runs from `async with EventTraffic(…)` on, until its end."""

    def __init__(
        self,
        settings: Settings,
        to: EventLog,
        *,
        telling: Iterable[Database],
        watched: Iterable[Watched],
        services: Sequence[str],
        hearing: Sequence[Subscription],
        tell: Tell,
        who: str,
    ) -> None:
        self._settings = settings
        self._log = to
        self._services = services
        self._hearing = hearing
        self._relays = [Relay(database, to) for database in telling]
        self._feeds = [Feed(found, to, settings.feed_seconds) for found in watched]
        shared = settings.topology == "split" or settings.database_url is not None
        self._courier = Courier(
            Deliveries(to.database, to.bell),
            to.bell,
            hearing,
            tell,
            holder=f"{who}@{settings.replica}",
            patience=Patience(settings.step_attempts, settings.step_delay),
            at_once=settings.process_concurrency,
            look_again=AMONG_OTHERS if shared else ALONE,
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self._log.subscribe(self._services, self._hearing)
        running = [*(relay.run for relay in self._relays), *(feed.run for feed in self._feeds)]
        if self._hearing:
            running.append(self._courier.run)
        if self._relays or self._hearing:
            running.append(self._keep_house)
        self._tasks = [asyncio.create_task(_lasting(work), name="event traffic") for work in running]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._hearing:
            try:
                await self._courier.give_back()
            except Problem as problem:
                log.warning("what was in hand waits for its lease to end: %s", problem.detail)

    async def _keep_house(self) -> None:
        """Now and then, forget events that are older than they are kept."""
        keep = timedelta(days=self._settings.event_days)
        while True:
            await asyncio.sleep(HOUSEKEEPING * random.uniform(0.75, 1.25))  # noqa: S311 - spreads load
            try:
                if purged := await self._log.purge(keep):
                    log.info("%d events forgotten that were older than %s", purged, keep)
            except Problem as problem:
                log.warning("old events stay for now: %s", problem.detail)


async def _lasting(work: Callable[[], Awaitable[None]]) -> None:
    """Do it until cancelled; when it fails, which it should not, say so and do it again."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("event traffic failed, and goes on")
        await asyncio.sleep(AFTER_A_FAILURE)
