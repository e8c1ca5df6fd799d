"""The policies on every call between services; nobody can forget them, because clients are made of them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from uuid import uuid4

from triptych.calling.resilience import Target
from triptych.context import Context, current
from triptych.contract import Operation
from triptych.problems import DeadlineExceeded, InternalError, Problem, Unavailable

RESERVE = 0.02
"""Seconds of its own time that a service keeps, to answer when what it called was too late."""

Send = Callable[[Context], Awaitable[Any]]


class Tracer(Protocol):
    """Wraps calls in spans; absent when tracing is off."""

    async def traced(self, operation: Operation, context: Context, send: Send) -> Any:
        """Send within a client span; the context's traceparent is replaced by the span's."""
        ...


class CallPolicy:
    """Calls of one service to one target: identity, deadline, key, breaker, limit, repeats, trace."""

    def __init__(
        self, service: str, scopes: frozenset[str], target: Target, tracer: Tracer | None = None
    ) -> None:
        self._service = service
        self._scopes = scopes
        self._target = target
        self._tracer = tracer

    def outgoing(self, operation: Operation) -> Context:
        """The context that the callee will see."""
        here = current()
        now = time.monotonic()
        deadline = min(here.deadline - RESERVE, now + operation.declared.timeout)
        if deadline <= now:
            raise DeadlineExceeded(f"No time is left to call {operation.full_name}.")
        key = None
        if not operation.safe:
            key = here.derived_key(operation.full_name) or str(uuid4())
        return Context(
            caller=here.caller.through(self._service, self._scopes),
            deadline=deadline,
            idempotency_key=key,
            request_id=here.request_id,
            traceparent=here.traceparent,
        )

    async def call(self, operation: Operation, send: Send) -> Any:
        """Send, under every policy; raises what the callee raised, or Unavailable, or DeadlineExceeded."""
        context = self.outgoing(operation)
        if self._tracer is not None:
            return await self._tracer.traced(
                operation, context, lambda here: self._repeated(operation, here, send)
            )
        return await self._repeated(operation, context, send)

    async def _repeated(self, operation: Operation, context: Context, send: Send) -> Any:
        attempt = 1
        while True:
            try:
                return await self._once(context, send)
            except Problem as problem:
                attempt += 1
                pause = self._target.pause(attempt)
                if (
                    not problem.retryable
                    or attempt > self._target.resilience.attempts
                    or not (operation.idempotent or context.idempotency_key)
                    or context.remaining() <= pause
                    or not self._target.may_repeat()
                ):
                    raise
            await asyncio.sleep(pause)

    async def _once(self, context: Context, send: Send) -> Any:
        target = self._target
        await target.admit()
        failed: bool | None = True
        try:
            answer = await send(context)
        except Problem as problem:
            failed = isinstance(problem, Unavailable | DeadlineExceeded | InternalError)
            raise
        except asyncio.CancelledError:
            failed = None
            raise
        else:
            failed = False
            return answer
        finally:
            target.release(failed=failed)
