"""What an operator does with dead letters: looks them up, mends their payload, replays or discards them.

Each is recorded, with who did it, before or together with its effect. Nothing here needs the process's code
but an edit, which is judged by the model of the process's state.
"""

import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from pydantic import BaseModel, ValidationError

from triptych.canonical.base import thaw
from triptych.context import current
from triptych.contract.values import Patch
from triptych.engine.books import DEAD, Books
from triptych.engine.database import HELD, EngineDatabase, service_of
from triptych.engine.durable import Durable
from triptych.engine.letters import (
    Action,
    Change,
    DeadLetter,
    Intervention,
    LetterQuery,
    Letters,
    OpenedLetter,
    differences,
)
from triptych.engine.mailbox import Mailbox
from triptych.engine.processes import Processes
from triptych.engine.status import ProcessStatus, StepRecord, now
from triptych.problems import InvalidState, NotFound
from triptych.validation import invalid_input

StateOf = Callable[[str], type[BaseModel] | None]
"""The model of a flow's state (`service.flow.v1`), where it is known."""


class DeadLetters:
    """The dead letters in one engine's database."""

    def __init__(
        self,
        database: EngineDatabase,
        durable: Durable,
        processes: Processes,
        letters: Letters,
        books: Books,
        state_of: StateOf,
    ) -> None:
        self._database = database
        self._durable = durable
        self._processes = processes
        self._letters = letters
        self._books = books
        self._mailbox = Mailbox(database)
        self._state_of = state_of
        self._say = _Statements(database.schema)
        self._one_at_a_time = threading.Lock()

    async def find(
        self, query: LetterQuery, limit: int = 50, after: tuple[float, str] | None = None
    ) -> Sequence[DeadLetter]:
        """Those that are meant, oldest first; `after` the one that died then and has that id."""
        return await self._processes.ask(self._letters.find, query, limit, after)

    async def count(self, query: LetterQuery) -> tuple[int, datetime | None]:
        """How many are meant, and since when the oldest waits."""
        return await self._processes.ask(self._letters.count, query)

    async def show(self, process: str) -> OpenedLetter:
        """One of them, with its payload and what operators did to it. Raises NotFound."""

        def look() -> OpenedLetter:
            status, _ = self._processes.look(process)
            if (letter := self._letters.of(process)) is None:
                raise NotFound(f"process {process} is no dead letter: it is {status.phase}")
            return OpenedLetter(
                letter=letter,
                state=status.state,
                payload=status.data,
                timeline=status.timeline,
                interventions=tuple(self._letters.interventions(process)),
            )

        return await self._processes.ask(look)

    async def edit(
        self, process: str, patch: Mapping[str, Any], reason: str = "", *, dry_run: bool = False
    ) -> tuple[Change, ...]:
        """Mend the payload of a dead letter by a merge patch (RFC 7396): what that changes.

        What the process goes on with is the state as it was before the step that failed, so the edit becomes
        part of what the step before it left. Raises NotFound; InvalidState when it is no dead letter;
        InvalidInput, with a pointer, for what its state cannot be.
        """
        by = _intervention("edit", reason)
        return await self._processes.ask(self._edit, process, patch, by, dry_run)

    async def replay(self, process: str, delay: float = 0.0) -> ProcessStatus:
        """Have a dead letter go on from the step that failed, `delay` seconds from now.

        Its steps have the idempotency keys that they had. Raises NotFound; InvalidState when it is none.
        """
        await self._processes.ask(self._replay, process, delay, _intervention("replay"))
        await self._processes.go_on(process)
        return await self._processes.show(process)

    async def discard(self, process: str, reason: str, *, undo: bool = False) -> None:
        """Give a dead letter up. What was done for it stays, unless it is to be undone first.

        Raises NotFound; InvalidState when it is none, or when it is past the point of no return and shall be
        undone.
        """
        if undo:
            await self._processes.ask(self._note_undoing, process, _intervention("cancel", reason))
            await self._processes.cancel(process)
        else:
            await self._processes.ask(self._discard, process, _intervention("discard", reason))
            self._processes.ring(process)

    # --- in a thread ---

    def _edit(
        self, process: str, patch: Mapping[str, Any], by: Intervention, dry_run: bool
    ) -> tuple[Change, ...]:
        with self._alone(process):
            status, records = self._parked(process, "edited")
            before: dict[str, Any] = thaw(status.data)
            after = self._judged(status, Patch[Any](patch).apply(before))
            changes = differences(before, after)
            fields = {name: value for name, value in after.items() if before.get(name) != value}
            if changes and not dry_run:
                noted = by.model_copy(update={"changes": changes})
                self._database.transact(
                    lambda found: self._write(found, process, _going_on(records), fields, noted)
                )
            return changes

    def _judged(self, status: ProcessStatus, document: dict[str, Any]) -> dict[str, Any]:
        """The state that a document means, as JSON."""
        model = self._state_of(status.flow)
        if model is None:
            raise InvalidState(
                f"nobody here knows what the state of {status.flow} may be, so it cannot be edited"
            )
        try:
            return model.model_validate_json(orjson.dumps(document)).model_dump(mode="json")
        except ValidationError as error:
            raise invalid_input(error) from error

    def _write(
        self,
        connection: sa.Connection,
        process: str,
        records: Sequence[StepRecord],
        fields: Mapping[str, Any],
        by: Intervention,
    ) -> None:
        self._letters.note(connection, process, by)
        if records:
            last = records[-1]
            kept = last.model_copy(update={"adds": {**last.adds, **fields}})
            values = {"id": process, "number": len(records), "output": kept.model_dump_json()}
            connection.execute(self._say.keep_record, values)
            return
        for table in (self._say.inputs, self._say.older_inputs):
            found = connection.execute(table.read, {"id": process}).scalar()
            if found is not None:
                inputs = orjson.loads(found)
                inputs["args"][1] |= fields
                connection.execute(table.write, {"id": process, "inputs": orjson.dumps(inputs).decode()})
                return

    def _replay(self, process: str, delay: float, by: Intervention) -> None:
        with self._alone(process):
            status, records = self._parked(process, "retried")
            self._database.transact(lambda found: self._letters.note(found, process, by))
            self._database.release(process)
            self._mailbox.reopen(process)
            queue = service_of(process) + HELD if delay > 0 else status.flow
            self._durable.rewind(process, len(_going_on(records)) + 1, queue)
            if delay > 0:
                until = {"until": int((time.time() + delay) * 1000), "held": queue}
                self._database.transact(
                    lambda found: found.execute(self._say.delay, {"id": process, **until})
                )

    def _note_undoing(self, process: str, by: Intervention) -> None:
        self._parked(process, "discarded")
        self._database.transact(lambda found: self._letters.note(found, process, by))

    def _discard(self, process: str, by: Intervention) -> None:
        with self._alone(process):
            if process in self._books.missing(10_000):
                return self._write_off(process, by)
            status, records = self._parked(process, "discarded")
            undoing = bool(records) and records[-1].undo

            def give_up(connection: sa.Connection) -> None:
                decided = self._say.discard_unwound if undoing else self._say.discard
                if not connection.execute(decided, {"id": process}).rowcount:
                    raise InvalidState(f"process {process} cannot be discarded: it is being cancelled")
                if not connection.execute(self._say.end, {"id": process, "now": _now_ms()}).rowcount:
                    raise InvalidState(f"process {process} cannot be discarded: it runs again")
                self._books.filter_out(connection, process, status.process)
                self._letters.note(connection, process, by)

            return self._database.transact(give_up)

    def _write_off(self, process: str, by: Intervention) -> None:
        """Give up what was accepted and is nowhere."""

        def give_up(connection: sa.Connection) -> None:
            self._books.filter_out(connection, process, process.partition(":")[0])
            self._letters.note(connection, process, by)

        self._database.transact(give_up)

    def _parked(self, process: str, done: str) -> tuple[ProcessStatus, list[StepRecord]]:
        status, records = self._processes.look(process)
        if status.phase != "parked":
            raise InvalidState(f"process {process} cannot be {done}: it is {status.phase}")
        return status, records

    @contextmanager
    def _alone(self, process: str) -> Generator[None]:
        """No other operator does anything to the process meanwhile, at any replica."""
        with self._one_at_a_time:
            if not self._database.postgres:
                yield
                return
            with self._database.engine.begin() as connection:
                connection.execute(self._say.lock, {"id": process})
                yield


class _Inputs:
    """Where DBOS keeps what a process was begun with."""

    def __init__(self, table: str) -> None:
        self.read = sa.text(f"SELECT inputs FROM {table} WHERE workflow_uuid = :id")  # noqa: S608 - our names
        self.write = sa.text(f"UPDATE {table} SET inputs = :inputs WHERE workflow_uuid = :id")  # noqa: S608


class _Statements:
    """What is said to DBOS's tables, in which it has no words of its own for this."""

    def __init__(self, schema: str | None) -> None:
        prefix = f'"{schema}".' if schema else ""
        workflows, facts = f"{prefix}workflow_status", f"{prefix}triptych_processes"
        dead = f"({', '.join(map(repr, DEAD))})"
        self.inputs, self.older_inputs = _Inputs(f"{prefix}workflow_input"), _Inputs(workflows)
        self.lock = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('operator ' || :id, 0))")
        self.keep_record = sa.text(
            f"UPDATE {prefix}operation_outputs SET output = :output"  # noqa: S608 - our names
            " WHERE workflow_uuid = :id AND function_id = :number"
        )
        self.delay = sa.text(
            f"UPDATE {workflows} SET status = 'DELAYED', delay_until_epoch_ms = :until, queue_name = name"  # noqa: S608
            " WHERE workflow_uuid = :id AND status = 'ENQUEUED' AND queue_name = :held"
        )
        self.end = sa.text(
            f"UPDATE {workflows} SET status = 'SUCCESS', updated_at = :now, completed_at = :now"  # noqa: S608
            f" WHERE workflow_uuid = :id AND status IN {dead}"
        )
        decide = (
            f"INSERT INTO {facts} (id, fate) VALUES (:id, 'discard')"  # noqa: S608
            " ON CONFLICT (id) DO UPDATE SET fate = 'discard'"
        )
        self.discard_unwound = sa.text(decide)
        self.discard = sa.text(f"{decide} WHERE {facts}.fate IS NULL OR {facts}.fate <> 'cancel'")


def _going_on(records: Sequence[StepRecord]) -> Sequence[StepRecord]:
    """The records that stay when it goes on: all but those of the line that failed. A wait has several."""
    if not records or records[-1].turn != "park":
        return records
    failed = (records[-1].step, records[-1].undo)
    stay = len(records)
    while stay and (records[stay - 1].step, records[stay - 1].undo) == failed:
        stay -= 1
    return records[:stay]


def _intervention(action: Action, reason: str = "") -> Intervention:
    caller = current().caller
    return Intervention(at=now(), actor=caller.subject, client=caller.client, action=action, reason=reason)


def _now_ms() -> int:
    return int(time.time() * 1000)
