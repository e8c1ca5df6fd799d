"""Where services are born: everything is imported once, and each one that is asked for is a fork of it.

So a restart takes a tenth of a second of CPU instead of two. A line of JSON on standard input says what is
wanted, one on standard output the process id. What runs in the child is the platform as in `triptych serve`.
"""

import asyncio
import ctypes
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.crash.fate import Fate, dying_at_checkpoints, troubled_writes
from tests.crash.vendors import application
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.events import feeds
from triptych.running.loop import run
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


def prompt_feeds() -> None:
    """Have the feeds of vendors read as a test needs it: these tell within 6 s what they have done."""
    feeds.OVERLAP = timedelta(seconds=15)
    feeds.LEASE = timedelta(seconds=5)


async def serve(names: list[str], say_so: Callable[[], object]) -> None:
    """Serve these services at TRIPTYCH_PORT until the process is ended, and say when it has begun."""
    settings = Settings(topology="split")
    listening = listen(settings.host, settings.port)
    async with (
        Platform(settings, installed(set(names))) as platform,
        serving(by_prefix(platform.apps), listening),
    ):
        say_so()
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
    prompt_feeds()
    ready = Path(told["ready"])
    return run(serve(told["services"], lambda: ready.write_text(str(os.getpid()))))


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
