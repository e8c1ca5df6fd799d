"""Processes that begin by the clock: once for each tick, whichever replicas are there."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from triptych.context import Caller, Context, entered
from triptych.engine.database import EngineDatabase
from triptych.engine.sentence import S
from triptych.problems import Unavailable

if TYPE_CHECKING:
    from triptych.engine.durable import Durable
    from triptych.engine.saga import Saga

log = logging.getLogger(__name__)

LATE = 60.0
"""Seconds after which a tick counts as missed."""
MOST = 1000
"""Ticks that are made up for at once; those after them follow."""
LONGEST_SLEEP = 60.0
"""Seconds after which the clock is looked at again, in case that it was set."""


@dataclass(frozen=True, slots=True)
class Schedule(Generic[S]):
    """When processes of a kind begin by themselves: `Schedule("0 6 * * 1-5", self.run_of)`, workdays at six.

    Raises ValueError for a time that is none, KeyError for a zone that nobody knows.
    """

    cron: str
    """Minute, hour, day, month and weekday, as in crontab(5)."""
    state: Callable[[datetime], S]
    """What a process begins with, by the tick's moment in UTC."""
    zone: str = "UTC"
    """The time zone that the clock on the wall shows; ticks that its summer time skips come right after."""
    missed: Literal["latest", "every", "none"] = "latest"
    """Which ticks are made up for that came while nothing ran."""

    def __post_init__(self) -> None:
        from croniter import croniter

        ZoneInfo(self.zone)
        if not croniter.is_valid(self.cron):
            raise ValueError(f"{self.cron!r} is no time: minute, hour, day, month and weekday, as in crontab")

    def next_after(self, moment: datetime) -> datetime:
        """The first tick after a moment, in UTC."""
        return self._clock(moment).get_next(datetime).astimezone(UTC)

    def _clock(self, moment: datetime) -> Any:
        from croniter import croniter

        return croniter(self.cron, moment.astimezone(ZoneInfo(self.zone)))

    def due(self, after: datetime, now: datetime) -> Sequence[datetime]:
        """The ticks after one moment and up to another for which a process begins; at most MOST."""

        def ticks() -> Any:
            tick = self.next_after(after)
            while tick <= now:
                yield tick
                tick = self.next_after(tick)

        if self.missed == "every":
            return tuple(islice(ticks(), MOST))
        newest = self._clock(now + timedelta(seconds=1)).get_prev(datetime).astimezone(UTC)
        fresh = self.missed == "latest" or (now - newest).total_seconds() < LATE
        return (newest,) if newest > after and fresh else ()


class Timetable:
    """Begins the processes that have a schedule.

    Every replica does: a process is named after its tick, so that the second start of one changes nothing.
    """

    def __init__(self, database: EngineDatabase, durable: "Durable", sagas: "Sequence[Saga[Any]]") -> None:
        self._database = database
        self._durable = durable
        self._sagas = [saga for saga in sagas if saga.schedule]
        self._tasks: list[asyncio.Task[None]] = []
        self._ticks = sa.Table(
            "triptych_ticks",
            database.metadata,
            sa.Column("process", sa.Text, primary_key=True),
            sa.Column("last", sa.BigInteger, nullable=False),
        )

    def begin(self) -> None:
        """Watch the clock."""
        self._tasks = [asyncio.create_task(self._watch(saga, saga.schedule)) for saga in self._sagas]

    async def stop(self) -> None:
        """Watch it no longer."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _watch(self, saga: "Saga[Any]", schedule: Schedule[Any] | None) -> None:
        assert schedule
        while True:
            pause = 1.0
            try:
                pause = await self._round(saga, schedule)
            except Unavailable:
                log.info("%s begins nothing: the engine stops", saga.name)
            except Exception:
                log.exception("the schedule of %s is kept up again in a moment", saga.name)
            await asyncio.sleep(pause)

    async def _round(self, saga: "Saga[Any]", schedule: Schedule[Any]) -> float:
        """Begin what is due: the seconds until the next look."""
        last = await self._durable.ask(self._last, saga.name)
        now = datetime.now(UTC)
        for tick in schedule.due(last, now):
            with entered(Context(caller=Caller("schedule", "schedule"))):
                await saga.start(f"{tick:%Y-%m-%dT%H:%MZ}", schedule.state(tick))
            last = tick
        if (skipped := schedule.next_after(last)) <= now and schedule.missed != "every":
            last = now
            log.info("%s passes over what it missed from %s on", saga.name, skipped)
        await self._durable.ask(self._note, saga.name, last)
        until = (schedule.next_after(last) - datetime.now(UTC)).total_seconds()
        return min(max(until, 0.0), LONGEST_SLEEP)

    def _last(self, process: str) -> datetime:
        """The last tick that was dealt with; of a new schedule, this moment."""
        now = int(time.time() * 1000)
        first = self._database.insert(self._ticks).values(process=process, last=now).on_conflict_do_nothing()
        asked = sa.select(self._ticks.c.last).where(self._ticks.c.process == process)

        def look(connection: sa.Connection) -> int:
            connection.execute(first)
            return connection.execute(asked).scalar_one()

        return datetime.fromtimestamp(self._database.transact(look) / 1000, UTC)

    def _note(self, process: str, last: datetime) -> None:
        """Note up to which moment ticks are dealt with; another replica may be further."""
        moment = int(last.timestamp() * 1000)
        rows = self._ticks.c
        later = sa.update(self._ticks).where(rows.process == process, rows.last < moment)
        self._database.transact(lambda connection: connection.execute(later.values(last=moment)))
