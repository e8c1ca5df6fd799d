"""How long `triptych up` takes until it answers, and the memory it then has, against its libraries alone."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import psutil

from bench.processes import cpu, environment, started, stop, triptych_up
from bench.report import Row, publish

ROUNDS = 5
LIBRARIES = (
    "aiosqlite, argon2, authlib.oauth2, dbos, fastapi, httptools, httpx, jinja2, joserfc.jwt, orjson, "
    "prometheus_client, pydantic_settings, rich, slowapi, sqlalchemy.ext.asyncio, structlog, typer, "
    "uvicorn, uvloop, yaml"
)
"""What `up` imports of others' at every start, and what this program would import without any of ours."""
ALONE = "importing its libraries alone"
MB = 1e6

Measured = dict[str, list[float]]


def measure() -> list[Row]:
    """A first start, a second one and the libraries, in turn; the medians of the rounds."""
    found: Measured = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        _up(Path(folder), {}, "")  # compiles what is not compiled yet, and is not counted
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            _up(Path(folder), found, "first")
            _up(Path(folder), found, "second")
        _libraries(found)
    median = {name: statistics.median(values) for name, values in found.items()}
    return _rows(median)


def _up(data: Path, found: Measured, name: str) -> None:
    with triptych_up(data) as served:
        costs = {"seconds": served.seconds, "cpu": served.cpu(), **_memory(served.process)}
        costs["stop"] = stop(served.process)
    for what, value in costs.items():
        found.setdefault(f"{name} {what}", []).append(value)


def _libraries(found: Measured) -> None:
    began = time.perf_counter()
    program = f"import {LIBRARIES}; print(flush=True); input()"
    with started([sys.executable, "-c", program], environment(), subprocess.PIPE) as process:
        process.stdout.readline()
        seconds = time.perf_counter() - began
        for what, value in {"seconds": seconds, "cpu": cpu(process), **_memory(process)}.items():
            found[f"alone {what}"].append(value)


def _memory(process: psutil.Popen) -> dict[str, float]:
    """MB: all that is resident, the part that is its own, and that with its share of common pages."""
    memory = process.memory_full_info()
    parts = {"rss": memory.rss, "uss": memory.uss, "pss": getattr(memory, "pss", memory.uss)}
    return {name: size / MB for name, size in parts.items()}


def _rows(median: dict[str, float]) -> list[Row]:
    def row(what: str, name: str, unit: str, aim: str = "") -> Row:
        alone = median.get(f"alone {name.split()[1]}")
        return Row(what, median[name], unit, alone, ALONE if alone else "", aim)

    return [
        row("first start, the demo company seeded", "first seconds", "s", "5 s or less"),
        row("second start", "second seconds", "s", "2.5 s or less"),
        row("first start", "first cpu", "s CPU"),
        row("second start", "second cpu", "s CPU"),
        row("memory after the first start (RSS)", "first rss", "MB", "under 200 MB"),
        row("memory after the second start (RSS)", "second rss", "MB", "under 200 MB"),
        row("with its share of common pages (PSS)", "second pss", "MB"),
        row("its own alone (USS)", "second uss", "MB"),
        row("from Ctrl-C to the end", "second stop", "s", "under 5 s"),
    ]


def main() -> None:
    """Measure and publish."""
    publish("start", measure())
