"""Killed again and again, the engine still ends every accepted order once, with its effects in order."""

import json
import os
import random
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from pydantic import SecretStr

from triptych.engine import ProcessEngine
from triptych.settings import Settings

PROGRAM = Path(__file__).with_name("trading_program.py")
ORDERS = 30
KILLS = 10
SHIPPED = ["reserve", "authorise", "ship", "notify"]
UNDONE = ["reserve", "authorise", "void", "release"]


class Floor:
    """Where traders work until they are killed, or have done what they had to."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self.folder = folder
        self.service = f"trade-{secrets.token_hex(4)}"
        self._database_url = database_url
        self._errors = folder / "errors.txt"
        with self._errors.open("w") as errors:
            self._program = subprocess.Popen(
                [sys.executable, "-W", "error", str(PROGRAM)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._traders: dict[str, int] = {}

    def begins(self, name: str, orders: range, lease: float = 30) -> None:
        """Have a trader begin with these orders."""
        assert self._program.stdin
        assert self._program.stdout
        line = [self.service, name, str(self.folder), orders.start, orders.stop, self._database_url, lease]
        self._program.stdin.write(json.dumps(line) + "\n")
        self._program.stdin.flush()
        for mark in ("ready", "ended"):
            (self.folder / f"{name}.{mark}").unlink(missing_ok=True)
        self._traders[name] = int(self._program.stdout.readline())

    def has(self, name: str, mark: str, *, within: float = 60) -> Path:
        """Wait until a trader is `ready` or has `ended`: the file that says so."""
        file = self.folder / f"{name}.{mark}"
        until = time.monotonic() + within
        while not file.exists():
            assert self.is_alive(name), f"{name} died: {self.said()}"
            assert time.monotonic() < until, f"{name} is not {mark} after {within} s"
            time.sleep(0.01)
        return file

    def is_alive(self, name: str) -> bool:
        """Whether a trader is at work."""
        try:
            os.kill(self._traders[name], 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self, name: str) -> None:
        """End a trader as a power cut would; one that has come to the end of its orders is gone already."""
        try:
            os.kill(self._traders[name], signal.SIGKILL)
        except ProcessLookupError:
            assert (self.folder / f"{name}.ended").exists(), f"{name} died: {self.said()}"
        while self.is_alive(name):
            time.sleep(0.005)

    def hang(self, name: str) -> None:
        """Have a trader's event loop stand still for a while."""
        os.kill(self._traders[name], signal.SIGUSR1)

    def said(self) -> str:
        """What the traders had to say so far."""
        return self._errors.read_text()

    def close(self) -> None:
        """End what is still running."""
        for name in self._traders:
            if self.is_alive(name):
                self.kill(name)
        self._program.kill()
        self._program.communicate()


@pytest.fixture
def floor(tmp_path: Path) -> Generator[Floor]:
    """Traders on SQLite."""
    floor = Floor(tmp_path)
    yield floor
    floor.close()


@pytest.fixture
def shared_floor(tmp_path: Path, postgres_url: str) -> Generator[Floor]:
    """Traders that share a PostgreSQL database."""
    floor = Floor(tmp_path, postgres_url)
    yield floor
    floor.close()


def check_books(ledger: Path, ended: dict[str, str]) -> None:
    """Every order ended, each step was entered once, and the entries are those of its end, in order."""
    with sqlite3.connect(ledger) as books:
        entries = books.execute("SELECT number, step FROM entries ORDER BY id").fetchall()
        calls = books.execute("SELECT count(*) FROM calls").fetchone()[0]
    assert sorted(map(int, ended)) == list(range(ORDERS))
    for number in range(ORDERS):
        steps = [step for order, step in entries if order == number]
        phase = ended[str(number)]
        if phase == "completed":
            assert (number % 4 != 1, steps) == (True, SHIPPED), number
        elif phase == "rejected":
            assert (number % 4, steps) == (1, UNDONE), number
        else:
            assert (number % 4, phase) == (2, "cancelled"), number
            assert steps in (UNDONE, ["reserve", "release"], []), number
    assert calls > len(entries), "no call was ever repeated, so nothing was tried here"


def test_every_order_ends_once_although_its_trader_is_killed_ten_times(floor: Floor):
    chance = random.Random(4)
    for kill in range(KILLS):
        floor.begins("trader", range(ORDERS * (kill + 1) // KILLS))  # some new ones for each to be killed at
        if kill % 4 != 3:  # every fourth one dies while it starts
            floor.has("trader", "ready")
        time.sleep(chance.uniform(0.05, 0.4))
        floor.kill("trader")
    floor.begins("trader", range(ORDERS))
    check_books(floor.folder / "ledger.db", json.loads(floor.has("trader", "ended").read_text()))


def test_replicas_take_over_from_killed_ones_that_never_come_back(shared_floor: Floor):
    floor, chance = shared_floor, random.Random(4)
    halves = [range(ORDERS // 2), range(ORDERS // 2, ORDERS)]
    names = ["first", "second"]
    for name, half in zip(names, halves, strict=True):
        floor.begins(name, half)
    for kill in range(KILLS // 2):
        which = kill % 2
        floor.has(names[which], "ready")
        time.sleep(chance.uniform(0.1, 0.5))
        floor.kill(names[which])
        # a new name each time, so that only another replica's janitor can see to what was left
        names[which] = f"again-{kill}"
        floor.begins(names[which], halves[which])
    ended = [json.loads(floor.has(name, "ended").read_text()) for name in names]
    check_books(floor.folder / "ledger.db", {**ended[0], **ended[1]})


def test_a_replica_that_hangs_loses_its_orders_and_does_no_harm_when_it_wakes(shared_floor: Floor):
    floor = shared_floor
    floor.begins("sleeper", range(ORDERS // 2), lease=1)
    floor.has("sleeper", "ready")
    time.sleep(0.3)
    floor.hang("sleeper")
    floor.begins("waker", range(ORDERS // 2, ORDERS), lease=1)
    ended = json.loads(floor.has("waker", "ended").read_text())
    ended |= json.loads(floor.has("sleeper", "ended").read_text())
    assert f"{floor.service}@sleeper has shown no sign of life" in floor.said()
    check_books(floor.folder / "ledger.db", ended)


async def test_a_second_process_of_one_name_is_refused_at_its_start(shared_floor: Floor, postgres_url: str):
    shared_floor.begins("twin", range(ORDERS))
    shared_floor.has("twin", "ready")
    settings = Settings(database_url=SecretStr(postgres_url), replica="twin")
    engine = ProcessEngine(settings, shared_floor.service, poll=0.1)
    with pytest.raises(
        RuntimeError, match=r"another process runs as trade-.*@twin: give each replica a name"
    ):
        await engine.start()
    shared_floor.has("twin", "ended")
