"""What a process answers and notes around its application: `/metrics`, and a log line for each request."""

import asyncio
import hmac
import time
from ipaddress import ip_address

import structlog
from pydantic import SecretStr
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from triptych.problems import Forbidden, Unauthenticated
from triptych.serving.answers import problem_response
from triptych.settings import Settings
from triptych.telemetry.instruments import Instruments
from triptych.telemetry.metrics import CONTENT_TYPE, Meter

METRICS = "/metrics"
_FORWARDED = ("forwarded", "x-forwarded-for")
log = structlog.get_logger("triptych.access")


def edge(app: ASGIApp, settings: Settings, instruments: Instruments) -> ASGIApp:
    """The application of a process, with what every process has."""
    inner = logged(app) if settings.access_log else app
    return with_metrics(inner, instruments.meter, settings.metrics_token)


def outer_edge(app: ASGIApp, settings: Settings, instruments: Instruments) -> ASGIApp:
    """The gateway's application, which logs and traces its requests itself, with `/metrics` beside it."""
    return with_metrics(app, instruments.meter, settings.metrics_token)


def with_metrics(app: ASGIApp, meter: Meter, token: SecretStr | None) -> ASGIApp:
    """Answers `GET /metrics`: to the bearer of the token, or without one to this machine alone."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != METRICS:
            await app(scope, receive, send)
            return
        request = Request(scope)
        if (refusal := _refusal(request, token)) is not None:
            await problem_response(request, refusal, "")(scope, receive, send)
            return
        body = await asyncio.to_thread(meter.text)
        headers = [
            (b"content-type", CONTENT_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return application


def _refusal(request: Request, token: SecretStr | None) -> Forbidden | Unauthenticated | None:
    if token is not None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        right = hmac.compare_digest(given.encode(), token.get_secret_value().encode())
        return (
            None if right else Unauthenticated("Send the token of TRIPTYCH_METRICS_TOKEN as a bearer token.")
        )
    near = request.client is not None and ip_address(request.client.host).is_loopback
    if near and not any(name in request.headers for name in _FORWARDED):
        return None
    return Forbidden("Metrics are for this machine, unless TRIPTYCH_METRICS_TOKEN is set.")


def logged(app: ASGIApp) -> ASGIApp:
    """Writes a line for each request. Queries are left out: they may hold what no log should."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        began = time.perf_counter()
        answer: Message = {"status": 499, "headers": []}

        async def noting(message: Message) -> None:
            nonlocal answer
            if message["type"] == "http.response.start":
                answer = message
            await send(message)

        try:
            await app(scope, receive, noting)
        finally:
            ids = [value for name, value in answer["headers"] if name.lower() == b"x-request-id"]
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=answer["status"],
                seconds=round(time.perf_counter() - began, 6),
                request_id=ids[0].decode("latin-1") if ids else None,
            )

    return application
