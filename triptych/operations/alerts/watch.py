"""Looks at everything that is watched every few seconds, and tells what is to be told."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from triptych.operations.alerts.ledger import AlertLedger
from triptych.operations.alerts.measuring import Finding, Measures
from triptych.operations.alerts.notices import Notice
from triptych.operations.alerts.rules import Rule, Rules
from triptych.operations.alerts.telling import NotTold, Teller
from triptych.problems import Problem

log = logging.getLogger(__name__)
LOOK_FOR_NOTICES = 1.0
LEASE = timedelta(seconds=60)
"""How long a notice is one replica's; if that dies, another one tells it then."""


class Dispatch:
    """Tells notices to their channels, until they are taken."""

    def __init__(self, rules: Rules, ledger: AlertLedger, teller: Teller) -> None:
        self._channels = {channel.name: channel for channel in rules.channels}
        self._ledger = ledger
        self._teller = teller

    async def tell(self) -> None:
        """Tell everything that is due."""
        while (notice := await self._ledger.claim(datetime.now(UTC), LEASE)) is not None:
            await self._tell(notice)

    async def _tell(self, notice: Notice) -> None:
        channel = self._channels.get(notice.channel)
        if channel is None:
            log.error("notice %s is for channel %s, which is no more", notice.id, notice.channel)
            await self._ledger.taken(notice)
            return
        try:
            await self._teller.tell(channel, notice)
        except NotTold as fault:
            if await self._ledger.refused(notice, str(fault), datetime.now(UTC)):
                log.warning("channel %s did not take notice %s: %s", channel.name, notice.id, fault)
            else:
                log.error(
                    "channel %s never took notice %s: %s\n%s", channel.name, notice.id, fault, notice.body
                )
        else:
            await self._ledger.taken(notice)


class Watch:
    """Watches by rules, and has channels told."""

    def __init__(self, rules: Rules, measures: Measures, ledger: AlertLedger, teller: Teller) -> None:
        self.rules = rules
        self.ledger = ledger
        self._measures = measures
        self._dispatch = Dispatch(rules, ledger, teller)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Watch and tell until the block ends. What is not told by then is told after the next start."""
        tasks = [
            asyncio.create_task(_over_and_over(self.look, self.rules.every), name="watching"),
            asyncio.create_task(_over_and_over(self._dispatch.tell, LOOK_FOR_NOTICES), name="telling"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def look(self) -> None:
        """Look once at everything, and keep what that changes."""
        await self._measures.look()
        measured: dict[Rule, Sequence[Finding]] = {}
        for rule in self.rules.rules:
            try:
                measured[rule] = await self._measures.of(rule)
            except Problem as problem:
                log.warning("%s cannot be measured at this moment: %s", rule.name, problem.detail)
        await self.ledger.round(self.rules, measured, datetime.now(UTC))


async def _over_and_over(work: Callable[[], Awaitable[None]], seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except Problem as problem:
            log.warning("alerts have to wait: %s", problem.detail)
        except Exception:
            log.exception("alerts cannot be kept at this moment")
