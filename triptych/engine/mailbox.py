"""What waiting processes are told: kept once, whoever tells it, and read once, whoever runs the process."""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from triptych.engine.database import EngineDatabase, Fate

Answer = Literal["told", "late", "skipped", "cancelled"]
"""How a wait ended: the first one to write it decides."""

FOREVER = 253_402_300_799_000
"""The end of the year 9999, in milliseconds: the deadline of a wait that has none."""


class Answered(NamedTuple):
    """How a wait ended, and the message if one came."""

    answer: Answer
    message: str | None


class Heard(NamedTuple):
    """Why a process does not lie down to wait: it was told something, its time is up, or it is cancelled."""

    what: Literal["told", "due", "cancel"]
    message: str | None = None


class Mailbox:
    """One row for each wait that a process has come to, or was told something for.

    A process that waits lies in DBOS's table as one that is delayed until its deadline: no replica has it,
    and the first one that finds the deadline passed, or finds it woken, runs it. All methods block.
    """

    def __init__(self, database: EngineDatabase) -> None:
        self._database = database
        self._waits = database.waits
        self._workflows = database.workflows

    def open(self, process: str, wait: str, until: datetime | None) -> None:
        """Note that a process waits for this until then, unless it was answered."""
        deadline = _epoch(until)
        row = self._database.insert(self._waits).values(process=process, wait=wait, until=deadline)
        keys = [self._waits.c.process, self._waits.c.wait]
        noted = row.on_conflict_do_update(index_elements=keys, set_={"until": deadline})
        self._database.transact(lambda connection: connection.execute(noted))

    def settle(self, process: str, wait: str, answer: Answer, message: str | None = None) -> Answered:
        """Answer a wait, unless it is answered: what stands. A process that waits for this goes on."""

        def answering(connection: sa.Connection) -> Answered:
            stands = connection.execute(self._answering(process, wait, answer, message)).one()
            if answer == "told" and stands.until is not None:  # or it has not come to that yet
                self._wake(connection, process)
            return Answered(stands.answer, stands.message)

        return self._database.transact(answering)

    def _answering(self, process: str, wait: str, answer: Answer, message: str | None) -> Any:
        waits = self._waits.c
        row = self._database.insert(self._waits).values(
            process=process, wait=wait, answer=answer, message=message
        )
        first = sa.case((waits.answer.is_(None), row.excluded.message), else_=waits.message)
        return row.on_conflict_do_update(
            index_elements=[waits.process, waits.wait],
            set_={"answer": sa.func.coalesce(waits.answer, row.excluded.answer), "message": first},
        ).returning(waits.answer, waits.message, waits.until)

    def answered(self, process: str, wait: str) -> Answered | None:
        """How a wait ended, if it has."""
        waits = self._waits.c
        asked = sa.select(waits.answer, waits.message).where(
            waits.process == process, waits.wait == wait, waits.answer.is_not(None)
        )
        found = self._database.transact(lambda connection: connection.execute(asked).one_or_none())
        return Answered(*found) if found else None

    def reopen(self, process: str) -> None:
        """Forget that a wait was late, so that a process which is replayed waits again."""
        waits = self._waits.c
        late = sa.update(self._waits).where(waits.process == process, waits.answer == "late")
        self._database.transact(lambda connection: connection.execute(late.values(answer=None)))

    def rest(self, process: str, wait: str, owner: str, until: datetime | None) -> Heard | None:
        """Have a process that this run owns lie down until its deadline: None, and this run is over.

        Unless there is a reason to go on. It lies down first and looks then, so whoever tells it something
        meanwhile either is seen here, or finds it lying and wakes it.
        """
        rows = self._workflows.c
        lying = sa.update(self._workflows).where(
            rows.workflow_uuid == process, rows.status == "PENDING", rows.owner_xid == owner
        )
        lying = lying.values(
            status="DELAYED",
            owner_xid=None,
            queue_name=rows.name,
            delay_until_epoch_ms=_epoch(until),
            recovery_attempts=0,
            updated_at=_now(),
        )

        def lie_down(connection: sa.Connection) -> None:
            if connection.execute(lying).rowcount == 0:
                return  # another run has taken it over
            if heard := self._heard(connection, process, wait, until):
                raise _GetsUp(heard)

        try:
            self._database.transact(lie_down)
        except _GetsUp as up:
            return up.heard
        return None

    def _heard(
        self, connection: sa.Connection, process: str, wait: str, until: datetime | None
    ) -> Heard | None:
        waits = self._waits.c
        asked = sa.select(waits.message).where(
            waits.process == process, waits.wait == wait, waits.answer == "told"
        )
        if told := connection.execute(asked).one_or_none():
            return Heard("told", told.message)
        if self._database.fate_within(connection, process) == "cancel":
            return Heard("cancel")
        return Heard("due") if _epoch(until) <= _now() else None

    def cancel(self, process: str) -> Fate:
        """Decide that a process is cancelled, unless that is decided. If it waits, it goes on."""

        def cancelling(connection: sa.Connection) -> Fate:
            fate = self._database.decide_within(connection, process, "cancel")
            if fate == "cancel":
                self._wake(connection, process)
            return fate

        return self._database.transact(cancelling)

    def _wake(self, connection: sa.Connection, process: str) -> None:
        rows = self._workflows.c
        this = rows.workflow_uuid == process
        # whoever is just lying down has it locked, and would not be seen as lying by the update alone
        connection.execute(sa.select(rows.status).where(this).with_for_update())
        lying = sa.update(self._workflows).where(this, rows.status == "DELAYED")
        connection.execute(lying.values(status="ENQUEUED", updated_at=_now()))

    def waiting(self, prefix: str | None, wait: str | None, limit: int, offset: int) -> Sequence[str]:
        """Processes that wait, for what is due first; of those whose id begins so, and for this."""
        waits = self._waits.c
        open_waits = sa.select(waits.process).where(waits.answer.is_(None))
        if prefix:
            open_waits = open_waits.where(waits.process.startswith(prefix, autoescape=True))
        if wait:
            in_any_round = waits.wait.startswith(f"{wait}.", autoescape=True)
            open_waits = open_waits.where(sa.or_(waits.wait == wait, in_any_round))
        page = open_waits.order_by(waits.until, waits.process).limit(limit).offset(offset)
        return self._database.transact(lambda connection: connection.execute(page).scalars().all())


class _GetsUp(Exception):
    def __init__(self, heard: Heard) -> None:
        super().__init__(heard)
        self.heard = heard


def _epoch(moment: datetime | None) -> int:
    """A moment in milliseconds since 1970."""
    return FOREVER if moment is None else int(moment.timestamp() * 1000)


def _now() -> int:
    return int(time.time() * 1000)
