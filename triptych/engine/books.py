"""The engine's books: which processes were accepted, in which order, and whether each is still somewhere.

A process is entered here before DBOS hears of it, and struck out when it has ended. What came in is counted
at the entry; what runs is counted in DBOS's own table. Two hands keep the two, so a process that gets lost
between them shows, and can be named (docs/decisions, "Books are kept by two hands").
"""

import time
from collections.abc import Collection, Sequence
from typing import Literal

import sqlalchemy as sa

from triptych.canonical.base import Model, example
from triptych.engine.database import HELD, EngineDatabase

Entry = Literal["at once", "behind", "over"]
"""What becomes of a process that is entered: it begins, waits behind others, or is over already."""
STARTING = 60.0
"""Seconds within which an accepted process has to be there."""
AT_ONCE = 500
ACTIVE = ("PENDING", "ENQUEUED", "DELAYED")
DEAD = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "CANCELLED")

_ACTIVE, _DEAD = (f"({', '.join(map(repr, found))})" for found in (ACTIVE, DEAD))


class Account(Model):
    """What became of everything that came in: `came_in = done + dead + filtered + running`, or a fault."""

    model_config = example(
        flow="order-to-fulfillment.fulfil", came_in=812, done=804, dead=3, filtered=1, running=4
    )

    flow: str
    """A kind of process, `order-to-fulfillment.fulfil`, or a stream of deliveries."""
    came_in: int = 0
    """Accepted, as counted when that was promised."""
    done: int = 0
    """Came to an end by themselves: completed, rejected or cancelled."""
    dead: int = 0
    """Dead letters, which wait for an operator."""
    filtered: int = 0
    """Taken out by an operator, with a reason, or by a filter."""
    running: int = 0
    """On their way, or waiting for their turn."""

    @property
    def missing(self) -> int:
        """How many that came in are nowhere; negative where there are more than came in."""
        return self.came_in - self.done - self.dead - self.filtered - self.running


class Books:
    """The register of accepted processes, and the totals of those that are over. All methods block."""

    def __init__(self, database: EngineDatabase, executor: str) -> None:
        self._database = database
        self._executor = executor
        metadata = database.metadata
        number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
        self._open = accepted = sa.Table(
            "triptych_accepted",
            metadata,
            sa.Column("number", number, primary_key=True, autoincrement=True),
            sa.Column("id", sa.Text, nullable=False, unique=True),
            sa.Column("flow", sa.Text, nullable=False),
            sa.Column("lane", sa.Text),
            sa.Column("at", sa.Float, nullable=False),
            sa.Index("triptych_accepted_lane", "flow", "lane", "number"),
        )
        totals = sa.Table(
            "triptych_books",
            metadata,
            sa.Column("flow", sa.Text, primary_key=True),
            # each replica counts in rows of its own, so that none waits for another
            sa.Column("executor", sa.Text, primary_key=True),
            sa.Column("accepted", sa.BigInteger, nullable=False),
            sa.Column("done", sa.BigInteger, nullable=False),
            sa.Column("filtered", sa.BigInteger, nullable=False),
        )
        workflows = f'"{database.schema}".workflow_status' if database.schema else "workflow_status"
        archive = accepted.fullname.replace(accepted.name, "triptych_archive")
        self._say = _Statements(accepted.fullname, totals.fullname, workflows, archive)

    def open_for_what_runs(self) -> None:
        """Make the tables; where processes run that are older than the books, enter those."""
        with self._database.engine.connect() as connection:
            inspector, schema = sa.inspect(connection), self._database.schema
            older = not inspector.has_table(self._open.name, schema=schema) and inspector.has_table(
                "workflow_status", schema=schema
            )
        self._database.prepare()
        if older:
            self._database.transact(self._enter_older)

    def _enter_older(self, connection: sa.Connection) -> None:
        for row in connection.execute(self._say.unfinished).all():
            flow = row.name.rpartition(".v")[0]
            if flow:
                values = {"id": row.workflow_uuid, "flow": flow, "lane": None, "at": row.created_at / 1000}
                connection.execute(sa.insert(self._open).values(values))
                self._count(connection, flow, accepted=1)

    def accept(self, process: str, flow: str, lane: str | None) -> Entry:
        """Enter a process that was promised: whether it begins, waits behind others of its lane, or is over.

        One that was entered before, or is known to DBOS or to the archive, is not entered again.
        """

        def enter(connection: sa.Connection) -> Entry:
            if lane is not None and self._database.postgres:
                # or two that are accepted at once would not see each other
                connection.execute(self._say.lock, {"lane": f"{flow} {lane}"})
            values = {"id": process, "flow": flow, "lane": lane, "at": time.time()}
            if connection.execute(self._say.enter, values).rowcount:
                self._count(connection, flow, accepted=1)
            elif not connection.execute(self._say.entered, {"id": process}).scalar():
                return "over"  # what is known and is not open any more
            if lane is None:
                return "at once"
            waits = connection.execute(self._say.waits, {"id": process, "since": time.time() - STARTING})
            return "behind" if waits.scalar() else "at once"

        return self._database.transact(enter)

    def withdraw(self, process: str, flow: str) -> None:
        """Take back what was entered, if DBOS has not heard of it."""

        def strike(connection: sa.Connection) -> None:
            if connection.execute(self._say.withdraw, {"id": process}).rowcount:
                self._count(connection, flow, accepted=-1)

        self._database.transact(strike)

    def close(self) -> int:
        """Strike out those that have ended, whoever ran them, and add them to the totals: how many."""

        def strike(connection: sa.Connection) -> int:
            ended = connection.execute(self._say.ended, {"limit": AT_ONCE}).all()
            counts: dict[str, int] = {}
            for row in ended:
                gone = connection.execute(self._say.strike, {"id": row.id}).rowcount
                counts[row.flow] = counts.get(row.flow, 0) + gone
            for flow, count in sorted(counts.items()):
                self._count(connection, flow, done=count)
            return sum(counts.values())

        return self._database.transact(strike)

    def filter_out(self, connection: sa.Connection, process: str, flow: str) -> bool:
        """Strike out one that an operator gives up, in the operator's transaction: whether it was there."""
        there = bool(connection.execute(self._say.strike, {"id": process}).rowcount)
        if there:
            self._count(connection, flow, filtered=1)
        return there

    def release(self, services: Collection[str]) -> int:
        """Let go on whoever waits behind nobody any more: how many."""

        def let_go(connection: sa.Connection) -> int:
            released = 0
            for service in services:
                values = {"held": service + HELD, "since": time.time() - STARTING}
                for row in connection.execute(self._say.free, values).all():
                    free = {"id": row.id, "held": service + HELD}
                    released += connection.execute(self._say.let_go, free).rowcount
            return released

        return self._database.transact(let_go)

    def accounts(self) -> Sequence[Account]:
        """What became of everything, by flow: one statement, so one moment."""
        rows = self._database.transact(
            lambda found: found.execute(self._say.accounts, {"since": time.time() - STARTING}).all()
        )
        sums: dict[str, dict[str, int]] = {}
        for row in rows:
            flow = row.flow.rpartition(".v")[0] if row.kind in ("running", "dead") else row.flow
            if flow:  # DBOS has processes of its own, whose names are no flows
                account = sums.setdefault(flow, {})
                account[row.kind] = account.get(row.kind, 0) + int(row.total)
        return [Account(flow=flow, **counts) for flow, counts in sorted(sums.items())]

    def missing(self, limit: int = 100) -> Sequence[str]:
        """The ids of accepted processes that are nowhere, oldest first."""
        values = {"since": time.time() - STARTING, "limit": limit}
        return self._database.transact(
            lambda found: [row.id for row in found.execute(self._say.missing, values)]
        )

    def _count(
        self, connection: sa.Connection, flow: str, *, accepted: int = 0, done: int = 0, filtered: int = 0
    ) -> None:
        values = {"accepted": accepted, "done": done, "filtered": filtered}
        connection.execute(self._say.count, {"flow": flow, "executor": self._executor, **values})


class _Statements:
    """What is said to the register (`a`), the totals (`t`) and DBOS's table (`w`)."""

    def __init__(self, a: str, t: str, w: str, archive: str) -> None:
        known = f"EXISTS (SELECT 1 FROM {w} w WHERE w.workflow_uuid = a.id)"  # noqa: S608 - our names
        in_the_way = (  # what was accepted and never came is in nobody's way
            f"EXISTS (SELECT 1 FROM {a} p LEFT JOIN {w} pw ON pw.workflow_uuid = p.id"  # noqa: S608
            " WHERE p.flow = a.flow AND p.lane = a.lane AND p.number < a.number"
            " AND (pw.status <> 'SUCCESS' OR (pw.status IS NULL AND p.at > :since)))"
        )
        self.lock = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:lane, 0))")
        self.unfinished = sa.text(
            f"SELECT workflow_uuid, name, created_at FROM {w} w"  # noqa: S608
            f" WHERE status IN {_ACTIVE} OR status IN {_DEAD} ORDER BY created_at"
        )
        self.enter = sa.text(
            f"INSERT INTO {a} (id, flow, lane, at) SELECT :id, :flow, :lane, :at"  # noqa: S608
            f" WHERE NOT EXISTS (SELECT 1 FROM {w} WHERE workflow_uuid = :id)"
            f" AND NOT EXISTS (SELECT 1 FROM {archive} WHERE id = :id) ON CONFLICT (id) DO NOTHING"
        ).bindparams(*(sa.bindparam(name, type_=sa.Text) for name in ("id", "flow", "lane")))
        self.entered = sa.text(f"SELECT 1 FROM {a} WHERE id = :id")  # noqa: S608
        self.waits = sa.text(f"SELECT {in_the_way} FROM {a} a WHERE a.id = :id")  # noqa: S608
        self.withdraw = sa.text(f"DELETE FROM {a} AS a WHERE id = :id AND NOT {known}")  # noqa: S608
        self.ended = sa.text(
            f"SELECT a.id, a.flow FROM {a} a JOIN {w} w ON w.workflow_uuid = a.id"  # noqa: S608
            " WHERE w.status = 'SUCCESS' ORDER BY a.number LIMIT :limit"
        )
        self.strike = sa.text(f"DELETE FROM {a} WHERE id = :id")  # noqa: S608
        self.count = sa.text(
            f"INSERT INTO {t} AS t (flow, executor, accepted, done, filtered)"  # noqa: S608
            " VALUES (:flow, :executor, :accepted, :done, :filtered)"
            " ON CONFLICT (flow, executor) DO UPDATE SET accepted = t.accepted + excluded.accepted,"
            " done = t.done + excluded.done, filtered = t.filtered + excluded.filtered"
        )
        self.free = sa.text(
            f"SELECT a.id FROM {w} w JOIN {a} a ON a.id = w.workflow_uuid"  # noqa: S608
            f" WHERE w.queue_name = :held AND w.status = 'ENQUEUED' AND NOT {in_the_way}"
        )
        self.let_go = sa.text(
            f"UPDATE {w} SET queue_name = name"  # noqa: S608
            " WHERE workflow_uuid = :id AND queue_name = :held AND status = 'ENQUEUED'"
        )
        self.missing = sa.text(
            f"SELECT a.id FROM {a} a WHERE a.at <= :since AND NOT {known}"  # noqa: S608
            " ORDER BY a.number LIMIT :limit"
        )
        self.accounts = _accounts(a, t, w, known)


def _accounts(a: str, t: str, w: str, known: str) -> sa.TextClause:
    """Counts by flow and column, each from whoever knows it first hand."""
    totals = [("came_in", "accepted"), ("done", "done"), ("filtered", "filtered")]
    stages = [("running", _ACTIVE), ("dead", _DEAD)]
    booked = [
        f"SELECT '{kind}' kind, flow, sum({name}) total FROM {t} GROUP BY flow"  # noqa: S608 - our names
        for kind, name in totals
    ]
    kept = [
        f"SELECT '{kind}', name, count(*) FROM {w} WHERE status IN {states} GROUP BY name"  # noqa: S608
        for kind, states in stages
    ]
    ended = (
        f"SELECT 'done', a.flow, count(*) FROM {a} a JOIN {w} w ON w.workflow_uuid = a.id"  # noqa: S608
        " WHERE w.status = 'SUCCESS' GROUP BY a.flow"
    )
    starting = (  # promised a moment ago, and about to begin
        f"SELECT 'running', a.flow || '.v0', count(*) FROM {a} a"  # noqa: S608
        f" WHERE a.at > :since AND NOT {known} GROUP BY a.flow"
    )
    return sa.text(" UNION ALL ".join([*booked, *kept, ended, starting]))
