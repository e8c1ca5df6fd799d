"""A service that is really stopped: operators are told, and what waited for it ends once it is back."""

import secrets
import signal
import socket
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from pydantic import SecretStr

from tests.shop import Shop
from tests.triptych.operations.conftest import SECRET
from tests.triptych.operations.pager import Pager, answering
from tests.triptych.running.shell import PATIENCE, Shell
from triptych.running.loop import run
from triptych.settings import Settings

pytestmark = pytest.mark.blocking("it runs services in other processes, and waits for them")
SERVICES = "crm,erp,billing,marketing,order-to-fulfillment,operations"
RULES = """\
every: 1s
rules:
  letters: {when: dead-letters, above: 0}
  circuits: {when: circuit-open}
  books: {when: imbalance}
channels:
  pager: {webhook: "http://127.0.0.1:%d/", secret_variable: PAGER_SECRET}
"""
ORDERS = 12


@dataclass
class Warehouse:
    """The warehouse, in a process of its own."""

    shell: Shell
    port: int

    def opens(self) -> "Warehouse":
        """Start it, and wait until it answers."""
        self.process = self.shell.start("serve", "warehouse", "--port", str(self.port))
        deadline = time.monotonic() + PATIENCE
        while not self.answers():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline, "the warehouse does not answer"
            time.sleep(0.05)
        return self

    def answers(self) -> bool:
        """Whether it does."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/healthz", trust_env=False).is_success
        except httpx.TransportError:
            return False

    def closes(self) -> None:
        """Stop it."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=PATIENCE)


@pytest.fixture
def pager() -> Generator[tuple[Pager, int]]:
    """Whoever is on call."""
    with answering(Pager(willing=True)) as found:
        yield found


def firing(pager: Pager) -> set[str]:
    """The rules that fire, as far as the pager was told."""
    state: dict[str, bool] = {}
    for body in pager.bodies():
        state |= {one["rule"]: True for one in body["data"]["firing"]}
        state |= {one["rule"]: False for one in body["data"]["resolved"]}
    return {rule for rule, fires in state.items() if fires}


@pytest.fixture
def town(tmp_path: Path, pager: tuple[Pager, int]) -> Generator[tuple[Shell, Warehouse, Shop]]:
    """The warehouse apart, everything else together, and a shop that has something to sell."""
    (tmp_path / "alerts.yaml").write_text(RULES % pager[1])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where, key = {"TRIPTYCH_WAREHOUSE_URL": f"http://127.0.0.1:{port}"}, secrets.token_urlsafe(32)
    settings = {
        **where,
        "TRIPTYCH_SECRET_KEY": key,
        "TRIPTYCH_SEED": "false",
        "TRIPTYCH_STEP_ATTEMPTS": "2",
        "TRIPTYCH_STEP_DELAY": "0.1",
        "TRIPTYCH_ALERTS": str(tmp_path / "alerts.yaml"),
        "TRIPTYCH_ALLOW_PRIVATE_ADDRESSES": "true",
        "PAGER_SECRET": SECRET,
    }
    house, yard = tmp_path / "house", tmp_path / "yard"
    house.mkdir()
    yard.mkdir()
    with (
        closing(Shell(house, TRIPTYCH_SERVICES=SERVICES, **settings)) as shell,
        closing(Shell(yard, **settings)) as other,
    ):
        warehouse = Warehouse(other, port).opens()
        shell.up()
        apart = Settings(data=yard / "client", topology="split", secret_key=SecretStr(key), per_service=where)
        shop = Shop(Settings(data=shell.data), apart)
        run(shop.stocked())
        yield shell, warehouse, shop


def test_a_stopped_service_is_told_of_and_what_waited_for_it_ends_once_when_it_is_back(
    town: tuple[Shell, Warehouse, Shop], pager: tuple[Pager, int]
) -> None:
    (shell, warehouse, shop), (told, _) = town, pager
    warehouse.closes()
    accepted = [run(shop.buys(number)) for number in range(ORDERS)]
    told.until(lambda: {"letters", "circuits"} <= firing(told))
    letters = listed(shell, ORDERS)
    down = shell.run("processes", "balance")

    warehouse.opens()
    replayed = shell.run("dead-letters", "replay", "--all")
    assert replayed.code == 0, replayed.err
    ended = run(shop.ends(accepted))
    run(shop.adds_up(accepted))
    told.until(lambda: not firing(told))
    up_again = shell.run("processes", "balance")
    left = listed(shell, 0)
    assert {one["step"] for one in letters} == {"reserve"}
    assert {one["error"] for one in letters} <= {"Unavailable", "CircuitOpen"}
    assert down.code == up_again.code == 0, down.out + up_again.out
    assert ended == {"completed"}
    assert left == []


def listed(shell: Shell, count: int) -> list[Any]:
    """The dead letters, once there are so many."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found: list[Any] = orjson.loads(shell.run("dead-letters", "list", "--json").out)
        if len(found) == count:
            return found
        assert time.monotonic() < deadline, found
