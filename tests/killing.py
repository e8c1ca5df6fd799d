"""Companies that are killed with -9 at any time, one after the other, but for the last one.

Each is a fork of a program that was imported once. In a folder that all of them share it makes the file
`ready` when it is at work, and `ended` when it has come to its end.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]
PATIENCE = 60.0


def fork_for_each_line(company: Callable[..., Coroutine[Any, Any, None]]) -> None:
    """Fork a company for each line of JSON on standard input, with what it lists, and print its pid."""
    for line in sys.stdin:
        folder, *rest = json.loads(line)
        pid = os.fork()
        if pid == 0:
            asyncio.run(company(Path(folder), *rest))
            os._exit(0)
        print(pid, flush=True)
        os.waitpid(pid, 0)
        print("gone", flush=True)


def kill_all_but_the_last(
    program: Path, folder: Path, told: Sequence[Sequence[int]], dice: random.Random, longest: float
) -> None:
    """Run a company for each of what is told, and kill it at most `longest` seconds after it is ready."""
    started = subprocess.Popen(
        [sys.executable, "-W", "error", str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert started.stdin
    assert started.stdout
    with started:
        for turn, rest in enumerate(told, start=1):
            for mark in ("ready", "ended"):
                (folder / mark).unlink(missing_ok=True)
            started.stdin.write(json.dumps([str(folder), *rest]) + "\n")
            started.stdin.flush()
            pid = int(started.stdout.readline())
            if turn < len(told):
                ready_at = _ready(folder)
                time.sleep(max(0.0, ready_at + dice.uniform(0, longest) - time.monotonic()))
                if not (folder / "ended").exists():
                    os.kill(pid, signal.SIGKILL)
            assert started.stdout.readline() == "gone\n"
        started.stdin.close()
    assert (folder / "ended").exists(), "the last company, which nobody killed, did not come to its end"


def _ready(folder: Path) -> float:
    """Wait until the company is at work; answers the moment."""
    ends = time.monotonic() + PATIENCE
    while not (folder / "ready").exists():
        assert time.monotonic() < ends, "the company does not start"
        time.sleep(0.005)
    return time.monotonic()
