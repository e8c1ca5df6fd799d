"""How the parts of this process feel: circuits, calls and outboxes, for those who watch them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_client.registry import Collector
from sqlalchemy import MetaData, func, select

from triptych.calling.resilience import Target
from triptych.problems import Problem, Unavailable
from triptych.storage import Database, Storage
from triptych.storage.shapes import outbox_v1
from triptych.telemetry.metrics import CANCELLED, OK, Meter

OUTBOX = outbox_v1(MetaData())


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls that one service has served so far."""

    total: int
    failed: int
    """Of those, how many failed by our fault."""
    slow: Mapping[float, int]
    """How many took longer than each bound of the histogram, in seconds."""
    timed: int
    """How many have a duration."""


class Vitals:
    """What can be seen of this process alone; of others, their own metrics tell."""

    def __init__(
        self, targets: Mapping[tuple[str, str], Target], storage: Storage, meter: Meter | None
    ) -> None:
        self._targets = targets
        self._storage = storage
        self._meter = meter

    def show(self, collector: Collector) -> None:
        """Show what somebody else counts in this process's metrics, where it has any."""
        if self._meter:
            self._meter.show(collector)

    def open_circuits(self) -> list[tuple[str, str]]:
        """Which services do not call which others at the moment, since those failed repeatedly."""
        return [pair for pair, target in self._targets.items() if target.state == "open"]

    def calls(self) -> dict[str, Calls]:
        """By service; empty where nothing is counted."""
        found: dict[str, Calls] = {}
        for counts in self._meter.all() if self._meter else ():
            before = found.get(counts.service, Calls(0, 0, {}, 0))
            cumulative = [(float(bound), count) for bound, count in counts.cumulative()]
            timed = int(cumulative[-1][1])
            slow = {bound: before.slow.get(bound, 0) + timed - int(count) for bound, count in cumulative}
            failed = sum(
                count for outcome, count in counts.outcomes.items() if outcome in _FAULTS or _ours(outcome)
            )
            total = sum(counts.outcomes.values())
            found[counts.service] = Calls(
                before.total + total, before.failed + failed, slow, before.timed + timed
            )
        return found

    async def feeds(self) -> dict[str, float]:
        """Seconds that the oldest event of each service waits to be handed on."""
        now = datetime.now(UTC)
        found: dict[str, float] = {}
        for database in self._storage.opened():
            oldest = await _oldest(database)
            found[database.service] = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
        return found


def _every(kind: type[Problem]) -> Iterable[type[Problem]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _every(below)


_KNOWN = {kind.__name__: kind.status for kind in _every(Problem)}
_FAULTS = frozenset(name for name, status in _KNOWN.items() if status >= 500)


def _ours(outcome: str) -> bool:
    """Whether an outcome is no problem that anybody foresaw."""
    return outcome not in _KNOWN and outcome not in (OK, CANCELLED)


async def _oldest(database: Database) -> datetime | None:
    try:
        async with database.read() as connection:
            return (await connection.execute(select(func.min(OUTBOX.c.time)))).scalar()
    except Unavailable:
        return None  # that it is away is told by other means
