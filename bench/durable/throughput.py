"""Processes and steps a second, and CPU for a step: on SQLite, on PostgreSQL with 1, 2 and 4 workers."""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from bench.durable.worker import STEPS
from bench.postgres import database
from bench.processes import Missing, environment, stop
from bench.report import Row, publish

COUNT = 100
ROUNDS = 5
AIM = "2"
"""Milliseconds of CPU for a step."""


@dataclass
class Crew:
    """OS processes that run business processes in one way, over one database."""

    workers: Sequence[psutil.Popen]
    count: int
    seen: list[dict[str, float]] = field(default_factory=list[dict[str, float]])

    def round(self) -> None:
        """All at once; adds up what they tell."""
        for worker in self.workers:
            worker.stdin.write("go\n")
            worker.stdin.flush()
        told = [json.loads(worker.stdout.readline()) for worker in self.workers]
        done = self.count * len(told)
        self.seen.append(
            {
                "step": sum(one["cpu"] for one in told) / done / STEPS * 1e3,
                "rate": done / max(one["seconds"] for one in told),
                "start": statistics.median(one["start"] for one in told) * 1e3,
            }
        )

    def median(self, what: str) -> float:
        """Of all rounds."""
        return statistics.median(one[what] for one in self.seen)


@contextmanager
def crew(way: str, size: int, count: int, **told: str) -> Generator[Crew]:
    """So many of them, once they are ready."""
    workers: list[psutil.Popen] = []
    try:
        for number in range(size):
            command = [sys.executable, "-m", "bench.durable.worker", way, str(count)]
            workers.append(
                psutil.Popen(
                    command,
                    env=environment(TRIPTYCH_REPLICA=f"r{number}", **told),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
        for worker in workers:
            assert worker.stdout.readline() == "ready\n", f"{way} did not start"
        yield Crew(workers, count)
    finally:
        for worker in workers:
            stop(worker)


def measure() -> list[Row]:
    """Every way in turn, and what was seen."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        crews = {
            "plain": stack.enter_context(crew("plain", 1, COUNT * 100)),
            "dbos, SQLite": stack.enter_context(crew("dbos", 1, COUNT, TRIPTYCH_DATA=str(folder / "dbos"))),
            "SQLite": stack.enter_context(crew("engine", 1, COUNT, TRIPTYCH_DATA=str(folder / "engine"))),
        }
        try:
            at = stack.enter_context(database())
            crews["dbos, PostgreSQL"] = stack.enter_context(
                crew("dbos", 1, COUNT, TRIPTYCH_DATABASE_URL=at, TRIPTYCH_DATA=str(folder))
            )
            for size in (1, 2, 4):
                at = stack.enter_context(database())
                crews[f"PostgreSQL, {size}"] = stack.enter_context(
                    crew("engine", size, COUNT // size, TRIPTYCH_DATABASE_URL=at, TRIPTYCH_DATA=str(folder))
                )
        except Missing as missing:
            sys.stderr.write(f"durable: without PostgreSQL, as {missing}\n")
        for _ in range(ROUNDS):
            for one in crews.values():
                one.round()
    return rows(crews)


def rows(crews: dict[str, Crew]) -> list[Row]:
    """Ours against DBOS by itself and against nothing that is kept."""
    bare = crews["plain"].median("step")
    found: list[Row] = []
    for kind in ("SQLite", "PostgreSQL"):
        ours = crews.get(kind) or crews.get(f"{kind}, 1")
        if ours is None:
            continue
        theirs = crews[f"dbos, {kind}"]
        step, start = theirs.median("step"), theirs.median("start")
        found += [
            Row(f"{kind}: one step", ours.median("step"), "ms CPU", step, "DBOS by itself", AIM),
            Row(f"{kind}: one step", ours.median("step"), "ms CPU", bare, "plain coroutines"),
            Row(f"{kind}: from the request to the first step", ours.median("start"), "ms", start, "DBOS"),
        ]
    for kind, one in crews.items():
        if not kind.startswith(("plain", "dbos")):
            base = crews["dbos, " + kind.partition(",")[0]].median("rate")
            found += [
                Row(f"{kind}: processes", one.median("rate"), "1/s", base, "DBOS by itself, one process"),
                Row(f"{kind}: steps", one.median("rate") * STEPS, "1/s"),
            ]
    return found


def main() -> None:
    """Measure and publish."""
    publish("durable.throughput", measure())


if __name__ == "__main__":
    main()
