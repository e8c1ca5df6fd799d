"""Who asks, until when, and under which key: what travels with every call, in every placement."""

import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is at the other end of a call.

    `subject` (the user or client that started it all), `client` (the OAuth client), `customer` and `acting`
    never change on the way down the tiers; `service` and `scopes` are those of the last hop.
    """

    subject: str = "anonymous"
    client: str = "anonymous"
    service: str = ""
    scopes: frozenset[str] = frozenset()
    customer: str = ""
    """Canonical id of the customer that the subject is, if the subject is one."""
    acting: tuple[str, ...] = ()
    """Who acts for the subject (RFC 8693 section 4.1), the one at our door first; empty where nobody does."""

    @property
    def who(self) -> str:
        """The person, or else the client that acts in its own name."""
        return self.subject or self.client

    @property
    def keys_of(self) -> str:
        """Whose idempotency keys these are: a service's, or at our door each person's behind each client."""
        outside = f"{self.client} {self.subject}"
        return outside if self.service == "gateway" else self.service or outside

    def through(self, service: str, scopes: frozenset[str]) -> "Caller":
        """The caller that `service` presents when it calls on, with the scopes it declares it needs."""
        return Caller(self.subject, self.client, service, scopes, self.customer, self.acting)


class Observer(Protocol):
    """Keeps what the calls that are made within a context asked, and what they were answered."""

    async def observe(
        self,
        operation: Any,
        arguments: Mapping[str, Any],
        call: Callable[[Any, Callable[["Context"], Awaitable[Any]]], Awaitable[Any]],
        send: Callable[["Context"], Awaitable[Any]],
        /,
    ) -> Any:
        """What `call(operation, send)` answers; raises what it raises."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """What one operation knows of the call that it serves."""

    caller: Caller = field(default_factory=Caller)
    deadline: float = NEVER
    """Moment on `time.monotonic` after which nobody waits for the answer."""
    idempotency_key: str | None = None
    """Key of the write that is being served; writes further down derive theirs from it."""
    request_id: str = ""
    traceparent: str = ""
    """W3C trace context, passed on as it came or made by the tracer."""
    writes: dict[str, int] = field(default_factory=dict[str, int])
    """How many keyed writes this call has made so far, by operation; keeps derived keys apart."""
    notes: dict[str, str] = field(default_factory=dict[str, str])
    """What the edge tells the client besides the answer: headers such as `Idempotency-Replayed`."""
    observer: Observer | None = None
    """Who keeps the calls made here, if anybody does: the engine, for the steps of a process."""

    def remaining(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.monotonic()

    def derived_key(self, operation: str) -> str | None:
        """The key of the next write to `operation`: the same again whenever this call is repeated."""
        if self.idempotency_key is None:
            return None
        count = self.writes[operation] = self.writes.get(operation, 0) + 1
        suffix = "" if count == 1 else f"~{count}"
        return f"{self.idempotency_key}/{operation}{suffix}"


_current: ContextVar[Context] = ContextVar("triptych_context", default=Context())  # noqa: B039 - frozen


def current() -> Context:
    """The context of the call that is being served."""
    return _current.get()


@contextmanager
def entered(context: Context) -> Generator[Context]:
    """Serve within this context; the former one is back afterwards."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


@contextmanager
def idempotency_key(key: str) -> Generator[Context]:
    """Writes made inside carry keys derived from `key`: the same again whenever the block is repeated."""
    with entered(replace(current(), idempotency_key=key, writes={})) as context:
        yield context


@contextmanager
def deadline(seconds: float) -> Generator[Context]:
    """Calls made inside must end within `seconds`, or sooner where the caller waits less."""
    here = current()
    with entered(replace(here, deadline=min(here.deadline, time.monotonic() + seconds))) as context:
        yield context
