"""kill -9 of the whole platform while orders come in: every accepted order ends once."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from systems.billing.contract import Billing
from systems.erp.contract import Erp
from systems.warehouse.contract import Warehouse
from tests.landscape import free_ports
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.canonical.billing import InvoiceFilter, InvoiceStatus, PaymentFilter, PaymentStatus
from triptych.canonical.inventory import InventoryLevelFilter, ReservationFilter, ReservationStatus
from triptych.canonical.order import OrderStatus
from triptych.canonical.shipping import ShipmentFilter, ShipmentStatus
from triptych.contract import every
from triptych.settings import Settings

ORDERS = 50
KILLS = 10
PATIENCE = 3000
"""Attempts, a tenth of a second apart, before we call a request unanswered: restarts take their time."""


class Running:
    """`triptych up` in a data folder, killed and started again."""

    def __init__(self, data: Path, port: int) -> None:
        self.data = data
        self.base = f"http://127.0.0.1:{port}"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TRIPTYCH_")}
        self._environment = {
            **clean,
            "TRIPTYCH_DATA": str(data),
            "TRIPTYCH_PORT": str(port),
            "TRIPTYCH_SEED_SCALE": "0.2",
            "TRIPTYCH_PLANS": json.dumps({"partner": {"burst": 10_000, "day": 1_000_000}}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.data.parent / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(Path(sys.executable).with_name("triptych")), "up"],
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def until_ready(self) -> None:
        assert self._process is not None
        for _ in range(1200):
            assert self._process.poll() is None, (self.data.parent / "log").read_text()
            with suppress(httpx.HTTPError):  # it is not there yet
                if httpx.get(f"{self.base}/healthz", timeout=2, trust_env=False).status_code == 200:
                    return
            time.sleep(0.1)
        pytest.fail("the platform did not start: " + (self.data.parent / "log").read_text())

    def end(self, how: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(30)


class Buyer(threading.Thread):
    """A partner that repeats each request, with its key, until it has an answer."""

    def __init__(self, running: Running, skus: list[str]) -> None:
        super().__init__()
        self.running = running
        self.skus = skus
        self.accepted: dict[str, str] = {}
        self._client = json.loads((running.data / "demo.json").read_text())["clients"]["partner-acme"]
        self._http = httpx.Client(base_url=running.base, timeout=20, trust_env=False)
        self._token = ""

    def run(self) -> None:
        for number in range(ORDERS):
            body = {
                "reference": f"KILL-{number}",
                "lines": [{"sku": self.skus[number % len(self.skus)], "quantity": 1 + number % 3}],
                "ship_to": {"name": "A", "line1": "B 1", "city": "C", "postal_code": "1", "country": "DE"},
            }
            answer = self.ask("POST", "/partner/v1/orders", json=body, key=f"order-{number}")
            self.accepted[answer["id"]] = answer["reference"]

    def ask(self, method: str, path: str, *, key: str = "", **sent: Any) -> Any:
        """The answer, however often the platform dies before it gives it."""
        for _ in range(PATIENCE):
            with suppress(httpx.HTTPError):  # it was killed
                headers = {"authorization": f"Bearer {self._token or 'none'}"}
                if key:
                    headers["idempotency-key"] = key
                answer = self._http.request(method, path, headers=headers, **sent)
                if answer.status_code in (200, 202):
                    return answer.json()
                if answer.status_code == 401:
                    self._sign_in()
                elif answer.status_code not in (409, 500, 503, 504):
                    raise AssertionError(answer.text)
            time.sleep(0.1)
        raise AssertionError(f"{method} {path} was never answered")

    def close(self) -> None:
        self._http.close()

    def _sign_in(self) -> None:
        answer = self._http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(self._client["client_id"], self._client["client_secret"]),
        )
        if answer.status_code == 200:
            self._token = answer.json()["access_token"]


def test_every_accepted_order_ends_once_whenever_the_platform_is_killed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    chance = random.Random(7)
    running = Running(data, free_ports(1)[0])
    running.start()
    running.until_ready()
    buyer = Buyer(running, [])
    products = buyer.ask("GET", "/partner/v1/products?limit=200")["items"]
    buyer.skus = [found["sku"] for found in products if found["available"] > ORDERS]
    assert buyer.skus
    buyer.start()
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.05, 1.5))
        running.end(signal.SIGKILL)
        running.start()
        if chance.random() < 0.7:
            running.until_ready()
    running.until_ready()
    buyer.join(600)
    assert len(buyer.accepted) == ORDERS
    for order_id in buyer.accepted:
        for _ in range(600):
            if buyer.ask("GET", f"/partner/v1/orders/{order_id}")["status"] in ("completed", "rejected"):
                break
            time.sleep(0.1)
    buyer.close()
    running.end(signal.SIGTERM)
    asyncio.run(books_agree(data, set(buyer.accepted)))


async def books_agree(data: Path, accepted: set[str]) -> None:
    """Each order was shipped, charged and reserved once, as the systems' own books say."""
    async with Platform(Settings(data=data), installed()) as platform:
        erp, warehouse = platform.client(Erp, "tests"), platform.client(Warehouse, "tests")
        billing = platform.client(Billing, "tests")
        shipments = [one async for one in every(warehouse.shipments, ShipmentFilter(limit=200))]
        payments = [one async for one in every(billing.payments, PaymentFilter(limit=200))]
        invoices = [one async for one in every(billing.invoices, InvoiceFilter(limit=200))]
        held = ReservationFilter(status=ReservationStatus.RESERVED, limit=200)
        shipped = Counter(one.order_id for one in shipments if one.status is not ShipmentStatus.CANCELLED)
        charged = Counter(one.order_id for one in payments if one.status is not PaymentStatus.VOIDED)
        billed = Counter(one.order_id for one in invoices if one.status is not InvoiceStatus.VOID)
        for order_id in accepted:
            order = await erp.orders.get(order_id)
            assert order.status is OrderStatus.FULFILLED
            assert (shipped[order_id], charged[order_id], billed[order_id]) == (1, 1, 1)
            (payment,) = [one for one in payments if one.order_id == order_id]
            assert (payment.status, payment.captured) == (PaymentStatus.CAPTURED, order.total)
        still_held = {one.order_id async for one in every(warehouse.reservations, held)}
        assert not still_held & accepted
        promised = Counter[str]()
        async for reservation in every(warehouse.reservations, held):
            for line in reservation.lines:
                promised[line.sku] += line.quantity
        reserved = Counter[str]()
        async for level in every(warehouse.inventory, InventoryLevelFilter(limit=200)):
            reserved[level.sku] += level.reserved
        assert +reserved == +promised
