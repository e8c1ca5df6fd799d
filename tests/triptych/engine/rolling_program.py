"""Replicas of a service whose sentence changes its order with every release; each may be killed at any time.

Run as a program it forks a replica for each line `[service, name, folder, release, former, database_url,
drains]` on standard input. A replica of release 7 begins orders that follow version 7, knows the `former`
versions beside it, and gives the approval that every order waits for, also to orders of other replicas. It
does so until SIGTERM; one that drains begins none, and ends when all that were ever accepted have ended.
"""

import asyncio
import itertools
import json
import os
import random
import signal
import sqlite3
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from pathlib import Path

from pydantic import SecretStr

from triptych.canonical.base import Model
from triptych.context import current
from triptych.engine import Former, Patience, ProcessEngine, ProcessStatus, Saga, Step, Wait
from triptych.engine.sentence import Part
from triptych.problems import NotFound, Unavailable
from triptych.settings import Settings

ORDERS = list(itertools.permutations(["reserve", "authorise", "pack", "invoice"]))
EVERY = 0.05
"""Seconds between two orders that a replica begins."""
UNTIL_APPROVED = 3.0
"""Seconds that an order waits for its approval at most: over two releases or three."""


class Order(Model):
    """What the process of an order knows."""

    number: str
    began_under: int
    approved: bool = False


class Approval(Model):
    """What every order waits for."""

    number: str


def order_of(version: int) -> list[str]:
    """The steps of a version in their order; no two of the first 24 versions have the same."""
    return [*ORDERS[version * 5 % len(ORDERS)], "notify"]


class Ledger:
    """What was accepted, and what was done by the code of which version."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with self._open() as books:
            books.execute(
                "CREATE TABLE IF NOT EXISTS accepted (number TEXT PRIMARY KEY, version INTEGER, due REAL,"
                " approved INTEGER DEFAULT 0)"
            )
            books.execute(
                "CREATE TABLE IF NOT EXISTS entries"
                " (id INTEGER PRIMARY KEY, key TEXT UNIQUE, number TEXT, version INTEGER, step TEXT)"
            )

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=30)

    def enter(self, key: str, number: str, version: int, step: str) -> None:
        """Enter what the code of a version did, once."""
        with self._open() as books:
            books.execute(
                "INSERT OR IGNORE INTO entries (key, number, version, step) VALUES (?, ?, ?, ?)",
                (key, number, version, step),
            )

    def accept(self, number: str, version: int) -> None:
        """Note that an order was accepted, and when it will be approved."""
        due = time.time() + random.uniform(0, UNTIL_APPROVED)
        with self._open() as books:
            books.execute(
                "INSERT OR IGNORE INTO accepted (number, version, due) VALUES (?, ?, ?)",
                (number, version, due),
            )

    def due(self) -> list[str]:
        """Orders that are to be approved by now."""
        with self._open() as books:
            return [
                number
                for (number,) in books.execute(
                    "SELECT number FROM accepted WHERE approved = 0 AND due < ? ORDER BY due", (time.time(),)
                )
            ]

    def approve(self, number: str) -> None:
        """Note that an order has its approval."""
        with self._open() as books:
            books.execute("UPDATE accepted SET approved = 1 WHERE number = ?", (number,))

    def drop(self, number: str) -> None:
        """Forget an order that never began."""
        with self._open() as books:
            books.execute("DELETE FROM accepted WHERE number = ?", (number,))

    def accepted(self) -> dict[str, int]:
        """The version under which each order began."""
        with self._open() as books:
            return dict(books.execute("SELECT number, version FROM accepted"))

    def entries(self) -> dict[str, list[tuple[int, str]]]:
        """Of each order, which step was done in which order, by the code of which version."""
        found: dict[str, list[tuple[int, str]]] = {}
        with self._open() as books:
            for number, version, step in books.execute(
                "SELECT number, version, step FROM entries ORDER BY id"
            ):
                found.setdefault(number, []).append((version, step))
        return found


def acting(ledger: Ledger, version: int, step: str) -> Callable[[Order], Awaitable[None]]:
    """The action of a step as the code of a version has it."""

    async def act(order: Order) -> None:
        await asyncio.sleep(random.uniform(0, 0.02))
        await asyncio.to_thread(ledger.enter, current().idempotency_key or "", order.number, version, step)
        if random.random() < 0.05:
            raise Unavailable("after the entry")

    return act


def approve(order: Order, approval: Approval) -> dict[str, object]:
    """Note the approval."""
    assert approval.number == order.number
    return {"approved": True}


def sentence(ledger: Ledger, version: int) -> list[Part[Order]]:
    """The steps in the order of a version, with an approval among them."""
    parts: list[Part[Order]] = [Step(step, acting(ledger, version, step)) for step in order_of(version)]
    parts.insert(1 + version % 3, Wait("approval", Approval, approve))
    return parts


async def begin_orders(fulfil: Saga[Order], ledger: Ledger, name: str, release: int) -> None:
    """Begin one order after the other."""
    for count in itertools.count():
        number = f"{name}.{release}.{count}"
        await asyncio.to_thread(ledger.accept, number, release)
        await fulfil.start(number, Order(number=number, began_under=release))
        await asyncio.sleep(EVERY)


async def approve_orders(fulfil: Saga[Order], ledger: Ledger) -> None:
    """Approve every order when it is due; one that only another replica knows, that one approves."""
    while True:
        for number in await asyncio.to_thread(ledger.due):
            try:
                await fulfil.tell(number, "approval", Approval(number=number))
            except (NotFound, Unavailable):
                continue  # it is just being begun; another replica knows it
            await asyncio.to_thread(ledger.approve, number)
        await asyncio.sleep(0.05)


async def tell_versions(engine: ProcessEngine, file: Path) -> None:
    """Write down again and again which versions are followed, as an operator would ask."""
    while True:
        uses = [use.model_dump(mode="json") for use in await engine.versions()]
        put(file, uses)
        await asyncio.sleep(0.1)


def put(file: Path, what: object) -> None:
    """Write a file that is there whole or not at all: whoever waits for it reads it at once."""
    draft = file.with_name(f"{file.name}.draft")
    draft.write_text(json.dumps(what))
    draft.rename(file)


async def settle(fulfil: Saga[Order], ledger: Ledger) -> list[ProcessStatus]:
    """Every order that was ever accepted, at its end; what a kill kept from beginning is no order."""
    ended: list[ProcessStatus] = []
    for number in ledger.accepted():
        try:
            ended.append(await fulfil.settled(number))
        except NotFound:
            ledger.drop(number)
    return ended


async def serve(
    service: str,
    name: str,
    folder: Path,
    release: int,
    former: Sequence[int],
    database_url: str | None,
    drains: bool,
) -> None:
    """Be a replica of a release."""
    url = SecretStr(database_url) if database_url else None
    settings = Settings(data=folder, replica=name, database_url=url)
    ledger, stop = Ledger(folder / "ledger.db"), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    engine = ProcessEngine(settings, service, patience=Patience(attempts=20, delay=0.005), poll=0.1)
    fulfil = engine.saga(
        f"{service}.fulfil",
        version=release,
        steps=sentence(ledger, release),
        state=Order,
        former=[Former(version=each, steps=sentence(ledger, each)) for each in former],
    )
    await engine.start()
    (folder / f"{name}.ready").touch()
    work = [approve_orders(fulfil, ledger), tell_versions(engine, folder / f"{name}.versions")]
    work += [] if drains else [begin_orders(fulfil, ledger, name, release)]
    tasks = [asyncio.create_task(each) for each in work]
    if drains:
        ended = await settle(fulfil, ledger)
        await asyncio.sleep(0.5)  # until the versions are written once more
        told = {status.about: [status.phase, status.version] for status in ended}
        put(folder / f"{name}.ended", told)
    else:
        await asyncio.wait([asyncio.create_task(stop.wait()), *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        if task.done():
            task.result()
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await engine.stop()


def fork_replicas() -> None:
    """Fork a replica for each line of arguments on standard input, and answer its process id."""
    import_module("triptych.engine.durable")  # before the forks, since it is what takes time
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        service, name, folder, *told = json.loads(line)
        replica = os.fork()
        if replica == 0:
            try:
                asyncio.run(serve(service, name, Path(folder), *told))
            except Exception:  # noqa: BLE001 - whatever it is, the test is to show it
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(0)
        print(replica, flush=True)


if __name__ == "__main__":
    fork_replicas()
