"""Releases that change the order of the steps roll over replicas at work; each process keeps its order."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.triptych.engine.rolling_program import Ledger, order_of

ORDERS = "tests.triptych.engine.rolling_program"
UPGRADES = 20
LOAD = 5
"""Orders that each release has begun at least before the next one comes."""
NEW = 1
"""The first release."""


class Fleet:
    """Replicas that are upgraded one after the other."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self.folder = folder
        self.ledger = Ledger(folder / "ledger.db")
        self._service = f"trade-{secrets.token_hex(4)}"
        self._database_url = database_url
        self._errors = folder / "errors.txt"
        with self._errors.open("w") as errors:
            self._program = subprocess.Popen(
                [sys.executable, "-W", "error", "-m", ORDERS],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._replicas: dict[str, int] = {}

    def begins(self, name: str, release: int, *, drains: bool = False) -> None:
        """Have a replica of a release run, with those former versions that anybody may follow."""
        assert self._program.stdin
        assert self._program.stdout
        (self.folder / f"{name}.ready").unlink(missing_ok=True)
        told = [release, self.followed(release), self._database_url, drains]
        self._program.stdin.write(json.dumps([self._service, name, str(self.folder), *told]) + "\n")
        self._program.stdin.flush()
        self._replicas[name] = int(self._program.stdout.readline())

    def followed(self, release: int) -> list[int]:
        """The versions before a release that are followed or that a replica may still begin."""
        uses = self.uses()
        needed = {use["version"] for use in uses if use["running"] + use["waiting"] + use["dead"]}
        return sorted({version for version in needed | {release - 1} if NEW <= version < release})

    def uses(self) -> Any:
        """What the replica that looked last said of the versions."""
        files = sorted(self.folder.glob("*.versions"), key=lambda file: file.stat().st_mtime)
        return json.loads(files[-1].read_text()) if files else []

    def ready(self, name: str, mark: str = "ready", *, within: float = 90) -> Path:
        """Wait until a replica is at work, or has `ended`."""
        file, until = self.folder / f"{name}.{mark}", time.monotonic() + within
        while not file.exists():
            assert self.is_alive(name), f"{name} died: {self._errors.read_text()}"
            assert time.monotonic() < until, f"{name} is not {mark}: {self._errors.read_text()}"
            time.sleep(0.02)
        return file

    def is_alive(self, name: str) -> bool:
        """Whether a replica is at work."""
        try:
            os.kill(self._replicas[name], 0)
        except ProcessLookupError:
            return False
        return True

    def ends(self, name: str, *, by: signal.Signals) -> None:
        """End a replica, as a deployment or as a power cut does."""
        assert self.is_alive(name), f"{name} died: {self._errors.read_text()}"
        os.kill(self._replicas[name], by)
        while self.is_alive(name):
            time.sleep(0.005)

    def close(self) -> None:
        """End what is still running."""
        for name in self._replicas:
            if self.is_alive(name):
                self.ends(name, by=signal.SIGKILL)
        self._program.kill()
        self._program.communicate()

    def upgrade(self, name: str, release: int) -> None:
        """Put a replica of a release in the place of an older one; every third one is killed."""
        self.ends(name, by=signal.SIGKILL if release % 3 == 0 else signal.SIGTERM)
        self.begins(name, release)
        self.ready(name)
        until = time.monotonic() + 60
        while list(self.ledger.accepted().values()).count(release) < LOAD:
            assert self.is_alive(name), f"{name} died: {self._errors.read_text()}"
            assert time.monotonic() < until, f"{name} begins nothing: {self._errors.read_text()}"
            time.sleep(0.02)

    def check(self, last: str) -> None:
        """Every order ended, on the version that it began under, with that version's steps in their order."""
        # everything that was accepted: a machine that others use too takes its time
        ended = json.loads(self.ready(last, "ended", within=600).read_text())
        accepted, entries = self.ledger.accepted(), self.ledger.entries()
        assert ended == {number: ["completed", version] for number, version in accepted.items()}
        for number, version in accepted.items():
            assert entries[number] == [(version, step) for step in order_of(version)], number
        assert [use for use in self.uses() if use["running"] + use["waiting"] + use["dead"]] == []


@pytest.fixture
def fleet(tmp_path: Path) -> Generator[Fleet]:
    """One replica on SQLite."""
    fleet = Fleet(tmp_path)
    yield fleet
    fleet.close()


@pytest.fixture
def shared_fleet(tmp_path: Path, postgres_url: str) -> Generator[Fleet]:
    """Replicas that share a PostgreSQL database."""
    fleet = Fleet(tmp_path, postgres_url)
    yield fleet
    fleet.close()


@pytest.mark.xdist_group("crowds")
def test_twenty_upgrades_roll_over_three_replicas_and_every_order_keeps_its_version(shared_fleet: Fleet):
    fleet, names = shared_fleet, ["one", "two", "three"]
    for name in names:
        fleet.begins(name, NEW)
    for name in names:
        fleet.ready(name)
    for upgrade in range(1, UPGRADES + 1):
        # the next release begins while some replicas still run the one before the last
        for place in range(2):
            fleet.upgrade(names[(2 * upgrade + place) % 3], NEW + upgrade)
    for name in names:
        fleet.ends(name, by=signal.SIGTERM)
    fleet.begins("last", NEW + UPGRADES, drains=True)
    fleet.check("last")


@pytest.mark.xdist_group("crowds")
def test_twenty_upgrades_on_sqlite_leave_every_order_the_version_that_it_began_under(fleet: Fleet):
    fleet.begins("one", NEW)
    fleet.ready("one")
    for upgrade in range(1, UPGRADES + 1):
        fleet.upgrade("one", NEW + upgrade)
    fleet.ends("one", by=signal.SIGTERM)
    fleet.begins("one", NEW + UPGRADES, drains=True)
    fleet.check("one")
