"""What every process has around its application: metrics, and a log line for each request."""

import sys
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import structlog
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from triptych.running.edge import edge, logged, with_metrics
from triptych.settings import Settings
from triptych.telemetry import logs
from triptych.telemetry.instruments import Instruments
from triptych.telemetry.metrics import Meter


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the traceparent that it was given, 503 under /down, and a request id."""
    headers = dict(scope["headers"])
    status = 503 if scope["path"].startswith("/down") else 200
    await send({"type": "http.response.start", "status": status, "headers": [(b"x-request-id", b"req-1")]})
    await send({"type": "http.response.body", "body": headers.get(b"traceparent", b"")})


def client(app: ASGIApp, peer: str = "127.0.0.1") -> httpx.AsyncClient:
    """A client of the application that comes from this address."""
    transport = httpx.ASGITransport(app, client=(peer, 1234))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway")


@pytest.mark.parametrize(
    ("token", "peer", "headers", "status"),
    [
        (None, "127.0.0.1", {}, 200),
        (None, "::1", {}, 200),
        (None, "10.0.0.7", {}, 403),
        (None, "127.0.0.1", {"forwarded": "for=203.0.113.7"}, 403),
        ("s3cret", "10.0.0.7", {"authorization": "Bearer s3cret"}, 200),
        ("s3cret", "127.0.0.1", {}, 401),
        ("s3cret", "127.0.0.1", {"authorization": "Bearer other"}, 401),
    ],
)
async def test_metrics_are_for_this_machine_or_for_who_has_the_token(
    token: str | None, peer: str, headers: dict[str, str], status: int
) -> None:
    app = with_metrics(echo, Meter("crm", "1"), SecretStr(token) if token else None)

    async with client(app, peer) as http:
        answer = await http.get("/metrics", headers=headers)
        other = await http.get("/metrics/more", headers=headers)

    assert answer.status_code == status
    assert ("triptych_info" in answer.text) == (status == 200)
    assert other.headers["x-request-id"] == "req-1"


async def test_a_request_is_logged_without_its_query(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = structlog.get_config()
    logs.set_up(Settings(), "gateway", sys.stderr)
    try:
        async with client(logged(echo)) as http:
            await http.get("/partner/v1/products?token=s3cret")
    finally:
        structlog.configure(**before)

    line: dict[str, Any] = orjson.loads(capsys.readouterr().err)
    assert (line["method"], line["path"], line["status"]) == ("GET", "/partner/v1/products", 200)
    assert line["request_id"] == "req-1"
    assert line["seconds"] >= 0
    assert "s3cret" not in str(line)


async def test_without_tracing_and_log_the_application_is_called_as_it_is(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)

    async with client(edge(echo, settings, Instruments(settings, "crm"))) as http:
        answer = await http.get("/crm/v1/customers", headers={"traceparent": "as it came"})

    assert answer.text == "as it came"
