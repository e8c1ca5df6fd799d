"""The gateway behind nginx and HAProxy: the same attacks, and a journey from the token to the events."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.docs.blocks import PROJECT, blocks
from tests.gateway.attacks.conftest import LIMIT, Door, Through, opened
from tests.gateway.attacks.fronting import fronted
from tests.gateway.attacks.recording import Shop
from tests.gateway.attacks.spelling import REFUSED
from tests.gateway.attacks.test_paths import CONFUSING
from tests.gateway.authorization.conftest import ISSUER, House
from tests.gateway.authorization.test_behind_the_gateway import Front
from tests.gateway.authorization.test_bound_tokens import hold
from tests.gateway.raw import ORDER, get, post, statuses
from triptych.calling.internal_token import InternalTokens

CLOSE = b"Connection: close"
FRONTS = ["nginx", "haproxy"]


@pytest.fixture(scope="session", params=FRONTS)
async def behind(
    request: pytest.FixtureRequest, besieged: House, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Door]:
    """A door with another front before it, as docs/gateway/fronts.md has it."""
    shop, folder = Shop(InternalTokens(b"k" * 32)), tmp_path_factory.mktemp("front")
    async with (
        opened("asgi", besieged, folder, shop, trusted_proxies="127.0.0.1") as gateway,
        fronted(request.param, gateway, folder) as port,
    ):
        made = await besieged.server.clients.add(
            "Behind", grants=["client_credentials"], scopes=["shop:read", "shop:write"], plan="partner"
        )
        form = {"grant_type": "client_credentials"}
        given = await besieged.http.post(
            "/oauth/token", data=form, auth=(made.client_id, made.client_secret or "")
        )
        yield Door(request.param, port, besieged, shop, given.json()["access_token"].encode(), made.client_id)


@pytest.fixture
async def through(behind: Door) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the public address, which is the front's."""
    behind.shop.forget()
    async with httpx.AsyncClient(transport=Through(behind.port), base_url=ISSUER) as http:
        yield http


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, spellings in REFUSED.items() for name in spellings]
)
async def test_smuggling_through_a_front_front_and_gateway_see_the_same_requests(
    behind: Door, kind: str, name: str
):
    """A front may mend what the gateway refuses: then what it made of it is all that there is."""
    behind.shop.forget()
    answers = await behind.send(REFUSED[kind][name] + get(b"/healthz", CLOSE))
    served = [status for status in answers.statuses if status == 200]
    assert len(behind.shop.arrived) <= len(served), answers
    assert {one.caller.client for one in behind.shop.arrived} <= {behind.client_id, "anonymous"}
    assert not {500, 502, 503, 504} & set(answers.statuses), answers


@pytest.mark.parametrize("name", CONFUSING)
async def test_a_confusing_path_through_a_front_reaches_nobody(behind: Door, name: str):
    behind.shop.forget()
    answers = await behind.send(get(CONFUSING[name], b"Authorization: Bearer acme", CLOSE))
    assert set(answers.statuses) <= {400, 404}, answers
    assert behind.shop.arrived == []


async def test_the_client_is_whom_the_front_sees_and_not_whom_it_says_to_be(behind: Door):
    behind.shop.forget()
    spoofed = [b"X-Forwarded-For: 10.0.0.1", b"Forwarded: for=10.0.0.1", b"X-Real-IP: 10.0.0.1"]
    reader, writer = await asyncio.open_connection("127.0.0.1", behind.port, local_addr=("127.9.8.7", 0))
    writer.write(get(b"/shop/v1/hours", *spoofed, b"X-Forwarded-For: 10.0.0.2", CLOSE))
    assert statuses(await reader.read()) == [200]
    writer.close()
    await writer.wait_closed()
    assert [one.client for one in behind.shop.arrived] == ["127.9.8.7"]


async def test_limits_of_size_are_the_same(behind: Door, through: httpx.AsyncClient):
    headers = {"authorization": f"Bearer {behind.token.decode()}"}
    large = await through.post("/shop/v1/orders", content=b"x" * (LIMIT + 1), headers=headers)
    huge = await through.post("/shop/v1/orders", content=b"x" * 2_000_000, headers=headers)
    flood = await behind.send(get(b"/shop/v1/hours", *[b"X-%d: %s" % (n, b"x" * 90) for n in range(700)]))
    assert (large.status_code, huge.status_code) == (413, 413)
    assert set(flood.statuses) <= {400, 431}
    assert behind.shop.arrived == []


async def test_what_is_the_gateways_own_business_stays_inside(through: httpx.AsyncClient):
    assert (await through.get("/metrics")).status_code == 404
    assert (await through.get("/%6detrics")).status_code in (403, 404)
    assert (await through.get("/healthz")).json() == {"status": "ok"}


async def test_a_journey_from_the_token_to_the_order(behind: Door, through: httpx.AsyncClient):
    house = replace(behind.house, http=through)
    said = (await through.get("/.well-known/oauth-authorization-server")).json()
    assert (said["issuer"], said["token_endpoint"]) == (ISSUER, f"{ISSUER}/oauth/token")
    form = {"grant_type": "client_credentials", "scope": "shop:read"}
    token = (await house.token(house.office, **form)).json()["access_token"]
    headers = {"authorization": f"Bearer {token}", "x-request-id": "request-0001"}
    products = await through.get("/shop/v1/products?a=%2F", headers=headers)
    assert (products.status_code, products.headers["x-request-id"]) == (200, "request-0001")
    ordered = await behind.send(post(b"Content-Length: 15", CLOSE))
    assert ordered.statuses == [200]
    assert [(one.target, one.body) for one in behind.shop.arrived] == [
        (b"/shop/v1/products?a=%2F", b""),
        (b"/shop/v1/orders", ORDER),
    ]


async def test_a_bound_token_is_proved_for_the_public_address(behind: Door, through: httpx.AsyncClient):
    house = replace(behind.house, http=through)
    holder = await hold(Front(house, ISSUER, through, house.browser()))
    proof = holder.proof()
    assert [(await holder.call(proof)).status_code for _ in range(2)] == [200, 401]


class Ticking(Shop):
    """Tells an event, and the next one only when it is told to."""

    more: asyncio.Event

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        fields = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        await self.more.wait()
        await send({"type": "http.response.body", "body": b"data: 2\n\n", "more_body": False})


@pytest.mark.parametrize("name", FRONTS)
async def test_events_come_when_they_happen(name: str, besieged: House, tmp_path: Path):
    shop = Ticking(InternalTokens(b"k" * 32))
    shop.more = asyncio.Event()
    async with (
        asyncio.timeout(60),
        opened("asgi", besieged, tmp_path, shop, trusted_proxies="127.0.0.1") as gateway,
        fronted(name, gateway, tmp_path) as port,
        httpx.AsyncClient(transport=Through(port), base_url=ISSUER) as http,
        http.stream("GET", "/shop/v1/ticks", headers={"accept-encoding": "gzip"}) as events,
    ):
        lines = events.aiter_lines()
        assert await anext(lines) == "data: 1"
        shop.more.set()
        assert [line async for line in lines if line] == ["data: 2"]


def certificate(folder: Path) -> Path:
    """A key and a certificate for 127.0.0.1, signed by itself."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "front")]),
    )
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    encoding, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file = folder / "tls.pem"
    file.write_bytes(
        made.public_bytes(encoding) + key.private_bytes(encoding, kind, serialization.NoEncryption())
    )
    return file


@pytest.mark.parametrize("name", FRONTS)
async def test_the_guides_lines_for_tls_offer_http_2(name: str, besieged: House, tmp_path: Path):
    (lines,) = [
        one.text
        for one in blocks(PROJECT / "docs/gateway/fronts.md", "TLS and HTTP/2")
        if one.language == name and one.said == "tls"
    ]
    shop, pem = Shop(InternalTokens(b"k" * 32)), certificate(tmp_path)
    lines = lines.strip().replace("/etc/triptych/tls.pem", str(pem))
    trusting = ssl.create_default_context(cafile=str(pem))
    trusting.check_hostname = False
    trusting.set_alpn_protocols(["h2", "http/1.1"])
    async with (
        opened("asgi", besieged, tmp_path, shop, trusted_proxies="127.0.0.1") as gateway,
        fronted(name, gateway, tmp_path, listening=lines) as port,
    ):
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
        chosen = writer.get_extra_info("ssl_object").selected_alpn_protocol()
        writer.transport.abort()
        with contextlib.suppress(ConnectionError, ssl.SSLError):  # it may be in the middle of a frame
            await writer.wait_closed()
        plain = ssl.create_default_context(cafile=str(pem))
        plain.check_hostname = False
        async with httpx.AsyncClient(verify=plain, base_url=f"https://127.0.0.1:{port}") as http:
            answer = await http.get("/shop/v1/hours")
    assert chosen == "h2"
    assert answer.status_code == 200
    assert len(shop.arrived) == 1
