"""Which versions of processes there are: how many follow each, and whose code can go on with them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from triptych.canonical.base import Model, Timestamp, example
from triptych.engine.books import ACTIVE, DEAD
from triptych.engine.database import EngineDatabase, version_of
from triptych.engine.status import ProcessStatus, Trouble, moment
from triptych.problems import Unavailable

REMEDY = "start one whose code has that version among the former ones, and they go on by themselves"
"""What is to be done about processes whose version nobody has."""


class VersionUse(Model):
    """One version of a kind of process: who follows it, and who knows it."""

    model_config = example(
        flow="order-to-fulfillment.fulfil",
        version=1,
        running=2,
        waiting=5,
        dead=0,
        oldest="2026-07-01T09:30:00Z",
        known_to=["order-to-fulfillment@one", "order-to-fulfillment@two"],
    )

    flow: str
    """The kind: `order-to-fulfillment.fulfil`."""
    version: int
    running: int = 0
    """Processes that go on, or will as soon as there is room."""
    waiting: int = 0
    """Those that wait for somebody or something."""
    dead: int = 0
    """Dead letters, which can be replayed as long as somebody knows their version."""
    oldest: Timestamp | None = None
    """When the oldest of them all began."""
    known_to: tuple[str, ...] = ()
    """The replicas that are alive and have its code."""

    @property
    def followed(self) -> int:
        """How many processes need its code."""
        return self.running + self.waiting + self.dead

    @property
    def stranded(self) -> bool:
        """Whether processes need its code, and nobody has it."""
        return bool(self.followed) and not self.known_to


class Versions:
    """Who has the code of which flow, and who needs it. All methods block."""

    def __init__(self, database: EngineDatabase, executor: str, flows: Collection[str], lease: float) -> None:
        self._database = database
        self._executor = executor
        self._flows = sorted(flows)
        self._runs = sa.Table(
            "triptych_runs",
            database.metadata,
            sa.Column("executor", sa.Text, primary_key=True),
            sa.Column("flow", sa.Text, primary_key=True),
        )
        # on SQLite there is one engine at a time, so only what itself has is alive
        alive = "r.executor = :me"
        if database.postgres:
            alive += (
                " OR EXISTS (SELECT 1 FROM dbos.triptych_executors e WHERE e.executor = r.executor"
                " AND e.beat > clock_timestamp() - make_interval(secs => :lease))"
            )
        self._alive = {"me": executor, **({"lease": lease} if database.postgres else {})}
        self._say_known = sa.text(
            f"SELECT r.flow, r.executor FROM {self._runs.fullname} r WHERE {alive}"  # noqa: S608 - our names
        )

    def declare(self) -> None:
        """Tell other replicas, and operators, which flows this one knows."""

        def write(connection: sa.Connection) -> None:
            connection.execute(sa.delete(self._runs).where(self._runs.c.executor == self._executor))
            if self._flows:
                mine = [{"executor": self._executor, "flow": flow} for flow in self._flows]
                connection.execute(sa.insert(self._runs), mine)

        self._database.transact(write)

    def known(self) -> Mapping[str, Sequence[str]]:
        """The replicas that are alive and know a flow, by flow."""
        return self._database.transact(self._known)

    def in_use(self) -> Sequence[VersionUse]:
        """Every version that somebody follows or knows, oldest first."""
        rows = self._database.workflows.c
        counted = (
            sa.select(rows.name, rows.status, sa.func.count().label("n"), sa.func.min(rows.created_at))
            .where(rows.status.in_((*ACTIVE, *DEAD)))
            .group_by(rows.name, rows.status)
        )

        def look(connection: sa.Connection) -> tuple[Sequence[Any], Mapping[str, Sequence[str]]]:
            return connection.execute(counted).all(), self._known(connection)

        counts, known = self._database.transact(look)
        found: dict[str, dict[str, int]] = {flow: {} for flow in known}
        began: dict[str, list[datetime]] = {}
        for flow, status, count, oldest in counts:
            stage = "dead" if status in DEAD else "waiting" if status == "DELAYED" else "running"
            stages = found.setdefault(flow, {})
            stages[stage] = stages.get(stage, 0) + count
            began.setdefault(flow, []).append(moment(oldest))
        uses = [
            VersionUse(
                flow=version_of(flow)[0],
                version=version_of(flow)[1],
                oldest=min(began.get(flow, ()), default=None),
                known_to=tuple(known.get(flow, ())),
                **stages,
            )
            for flow, stages in found.items()
            if ".v" in flow  # DBOS has processes of its own, whose names are no flows
        ]
        return sorted(uses, key=lambda use: (use.flow, use.version))

    def shown(self, status: ProcessStatus) -> ProcessStatus:
        """A process's status as it is shown: with what is wrong, if nobody has the code that it needs."""
        if status.flow in self.known():
            return status
        fault = Unavailable(f"no replica knows {status.flow}, which this process follows: {REMEDY}")
        return status.model_copy(update={"problem": Trouble.of(fault)})

    def _known(self, connection: sa.Connection) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for flow, executor in connection.execute(self._say_known, self._alive):
            found.setdefault(flow, []).append(executor)
        return {flow: sorted(executors) for flow, executors in found.items()}
