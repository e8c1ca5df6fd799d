"""Killed again and again, what was accepted is told, and every event has its effect once, in order."""

import random
from pathlib import Path

import pytest

from systems.crm.contract import Crm
from systems.support.contract import Support
from tests.killing import kill_all_but_the_last
from tests.triptych.events.conftest import running
from tests.triptych.events.welcome import greetings
from triptych.canonical.party import CustomerFilter
from triptych.contract import every
from triptych.settings import Settings

PROGRAM = Path(__file__).with_name("greeting_program.py")
KILLS = 8
EACH = 6
"""Customers that each company enters, unless it is killed before."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What companies have left that were killed one after the other, but for the last one."""
    entered = [(turn * EACH, (turn + 1) * EACH) for turn in range(KILLS + 1)]
    kill_all_but_the_last(PROGRAM, tmp_path, entered, random.Random(7), longest=0.4)
    return tmp_path


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
