"""A first start as users have it: `triptych up`, the commands of its banner, and everybody in demo.json."""

import os
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest

from tests.gateway.authorization.browsing import Browser, Flow, Registered

PATIENCE = 60
"""Seconds that a busy machine may take for an order."""
SHIP_TO = {
    "name": "ACME Trading Ltd",
    "line1": "12 Canyon Street",
    "city": "Bristol",
    "postal_code": "BS1 4DJ",
    "country": "GB",
}


@dataclass
class Running:
    """A demo company that answers."""

    data: Path
    banner: list[str]
    http: httpx.Client
    demo: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.demo = orjson.loads((self.data / "demo.json").read_bytes())

    def token(self, client: str) -> dict[str, str]:
        """The header of a demo client that acts on its own."""
        known = self.demo["clients"][client]
        answer = self.http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(known["client_id"], known["client_secret"]),
        )
        return {"authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}

    def get(self, path: str, token: dict[str, str], **query: str) -> Any:
        """What is answered to somebody with this token."""
        return self.http.get(path, headers=token, params=query).raise_for_status().json()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Started by hand in an empty folder."""
    home = tmp_path_factory.mktemp("meridian")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRIPTYCH_")}
    with subprocess.Popen(
        [str(Path(sys.executable).with_name("triptych")), "up", "--port", "0"],
        cwd=home,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            banner: list[str] = []
            while not (banner and banner[-1] == "" and any("token" in line for line in banner)):
                line = process.stdout.readline()
                assert line, f"it ended with {process.wait()}"
                banner.append(line.rstrip("\n"))
            address = banner[0].split("running on ")[1].split()[0]
            with httpx.Client(base_url=address, timeout=30, trust_env=False) as http:
                yield Running(home / "var", banner, http)
        finally:
            process.terminate()


def test_demo_json_says_who_may_use_the_company(running: Running) -> None:
    clients, users = running.demo["clients"], running.demo["users"]

    assert running.demo["issuer"] == str(running.http.base_url).rstrip("/")
    assert list(clients) == ["storefront-web", "partner-acme", "internal-orders", "operator"]
    assert all(known["client_id"] == name for name, known in clients.items())
    assert [name for name, known in clients.items() if "client_secret" not in known] == ["storefront-web"]
    assert "http://127.0.0.1:5173/" in clients["storefront-web"]["redirect_uris"]
    assert clients["partner-acme"]["scope"] == "partner:read partner:order"
    assert [address for address, known in users.items() if "customer_id" in known] == [
        "mara.lindholm@post.example",
        "jonas.weber@post.example",
    ]
    assert (running.data / "demo.json").stat().st_mode & 0o777 == 0o600


def test_every_command_of_the_banner_can_be_pasted(running: Running) -> None:
    commands = [line.strip() for line in running.banner if line.startswith("  ") and "token" in line.lower()]
    script = "\n".join(commands).replace("curl -s", "curl -s --fail-with-body")

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=running.data.parent, capture_output=True, text=True
    )

    assert sum("curl" in command for command in commands) >= 3
    assert done.returncode == 0, done.stdout + done.stderr
    answers = done.stdout.replace("}{", "}\n{").splitlines()
    assert all(orjson.loads(answer)["items"] for answer in answers)


def test_a_partners_order_goes_from_the_token_to_delivered_and_paid_goods(running: Running) -> None:
    partner = running.token("partner-acme")
    products = {item["sku"]: item for item in running.get("/partner/v1/products", partner)["items"]}
    order = {
        "reference": f"try-{uuid4()}",
        "lines": [{"sku": "TEA-CHAI-10", "quantity": 2}],
        "ship_to": SHIP_TO,
    }
    headers = {**partner, "idempotency-key": str(uuid4())}

    accepted = running.http.post("/partner/v1/orders", json=order, headers=headers)
    again = running.http.post("/partner/v1/orders", json=order, headers=headers)
    done = _until_ended(running, accepted.headers["location"], partner)
    seen = running.get(f"/order-to-fulfillment/v1/orders/{done['id']}", running.token("internal-orders"))
    whose = running.get(f"/service-desk/v1/customers/{seen['customer_id']}", running.token("operator"))

    assert (accepted.status_code, again.json()["id"]) == (202, accepted.json()["id"])
    assert done["status"] == "completed"
    assert done["total"]["amount_minor"] == 2 * products["TEA-CHAI-10"]["price"]["amount_minor"] == 3780
    assert whose["customer"]["name"] == "ACME Trading Ltd"
    assert done["id"] in [found["id"] for found in whose["orders"]]
    left = running.get("/partner/v1/products/TEA-CHAI-10", partner)["available"]
    assert left == products["TEA-CHAI-10"]["available"] - 2


def _until_ended(running: Running, path: str, token: dict[str, str]) -> Any:
    order: Any = None
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        order = running.get(path, token)
        if order["status"] in ("completed", "rejected", "cancelled"):
            return order
        time.sleep(0.1)
    pytest.fail(f"{path} did not come to its end: {order}")


def test_the_partner_finds_its_former_orders_the_last_of_which_wanted_too_much(running: Running) -> None:
    partner = running.token("partner-acme")
    found = running.get("/partner/v1/orders", partner)["items"]
    former = {order["reference"]: order["id"] for order in found if order["reference"].startswith("ACME-")}

    ends = [
        _until_ended(running, f"/partner/v1/orders/{former[reference]}", partner)
        for reference in sorted(former)
    ]

    assert sorted(former) == ["ACME-2026-001", "ACME-2026-002", "ACME-2026-003"]
    assert [order["status"] for order in ends] == ["completed", "completed", "rejected"]
    assert "TEA-GYOK-50" in ends[2]["reason"]


async def test_a_customer_signs_in_at_the_shop_and_finds_their_own_orders(running: Running) -> None:
    email = "mara.lindholm@post.example"
    known = running.demo["users"][email]
    shop = Registered("storefront-web", None, redirect_uri="http://127.0.0.1:49152/")
    flow = Flow(shop, "openid storefront:profile storefront:orders")
    async with httpx.AsyncClient(base_url=running.http.base_url, timeout=30, trust_env=False) as http:
        browser = Browser(http)
        page = await browser.sign_in(await browser.get(flow.url()), email, known["password"])
        flow.answer = _returned(await browser.submit(page, action="allow"))
    answer = running.http.post("/oauth/token", data=flow.exchange(client_id="storefront-web"))
    mara = {"authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}

    me = running.get("/storefront/v1/me", mara)
    orders = running.get("/storefront/v1/orders", mara)["items"]
    whole = running.get(f"/service-desk/v1/customers/{known['customer_id']}", running.token("operator"))

    assert (me["name"], me["email"]) == ("Mara Lindholm", email)
    assert orders
    assert {order["id"] for order in orders} == {order["id"] for order in whole["orders"]}


def _returned(page: httpx.Response) -> dict[str, str]:
    return dict(httpx.URL(page.headers["location"]).params)


def test_the_service_desk_sees_a_customer_whole(running: Running) -> None:
    operator = running.token("operator")
    (acme,) = running.get("/service-desk/v1/customers", operator, q="acme")["items"]

    view = running.get(f"/service-desk/v1/customers/{acme['id']}", operator)

    assert view["missing"] == []
    assert all(view[part] for part in ("orders", "shipments", "invoices", "payments", "consents"))
    assert view["customer"]["external_id"] == "C-1001"


def test_the_system_apis_stay_closed_to_the_outside(running: Running) -> None:
    answer = running.http.get("/crm/v1/customers", headers=running.token("operator"))

    assert answer.status_code in (403, 404)
