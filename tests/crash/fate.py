"""What is to befall one process: the points at which it can die, and the writes that go wrong."""

# the wrapped methods are inner ones, since that is where a process is to die:
# pyright: reportPrivateUsage=false

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from triptych.problems import DeadlineExceeded, Unavailable
from triptych.serving.boundary import Boundary


class Fate:
    """What is to befall one process: it dies at a certain point, and answers go wrong now and then."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._point, self._when = told.get("die") or ("", "")
        self._seen_in = Path(told["seen"])
        self._seen = set[str]()
        self._chance = random.Random(told["seed"])
        self.trouble = float(told.get("trouble", 0))

    def reached(self, point: str, when: str) -> None:
        """Here it dies, if it is its time; nothing is no point."""
        if not point:
            return
        if when == "before" and point not in self._seen:
            self._seen.add(point)
            with self._seen_in.open("a") as seen:
                seen.write(point + "\n")
        if (point, when) == (self._point, self._when):
            os.kill(os.getpid(), signal.SIGKILL)

    def goes_wrong(self) -> bool:
        """Whether something does."""
        return self._chance.random() < self.trouble


def dying_at_checkpoints(fate: Fate) -> None:
    """Have the engine die before or after whatever it keeps: starts, records of steps, waits, outcomes."""
    from dbos._sys_db import SystemDatabase  # it is heavy, and not every process has an engine

    from triptych.engine.books import Books
    from triptych.engine.durable import Durable
    from triptych.engine.mailbox import Mailbox
    from triptych.engine.records import Records

    def of_flow(process: str, *_: Any) -> str:
        return _flow(process)

    def of_wait(process: str, wait: str, *_: Any) -> str:
        return f"{_flow(process)} {wait}"

    def of_success(process: str, status: str) -> str:
        return _flow(process) if status == "SUCCESS" else ""

    _around(fate, Books, "accept", "entry", of_flow)
    _around(fate, Mailbox, "open", "wait", of_wait)
    _around(fate, Mailbox, "rest", "sleep", of_wait)
    _around(fate, Mailbox, "settle", "answer", of_wait)
    _around(fate, SystemDatabase, "update_workflow_outcome", "outcome", of_success)
    _around_starts(fate, Durable)
    _around_records(fate, Records)


def _around(fate: Fate, kind: type[Any], method: str, what: str, of: Callable[..., str]) -> None:
    """Have it die before or after a method of this kind, which writes something of a process."""
    write: Callable[..., Any] = getattr(kind, method)

    def writing(self: Any, *arguments: Any, **named: Any) -> Any:
        which = of(*arguments)
        point = f"{what} {which}" if which else ""
        fate.reached(point, "before")
        written = write(self, *arguments, **named)
        fate.reached(point, "after")
        return written

    setattr(kind, method, writing)


def _around_starts(fate: Fate, kind: type[Any]) -> None:
    begin: Callable[..., Any] = kind.begin

    async def beginning(self: Any, flow: str, process: str, *rest: Any) -> None:
        point = f"start {_flow(process)}"
        fate.reached(point, "before")
        await begin(self, flow, process, *rest)
        fate.reached(point, "after")

    kind.begin = beginning


def _around_records(fate: Fate, kind: type[Any]) -> None:
    keep: Callable[..., Any] = kind.keep

    def keeping(self: Any, process: str, owner: str, number: int, name: str, make: Any, *more: Any) -> Any:
        point = ""

        def making(connection: Any) -> Any:
            nonlocal point
            record = make(connection)
            point = f"checkpoint {_flow(process)} {name}{' (waits)' * (record.outcome == 'waiting')}"
            fate.reached(point, "before")  # nothing of this transaction is kept
            return record

        kept = keep(self, process, owner, number, name, making, *more)
        fate.reached(point, "after")
        return kept

    kind.keep = keeping


def _flow(process: str) -> str:
    return process.partition(":")[0]


def troubled_writes(fate: Fate) -> None:
    """Have writes fail, or the process die, before and after their effect."""
    write: Callable[..., Any] = Boundary._write

    async def writing(self: Boundary, operation: Any, context: Any, arguments: Any) -> Any:
        point = f"write {operation.full_name}"
        fate.reached(point, "before")
        if self.api.tier == "system" and fate.goes_wrong():
            raise Unavailable("before the effect")
        answer = await write(self, operation, context, arguments)
        fate.reached(point, "after")
        if self.api.tier == "system" and fate.goes_wrong():
            raise DeadlineExceeded("after the effect")
        return answer

    Boundary._write = writing
