"""The shop's product list through the whole house, against the same by hand in plain FastAPI.

The house is a real `triptych up` with the demo company: gateway (token, scope, limits, audit, headers),
storefront, inventory-availability, commerce and warehouse. What the baselines are is said in
`bench.storefront_by_hand`. What is measured is the CPU of the server's process for one request, all its
threads together, over rounds that take turns; one connection asks, again and again.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from bench.processes import Served, free_port, served, triptych_up
from bench.report import Row, publish

ROUNDS = 7
REQUESTS = 300
PLENTY = json.dumps({"internal": {"burst": 1_000_000, "day": 100_000_000}})


@dataclass
class Asked:
    """A server, and what it is asked for."""

    server: Served
    path: str
    headers: Mapping[str, str]

    def answer(self) -> list[Any]:
        """The items that it answers."""
        found = httpx.get(self.server.address + self.path, headers=dict(self.headers), trust_env=False)
        return found.raise_for_status().json()["items"]

    def round(self) -> tuple[float, float]:
        """Milliseconds of CPU for a request, and its median time as the client sees it."""
        address = urlsplit(self.server.address)
        connection = HTTPConnection(address.hostname or "", address.port)
        times: list[float] = []
        busy = self.server.cpu()
        for _ in range(REQUESTS):
            began = time.perf_counter()
            connection.request("GET", self.path, headers=dict(self.headers))
            connection.getresponse().read()
            times.append(time.perf_counter() - began)
        connection.close()
        return (self.server.cpu() - busy) / REQUESTS * 1e3, statistics.median(times) * 1e3


def measure() -> list[Row]:
    """All in turn, each after a round that is not counted."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        house = stack.enter_context(triptych_up(Path(folder), TRIPTYCH_PLANS=PLENTY))
        port = free_port()
        by_hand = [sys.executable, "-m", "bench.storefront_by_hand", folder, str(port)]
        plain = stack.enter_context(served(by_hand, port, "/products"))
        asked = {
            "house": Asked(house, "/storefront/v1/products", _token(house, Path(folder))),
            "same": Asked(plain, "/products", {}),
            "joined": Asked(plain, "/joined/products", {}),
        }
        _agree([one.answer() for one in asked.values()])
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in asked}
        for counted in range(ROUNDS + 1):
            for name, one in asked.items():
                result = one.round()
                if counted:
                    found[name].append(result)
    cpu = {name: statistics.median(result[0] for result in results) for name, results in found.items()}
    seen = {name: statistics.median(result[1] for result in results) for name, results in found.items()}
    same, joined = "FastAPI by hand, same stores", "FastAPI by hand, one join of its own"
    return [
        Row("one request", cpu["house"], "ms CPU", cpu["same"], same, "ratio 1.6 or less"),
        Row("one request", cpu["house"], "ms CPU", cpu["joined"], joined),
        Row("one request, as the client sees it", seen["house"], "ms", seen["same"], same),
    ]


def _token(house: Served, data: Path) -> dict[str, str]:
    """The Authorization header of one of the demo's clients, of the plan that has plenty."""
    client = json.loads((data / "demo.json").read_bytes())["clients"]["internal-orders"]
    answer = httpx.post(
        f"{house.address}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(client["client_id"], client["client_secret"]),
        trust_env=False,
    )
    return {"authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}


def _agree(answers: Sequence[list[Any]]) -> None:
    if not answers[0] or any(answer != answers[0] for answer in answers):
        raise RuntimeError("The baselines do not answer what the house answers: they prove nothing.")


def main() -> None:
    """Measure and publish."""
    publish("storefront", measure())
