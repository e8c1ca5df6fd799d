"""The ASGI front apart from its requests: start and stop, what it does not speak, and what it remembers."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from gateway.identity import RememberedTokens, VerifiedToken
from tests.gateway.conftest import Browse
from tests.gateway.landscape import Landscape, Tokens
from triptych.problems import Unavailable

Running = Callable[[], AbstractAsyncContextManager[None]]


def told(*messages: str) -> Any:
    """An ASGI `receive` that says these."""
    waiting = [{"type": message} for message in messages]

    async def receive() -> dict[str, str]:
        return waiting.pop(0)

    return receive


class Told:
    """An ASGI `send` that remembers."""

    def __init__(self) -> None:
        self.types: list[str] = []

    async def __call__(self, message: Any) -> None:
        self.types.append(message["type"])


def part(name: str, events: list[str], fails: str = "") -> Running:
    """Something that runs beside the requests; it can fail to start or to stop."""

    @asynccontextmanager
    async def running() -> AsyncGenerator[None]:
        if fails == "start":
            raise RuntimeError(f"{name} cannot start")
        events.append(f"{name} starts")
        try:
            yield
        finally:
            events.append(f"{name} stops")
        if fails == "stop":
            raise RuntimeError(f"{name} cannot stop")

    return running


LIFESPAN: Any = {"type": "lifespan"}


async def test_what_runs_beside_the_requests_starts_in_order_and_stops_in_reverse(landscape: Landscape):
    events: list[str] = []
    gateway = landscape.gateway(running=[part("audit", events), part("keys", events)])
    send = Told()
    await gateway(LIFESPAN, told("lifespan.startup", "lifespan.shutdown"), send)
    assert events == ["audit starts", "keys starts", "keys stops", "audit stops"]
    assert send.types == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        ("start", ["lifespan.startup.failed"]),
        ("stop", ["lifespan.startup.complete", "lifespan.shutdown.failed"]),
    ],
)
async def test_a_part_that_fails_stops_the_others_and_says_when(
    landscape: Landscape, fails: str, said: list[str]
):
    events: list[str] = []
    gateway = landscape.gateway(running=[part("audit", events), part("keys", events, fails)])
    send = Told()
    with pytest.raises(RuntimeError, match="keys cannot"):
        await gateway(LIFESPAN, told("lifespan.startup", "lifespan.shutdown"), send)
    assert events[-1] == "audit stops"
    assert send.types == said


async def test_web_sockets_are_closed_at_the_door(landscape: Landscape):
    send = Told()
    scope: Any = {"type": "websocket", "path": "/shop/v1/hours"}
    await landscape.gateway()(scope, told("websocket.connect"), send)
    assert send.types == ["websocket.close"]


async def test_browsers_are_told_to_stay_on_https_where_that_is_spoken(landscape: Landscape, browse: Browse):
    secure = landscape.settings.model_copy(update={"public_url": "https://api.example"})
    async with browse(landscape.gateway(settings=secure)) as client:
        answer = await client.get("/shop/v1/products")
    assert "max-age=31536000" in answer.headers["strict-transport-security"]
    assert 'resource_metadata="https://api.example/.well-known/' in answer.headers["www-authenticate"]
    async with browse(landscape.gateway()) as client:
        assert "strict-transport-security" not in (await client.get("/healthz")).headers


async def test_a_verifier_that_cannot_judge_is_no_refusal_of_the_token(landscape: Landscape, browse: Browse):
    class Away:
        async def verify(self, token: str) -> VerifiedToken:
            raise Unavailable("The keys cannot be read.")

    async with browse(landscape.gateway(tokens=RememberedTokens(Away()))) as client:
        answer = await client.get("/shop/v1/products", headers={"authorization": "Bearer x"})
    assert answer.status_code == 503
    assert "www-authenticate" not in answer.headers


async def test_the_gateway_leads_to_its_portal_and_answers_its_own_paths_alone(
    landscape: Landscape, browse: Browse
):
    async with browse(landscape.gateway()) as client:
        home = await client.get("/")
        posted = await client.post("/healthz")
        missing = [await client.get(path) for path in ("/healthz/x", "/readyz/x", "/openapi", "/openapi/x")]
        ready = await client.get("/readyz")
    assert (home.status_code, home.headers["location"]) == (303, "/portal")
    assert posted.status_code == 405
    assert [answer.status_code for answer in missing] == [404] * 4
    assert ready.json() == {"status": "ready"}


async def test_the_authorization_server_sees_the_request_and_none_of_what_only_a_proxy_may_say(
    landscape: Landscape, browse: Browse
):
    seen: dict[str, Any] = {}

    async def server(scope: Any, receive: Any, send: Any) -> None:
        from triptych.context import current

        seen.update(scope, request_id=current().request_id)
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"no-store")]}
        )
        await send({"type": "http.response.body", "body": b"{}"})

    async with browse(landscape.gateway(authorization=server)) as client:
        answer = await client.get(
            "/oauth/a%75thorize?x=1",
            headers={"authorization": "Basic eDp5", "x-forwarded-for": "10.0.0.1", "cookie": "a=b"},
        )
    headers = dict(seen["headers"])
    assert seen["path"] == "/oauth/authorize"
    assert seen["raw_path"] == b"/oauth/authorize"
    assert seen["query_string"] == b"x=1"
    assert headers[b"authorization"] == b"Basic eDp5"
    assert headers[b"cookie"] == b"a=b"
    assert b"x-forwarded-for" not in headers
    assert seen["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-store"


# --- remembered tokens ---


def remembered(capacity: int = 10) -> tuple[RememberedTokens, Tokens, list[float]]:
    """Tokens `a`, `b` and `c` that expire at 100, and a clock that stands at 0."""
    clock = [0.0]
    tokens = Tokens()
    for name in "abc":
        tokens.known[name] = VerifiedToken(f"sub-{name}", "client", expires_at=100.0, jti=name)
    return RememberedTokens(tokens, capacity, lambda: clock[0]), tokens, clock


async def test_a_token_is_forgotten_when_it_expires():
    found, _, clock = remembered()
    await found.verify(b"a")
    assert found.known(b"a")
    clock[0] = 100.0
    assert found.known(b"a") is None


async def test_a_token_that_has_expired_already_is_not_remembered():
    found, _, clock = remembered()
    clock[0] = 200.0
    await found.verify(b"a")
    assert found.known(b"a") is None


async def test_the_oldest_makes_room():
    found, _, _ = remembered(capacity=2)
    for name in (b"a", b"b", b"c"):
        await found.verify(name)
    assert [bool(found.known(name)) for name in (b"a", b"b", b"c")] == [False, True, True]


@pytest.mark.parametrize("by", [{"jti": "a"}, {"subject": "sub-a"}])
async def test_what_is_revoked_is_forgotten_at_once(by: dict[str, str]):
    found, _, _ = remembered()
    await found.verify(b"a")
    await found.verify(b"b")
    found.forget(**by)
    assert found.known(b"a") is None
    assert found.known(b"b")
    found.forget(client="client")
    assert found.known(b"b") is None


async def test_a_token_that_is_revoked_while_it_is_verified_is_not_remembered():
    found, tokens, _ = remembered()
    judged, revoked = asyncio.Event(), asyncio.Event()

    class Slow:
        async def verify(self, token: str) -> VerifiedToken:
            verified = await tokens.verify(token)
            judged.set()
            await revoked.wait()
            return verified

    found = RememberedTokens(Slow(), now=lambda: 0.0)
    verifying = asyncio.create_task(found.verify(b"a"))
    await judged.wait()
    found.forget(jti="a")
    revoked.set()
    await verifying
    assert found.known(b"a") is None
