"""What passes through the chain: one request on its way in, and what the filters found out about it."""

from typing import Any, Final

import orjson

from gateway.certificate import ClientCertificate
from gateway.fields import PROBLEM_JSON as PROBLEM_JSON
from gateway.fields import Headers as Headers
from gateway.identity import VerifiedToken
from gateway.limits.accounts import Account
from gateway.routes import Endpoint, Route
from gateway.versions import Translation
from triptych.context import Caller
from triptych.problems import Problem

_GRACE: Final = 0.5
"""Seconds beyond the operation's timeout, so that a service can say itself that it took too long."""


class Exchange:
    """A request as a front read it, and, filter by filter, what is known of it.

    A front fills in the first group. `added` goes onto the answer, `inward` replaces `headers` on the way
    to the service. What follows from the head alone may be set from the beginning: `again`.
    """

    request_id = ""
    traceparent = ""
    parent = ""
    """The client's `traceparent`, where ours is another one."""
    path = ""
    """The canonical path, decoded: what is authorised is what is forwarded."""
    token: VerifiedToken | None = None
    route: Route | None = None
    endpoint: Endpoint | None = None
    version = ""
    """The dated version that the client gets, `2026-11-01`; empty where the service has none."""
    translation: Translation | None = None
    """What the front has to do to body and answer, where that version is an older one."""
    account: Account | None = None
    """Where this exchange counts as under way; `ended` gives the place back."""
    caller: Caller | None = None
    """As whom the service is called."""
    certificate: ClientCertificate | None = None
    """What the client has shown, where it was asked for a certificate."""
    target: bytes | None = None
    """The whole request target where it was not in origin form (RFC 9112, 3.2)."""
    inward: Headers | None = None
    """What goes to the service of the client's fields, once that is clear."""
    answered = 0
    """Status of the answer, once it has begun."""
    repeated = False
    """Whether a request with the same head has passed the chain before: `again`."""

    def __init__(
        self,
        method: str,
        raw_path: bytes,
        query: bytes,
        headers: Headers,
        client: str,
        *,
        scheme: str = "http",
        target: bytes | None = None,
        named: dict[bytes, bytes] | None = None,
    ) -> None:
        self.method = method
        self.raw_path = raw_path
        """Path of the request target; after `guard` in the one spelling that is passed on."""
        self.query = query
        self.headers = headers
        self.named = dict(headers) if named is None else named
        """The last value of each header; `guard` refuses repeats where they would matter."""
        self.client = client
        """Address of the client, `203.0.113.7` or `2001:db8::1`; empty when unknown."""
        self.scheme = scheme
        if target is not None:
            self.target = target
        self.account = None
        self.segments: list[str] = []
        """`path.split("/")`; the first one is empty."""
        self.added: Headers = []

    def again(self, client: str, scheme: str) -> "Exchange":
        """Another request with the head of this one, octet for octet, which has passed the whole chain.

        What was judged by the head alone need not be judged again; `self.query` must be as it came.
        """
        other = Exchange(
            self.method, self.raw_path, self.query, self.headers, client, scheme=scheme, named=self.named
        )
        other.repeated = True
        other.path, other.segments = self.path, self.segments
        other.route, other.endpoint, other.inward = self.route, self.endpoint, self.inward
        return other

    def ended(self) -> None:
        """The exchange is over, in whatever way. Every front says so; to say it again does no harm."""
        account = self.account
        if account is not None:
            self.account = None
            account.busy -= 1

    @property
    def patience(self) -> float:
        """Seconds in which the service's answer has to begin."""
        return (self.endpoint.timeout if self.endpoint is not None else 10.0) + _GRACE

    @property
    def actor(self) -> str:
        """Who asks, for the audit log: the token's subject, or `anonymous`."""
        return self.token.subject if self.token else "anonymous"


class Reply:
    """An answer that the gateway gives itself."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Headers, body: bytes = b"") -> None:
        self.status = status
        self.headers = headers
        self.body = body


def refusal(exchange: Exchange, problem: Problem, *headers: tuple[bytes, bytes]) -> Reply:
    """The problem as an answer (RFC 9457), with further header fields."""
    document: dict[str, Any] = problem.body(exchange.path, exchange.request_id)
    body = orjson.dumps(document)
    fields: Headers = [PROBLEM_JSON, (b"content-length", b"%d" % len(body)), *headers]
    if problem.retry_after is not None:
        fields.append((b"retry-after", b"%d" % max(1, -int(-problem.retry_after // 1))))
    return Reply(problem.status, fields, body)
