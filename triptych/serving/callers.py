"""Who is calling: read from what the gateway says in process, or from the internal token on the wire."""

import re
import secrets
import time
from typing import cast

from starlette.requests import Request

from triptych.calling.internal_token import InternalTokens
from triptych.context import Caller, Context
from triptych.contract import Api, Operation
from triptych.problems import BadRequest, IdempotencyKeyMissing, Unauthenticated

CALLER = "triptych.caller"
"""Key of the ASGI scope under which the gateway, in the same process, names the caller."""
DEADLINE_HEADER = "triptych-deadline"
"""Milliseconds that the caller still waits."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{8,128}")
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class Callers:
    """Makes the context of each request to one service."""

    def __init__(self, api: type[Api], tokens: InternalTokens) -> None:
        self._audience = api.promised().name
        self._tokens = tokens

    def caller(self, request: Request) -> Caller:
        """The proven caller; raises Unauthenticated."""
        if (trusted := request.scope.get(CALLER)) is not None:
            return cast("Caller", trusted)
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise Unauthenticated(
                f"{self._audience} is called through the gateway, or by a service with an internal token."
            )
        return self._tokens.verify(token, self._audience)

    def context(self, request: Request, operation: Operation) -> Context:
        """What the operation shall know of the call; raises Unauthenticated, IdempotencyKeyMissing, …"""
        headers = request.headers
        seconds = operation.declared.timeout
        waits = headers.get(DEADLINE_HEADER, "")
        if waits.isascii() and waits.isdigit():
            seconds = min(seconds, int(waits[:9]) / 1000)
        given_id = headers.get("x-request-id", "")
        trace = headers.get("traceparent", "")
        return Context(
            caller=self.caller(request),
            deadline=float("inf") if operation.streams else time.monotonic() + seconds,
            idempotency_key=None if operation.safe else _idempotency_key(request, operation),
            request_id=given_id if _REQUEST_ID.fullmatch(given_id) else secrets.token_hex(12),
            traceparent=trace if _TRACEPARENT.fullmatch(trace) else "",
        )


def _idempotency_key(request: Request, operation: Operation) -> str | None:
    header = request.headers.get("idempotency-key")
    if header is None:
        if operation.declared.keyed:
            raise IdempotencyKeyMissing(
                "Send an Idempotency-Key header with a value of your own, such as a UUID, "
                "and the same one again when you repeat this request."
            )
        return None
    key = header.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not _KEY.fullmatch(key):
        raise BadRequest("Idempotency-Key has to be 1 to 255 visible ASCII characters.")
    return key
