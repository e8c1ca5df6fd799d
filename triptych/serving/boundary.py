"""The boundary of a service: every call crosses it, whether it came in process or over HTTP."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from time import perf_counter
from typing import Any, cast

import structlog
from pydantic import BaseModel, TypeAdapter, ValidationError

from triptych.calling.deadlines import DeadlineWheel
from triptych.canonical.base import thaw
from triptych.context import Context, entered
from triptych.contract import Api, Happened, Operation, Patch, Subscription
from triptych.problems import Forbidden, InternalError, Problem
from triptych.storage import Database, detached
from triptych.telemetry.instruments import Watch
from triptych.telemetry.metrics import CANCELLED, OK, outcome_of

log = structlog.get_logger(__name__)
_ARGUMENTS: TypeAdapter[Any] = TypeAdapter(Any)
_NOTHING: TypeAdapter[None] = TypeAdapter(None)

Arguments = Mapping[str, Any]


class Boundary:
    """One served contract: checks scope and deadline, does each keyed write once, lets only problems out.

    With `transactional`, a write's effect lives in `database`, and commits together with its idempotency
    record. Otherwise the effect is elsewhere, and the key is claimed first and answered afterwards.
    """

    def __init__(
        self,
        service: Api,
        wheel: DeadlineWheel,
        *,
        database: Database | None = None,
        transactional: bool = False,
        public_key_seconds: float = 86_400,
        process_key_seconds: float = 400 * 86_400,
        watch: Watch | None = None,
    ) -> None:
        self.api = type(service).promised()
        self.service = service
        self._wheel = wheel
        self._database = database
        self._transactional = transactional and database is not None
        self._public_key_seconds = public_key_seconds
        self._process_key_seconds = process_key_seconds
        self._watch = watch

    async def invoke(self, operation: Operation, context: Context, arguments: Arguments) -> Any:
        """Serve one call; raises a Problem, whatever went wrong inside."""
        watch = self._watch
        if watch is None:
            return await self._invoke(operation, context, arguments)
        began, outcome = perf_counter(), OK
        try:
            if watch.tracer is None:
                return await self._invoke(operation, context, arguments)
            return await watch.tracer.served(
                operation, context, lambda here: self._invoke(operation, here, arguments)
            )
        except BaseException as error:
            outcome = outcome_of(error)
            raise
        finally:
            watch.ended(operation, outcome, perf_counter() - began)

    async def _invoke(self, operation: Operation, context: Context, arguments: Arguments) -> Any:
        self.authorise(operation, context)
        try:
            with self._wheel.guard(context.deadline, operation.full_name), entered(context), detached():
                if operation.safe:
                    return await operation.of(self.service)(**arguments)
                return await self._write(operation, context, arguments)
        except Problem:
            raise
        except Exception as error:
            raise _unexpected(operation.full_name, context, error) from error

    async def stream(
        self, operation: Operation, context: Context, arguments: Arguments
    ) -> AsyncIterator[Any]:
        """Serve a stream; each step of it runs in the call's context, none of it leaks to the consumer."""
        self.authorise(operation, context)
        with entered(context), detached():
            source: AsyncIterator[Any] = operation.of(self.service)(**arguments)
        outcome = CANCELLED
        try:
            while True:
                with entered(context), detached():
                    try:
                        event = await anext(source)
                    except StopAsyncIteration:
                        outcome = OK
                        return
                yield event
        except Problem as problem:
            outcome = type(problem).__name__
            raise
        except Exception as error:
            outcome = InternalError.__name__
            raise _unexpected(operation.full_name, context, error) from error
        finally:
            if self._watch is not None:
                self._watch.ended(operation, outcome)
            if (close := getattr(source, "aclose", None)) is not None:
                await close()

    async def hear(self, subscription: Subscription, context: Context, happened: Happened[Any]) -> None:
        """Tell the service of an event; raises a Problem, whatever went wrong inside.

        An effect in `database` commits together with the key, so that it happens once; one elsewhere is made
        by writes that carry keys derived from it.
        """
        method = getattr(self.service, subscription.method)
        try:
            with self._wheel.guard(context.deadline, subscription.subscriber), entered(context), detached():
                if self._database is None or not self._transactional or context.idempotency_key is None:
                    return await method(happened)
                return await self._database.once_with_effect(
                    lambda: method(happened),
                    _NOTHING,
                    scope=f"events {subscription.subscriber}",
                    key=context.idempotency_key,
                    fingerprint=happened.type,
                    seconds=self._process_key_seconds,
                )
        except Problem:
            raise
        except Exception as error:
            raise _unexpected(subscription.subscriber, context, error) from error

    def authorise(self, operation: Operation, context: Context) -> None:
        """Raise Forbidden unless the caller has the operation's scope."""
        if operation.scope and operation.scope not in context.caller.scopes:
            raise Forbidden(
                f"{operation.full_name} needs the scope {operation.scope}.", scope=operation.scope
            )

    async def _write(self, operation: Operation, context: Context, arguments: Arguments) -> Any:
        async def perform() -> Any:
            return await operation.of(self.service)(**arguments)

        database, key = self._database, context.idempotency_key
        if database is None:
            return await perform()
        if key is None:
            return await database.run(perform) if self._transactional else await perform()
        caller = context.caller
        seconds = self._public_key_seconds if caller.service == "gateway" else self._process_key_seconds
        once = database.once_with_effect if self._transactional else database.once_elsewhere
        return await once(
            perform,
            operation.result,
            scope=f"{caller.keys_of} {operation.full_name}",
            key=key,
            fingerprint=fingerprint(arguments),
            seconds=seconds,
        )


def fingerprint(arguments: Arguments) -> str:
    """What tells two payloads apart: a hash over the arguments as JSON."""
    digest = hashlib.blake2b(digest_size=16)
    for name, value in arguments.items():
        digest.update(name.encode() + b"\0")
        if isinstance(value, Patch):
            value = thaw(cast("Patch[Any]", value).changes)
        digest.update(
            value.__pydantic_serializer__.to_json(value)
            if isinstance(value, BaseModel)
            else _ARGUMENTS.dump_json(value)
        )
    return digest.hexdigest()


def _unexpected(called: str, context: Context, error: Exception) -> Problem:
    """What the caller may know of an error that nobody foresaw: that it happened, and where to look."""
    log.error("operation failed", operation=called, request_id=context.request_id, exc_info=error)
    kind = "invalid data" if isinstance(error, ValidationError) else "an unexpected error"
    return InternalError(f"{called} failed with {kind}; the request id finds it in the log.")
