"""Traders that start orders, keep the books of their systems in a file, and may be killed at any time.

Run as a program it forks a trader for each line `[service, name, folder, first, last, database_url, lease]`
on standard input, so that a killed one is followed by the next without importing everything again. Order n
is refused at shipping if n % 4 == 1, and cancelled as soon as it is accepted if n % 4 == 2. Each waits for an
approval, which every trader gives to every order that any of them has accepted. A trader that gets SIGUSR1
hangs: its event loop stands still for a while.
"""

import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path

from pydantic import SecretStr

from triptych.canonical.base import Model
from triptych.context import current
from triptych.engine import Patience, ProcessEngine, Saga, Step, Wait
from triptych.engine.sentence import Part
from triptych.problems import InvalidState, Unavailable
from triptych.settings import Settings

REFUSED, CANCELLED = 1, 2
HANGS = 4.0
"""Seconds that a trader hangs when it is told to."""


class Order(Model):
    """What the process of an order knows."""

    number: int
    entries: tuple[int, ...] = ()
    approvals: int = 0


class Approval(Model):
    """What every order waits for."""

    number: int


def approve(order: Order, approval: Approval) -> dict[str, object]:
    """Count the approvals of an order."""
    assert approval.number == order.number
    return {"approvals": order.approvals + 1}


class Ledger:
    """The books of the systems: one entry for each idempotency key, and every call that was made."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with self._open() as books:
            books.execute("CREATE TABLE IF NOT EXISTS accepted (number INTEGER PRIMARY KEY)")
            books.execute("CREATE TABLE IF NOT EXISTS calls (key TEXT)")
            books.execute(
                "CREATE TABLE IF NOT EXISTS entries"
                " (id INTEGER PRIMARY KEY, key TEXT UNIQUE, number INTEGER, step TEXT)"
            )

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=30)

    def enter(self, key: str, number: int, step: str) -> int:
        """Enter something once: the number of the entry."""
        with self._open() as books:
            books.execute("INSERT INTO calls VALUES (?)", (key,))
            books.execute(
                "INSERT OR IGNORE INTO entries (key, number, step) VALUES (?, ?, ?)", (key, number, step)
            )
            return books.execute("SELECT id FROM entries WHERE key = ?", (key,)).fetchone()[0]

    def knows(self, number: int, step: str) -> bool:
        """Whether there is an entry of this step for that order."""
        with self._open() as books:
            found = books.execute("SELECT 1 FROM entries WHERE (number, step) = (?, ?)", (number, step))
            return found.fetchone() is not None

    def accept(self, number: int) -> None:
        """Note that an order was accepted."""
        with self._open() as books:
            books.execute("INSERT OR IGNORE INTO accepted VALUES (?)", (number,))

    def accepted(self) -> set[int]:
        """The orders that were accepted so far."""
        with self._open() as books:
            return {number for (number,) in books.execute("SELECT number FROM accepted")}


def acting(
    ledger: Ledger, step: str, undoes: str | None = None
) -> Callable[[Order], Awaitable[dict[str, object]]]:
    """The action of a step: it takes a moment before and after the entry, and fails now and then.

    An undo enters nothing where there is nothing to undo.
    """

    async def act(order: Order) -> dict[str, object]:
        if undoes and not await asyncio.to_thread(ledger.knows, order.number, undoes):
            return {}
        await asyncio.sleep(random.uniform(0, 0.02))
        if step == "ship" and order.number % 4 == REFUSED:
            raise InvalidState("no address")
        if random.random() < 0.1:
            raise Unavailable("before the entry")
        entry = await asyncio.to_thread(ledger.enter, current().idempotency_key or "", order.number, step)
        if random.random() < 0.1:
            raise Unavailable("after the entry")
        await asyncio.sleep(random.uniform(0, 0.02))
        return {"entries": (*order.entries, entry)}

    return act


def sentence(ledger: Ledger) -> list[Part[Order]]:
    """Reserve, authorise, wait for an approval, ship and notify, each with its undo."""
    return [
        Step("reserve", acting(ledger, "reserve"), undo=acting(ledger, "release", "reserve")),
        Step("authorise", acting(ledger, "authorise"), undo=acting(ledger, "void", "authorise")),
        Wait("approval", Approval, approve),
        Step("ship", acting(ledger, "ship"), undo=acting(ledger, "recall", "ship"), final=True),
        Step("notify", acting(ledger, "notify")),
    ]


async def place(fulfil: Saga[Order], ledger: Ledger, number: int) -> None:
    """Start an order, and cancel it if it is one of those."""
    await fulfil.start(str(number), Order(number=number))
    await asyncio.to_thread(ledger.accept, number)
    if number % 4 == CANCELLED:
        try:
            await fulfil.cancel(str(number))
        except InvalidState:
            return  # it was shipping already


async def approve_all(fulfil: Saga[Order], ledger: Ledger) -> None:
    """Approve every order that is accepted, again and again, each a moment after it was first seen."""
    seen: set[int] = set()
    while True:
        await asyncio.sleep(0.1)
        for number in seen:
            try:
                await fulfil.tell(str(number), "approval", Approval(number=number))
            except InvalidState:
                if number % 4 != CANCELLED:
                    raise
        seen |= ledger.accepted()


async def trade(
    service: str, name: str, folder: Path, orders: range, database_url: str | None, lease: float
) -> None:
    """Start the orders that no earlier trader had accepted, and wait until all that were accepted rest."""
    settings = Settings(
        data=folder, replica=name, database_url=SecretStr(database_url) if database_url else None
    )
    ledger = Ledger(folder / "ledger.db")
    patience = Patience(attempts=20, delay=0.005)
    engine = ProcessEngine(settings, service, patience=patience, undoing=patience, poll=0.1, lease=lease)
    fulfil = engine.saga(f"{service}.fulfil", version=1, steps=sentence(ledger), state=Order)
    await engine.start()
    (folder / f"{name}.ready").touch()
    approving = asyncio.create_task(approve_all(fulfil, ledger))
    for number in [number for number in orders if number not in ledger.accepted()]:
        await place(fulfil, ledger, number)
        await asyncio.sleep(0.02)
    ended = [await fulfil.settled(str(number)) for number in sorted(ledger.accepted())]
    states = [fulfil.read(status) for status in ended]
    assert all(state.approvals == 1 for state in states if state.number % 4 != CANCELLED), states
    approving.cancel()
    await asyncio.gather(approving, return_exceptions=True)
    await engine.stop()
    result = folder / f"{name}.writing"
    result.write_text(json.dumps({status.about: status.phase for status in ended}))
    result.rename(folder / f"{name}.ended")


def hang(*_: object) -> None:
    """Stand still for a while."""
    time.sleep(HANGS)


def serve() -> None:
    """Fork a trader for each line of arguments on standard input, and answer its process id."""
    import_module("triptych.engine.durable")  # before the forks, since it is what takes time
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        service, name, folder, first, last, database_url, lease = json.loads(line)
        trader = os.fork()
        if trader == 0:
            signal.signal(signal.SIGUSR1, hang)
            try:
                asyncio.run(trade(service, name, Path(folder), range(first, last), database_url, lease))
            except Exception:  # noqa: BLE001 - whatever it is, the test is to show it
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(0)
        print(trader, flush=True)


serve()
