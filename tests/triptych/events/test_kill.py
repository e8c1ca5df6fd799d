"""Killed again and again, what was accepted is told, and every event has its effect once, in order."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from systems.crm.contract import Crm
from systems.support.contract import Support
from tests.triptych.events.conftest import PATIENCE, running
from tests.triptych.events.welcome import greetings
from triptych.canonical.party import CustomerFilter
from triptych.contract import every
from triptych.settings import Settings

PROGRAM = Path(__file__).with_name("greeting_program.py")
PROJECT = Path(__file__).parents[3]
KILLS = 8
EACH = 6
"""Customers that each company enters, unless it is killed before."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What companies have left that were killed one after the other, but for the last one."""
    dice = random.Random(7)
    program = subprocess.Popen(
        [sys.executable, "-W", "error", str(PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert program.stdin
    assert program.stdout
    with program:
        for turn in range(KILLS + 1):
            for mark in ("ready", "ended"):
                (tmp_path / mark).unlink(missing_ok=True)
            program.stdin.write(json.dumps([str(tmp_path), turn * EACH, (turn + 1) * EACH]) + "\n")
            program.stdin.flush()
            pid = int(program.stdout.readline())
            if turn < KILLS:
                ready_at = ready(tmp_path)
                time.sleep(max(0.0, ready_at + dice.uniform(0, 0.4) - time.monotonic()))
                if not (tmp_path / "ended").exists():
                    os.kill(pid, signal.SIGKILL)
            assert program.stdout.readline() == "gone\n"
        program.stdin.close()
    assert (tmp_path / "ended").exists(), "the last company, which nobody killed, did not come to its end"
    return tmp_path


def ready(folder: Path) -> float:
    """Wait until the company is at work; answers the moment."""
    ends = time.monotonic() + PATIENCE
    while not (folder / "ready").exists():
        assert time.monotonic() < ends, "the company does not start"
        time.sleep(0.005)
    return time.monotonic()


async def test_every_accepted_customer_is_greeted_for_each_change_once(folder: Path) -> None:
    async with running(Settings(data=folder), "crm", "support") as platform:
        crm, support = platform.client(Crm), platform.client(Support)
        customers = [one async for one in every(crm.customers, CustomerFilter(limit=200))]
        assert len(customers) >= accepted(folder) > EACH
        for customer in customers:
            expected = [f"version {version}" for version in range(1, customer.version + 1)]
            assert await greetings(support, customer.id) == expected


def accepted(folder: Path) -> int:
    """How many customers a company had an answer for."""
    return len(list(folder.glob("accepted-*")))
