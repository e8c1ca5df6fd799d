"""Moves what a service has told from its outbox into the log."""

import asyncio
import logging
import random
from contextlib import suppress

from triptych.events.log import EventLog
from triptych.problems import Problem
from triptych.storage import Database

log = logging.getLogger(__name__)

AT_ONCE = 100
LOOK_AGAIN = 5.0
"""Seconds, more or less, after which a relay looks for what a process left that died, or another replica."""


class Relay:
    """One service's relay. Several replicas may have one each: what two of them move is logged once.

    First the events are in the log, then they leave the outbox; so what is killed in between moves them
    again, and the log knows their ids.
    """

    def __init__(self, database: Database, to: EventLog) -> None:
        self._outbox = database.outbox
        self._service = database.service
        self._log = to

    async def run(self) -> None:
        """Move events as they are told, until cancelled."""
        while True:
            self._outbox.news.clear()
            try:
                while await self.move() == AT_ONCE:
                    pass
            except Problem as problem:
                log.warning("events of %s wait in its outbox: %s", self._service, problem.detail)
            with suppress(TimeoutError):  # nobody told anything: look all the same
                async with asyncio.timeout(LOOK_AGAIN * random.uniform(0.75, 1.25)):  # noqa: S311 - jitter
                    await self._outbox.news.wait()

    async def move(self) -> int:
        """Move the oldest events, and answer how many those were."""
        events = await self._outbox.pending(AT_ONCE)
        if events:
            await self._log.append(events)
            await self._outbox.done(event.id for event in events)
        return len(events)
