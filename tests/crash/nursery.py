"""Where services are born: everything is imported once, and each one that is asked for is a fork of it.

So a restart takes a tenth of a second of CPU instead of two. A line of JSON on standard input says what is
wanted, one on standard output the process id. What runs in the child is the platform as in `triptych serve`.
"""

# the wrapped methods are inner ones, since that is where a process is to die:
# pyright: reportPrivateUsage=false

import asyncio
import ctypes
import json
import os
import random
import signal
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.crash.vendors import application
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.problems import DeadlineExceeded, Unavailable
from triptych.running.loop import run
from triptych.serving.boundary import Boundary
from triptych.serving.server import by_prefix, listen, serving
from triptych.settings import Settings

HEAVY = (
    "triptych.engine.durable",
    "triptych.engine.keeping",
    "asyncpg",
    "aiosqlite",
    "psycopg",
    "alembic",
    "zoneinfo",
)

PR_SET_PDEATHSIG = 1


class Fate:
    """What is to befall one process: it dies at a certain point, and answers go wrong now and then."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._point, self._when = told.get("die") or ("", "")
        self._seen_in = Path(told["seen"])
        self._seen = set[str]()
        self._chance = random.Random(told["seed"])
        self.trouble = float(told.get("trouble", 0))

    def reached(self, point: str, when: str) -> None:
        """Here it dies, if it is its time."""
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
    """Have the engine die before or after it keeps a record."""
    from triptych.engine.records import Records  # it is heavy, and not every process has an engine

    keep: Callable[..., Any] = Records.keep

    def keeping(self: Records, process: str, owner: str, number: int, name: str, make: Any) -> Any:
        fate.reached(f"checkpoint {name}", "before")
        kept = keep(self, process, owner, number, name, make)
        fate.reached(f"checkpoint {name}", "after")
        return kept

    Records.keep = keeping


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


async def serve(names: list[str]) -> None:
    """Serve these services at TRIPTYCH_PORT until the process is ended."""
    settings = Settings(topology="split")
    listening = listen(settings.host, settings.port)
    async with (
        Platform(settings, installed(set(names))) as platform,
        serving(by_prefix(platform.apps), listening),
    ):
        await asyncio.Event().wait()


async def serve_vendors(port: int, seed: int) -> None:
    """Serve the vendors' systems."""
    async with serving(application(seed), listen("127.0.0.1", port)):
        await asyncio.Event().wait()


def live(told: dict[str, Any]) -> None:
    """The life of a child."""
    log = os.open(told["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # nobody outlives the nursery
    os.environ.update(told["environment"])
    if told["services"] == ["vendors"]:
        return run(serve_vendors(told["port"], told["seed"]))
    fate = Fate(told)
    dying_at_checkpoints(fate)
    troubled_writes(fate)
    return run(serve(told["services"]))


def main() -> None:
    """Fork a child for each line."""
    for name in HEAVY:
        import_module(name)
    installed()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    for line in sys.stdin:
        told = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                live(told)
            except BaseException:  # noqa: BLE001 - whatever it is, the log is to show it
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(1)
        print(child, flush=True)


if __name__ == "__main__":
    main()
