"""Writes answers: JSON with its ETag, links and cache rules, streams of events, and problems."""

import asyncio
import re
from collections.abc import AsyncIterator
from hashlib import blake2b
from typing import Any, cast, get_args
from urllib.parse import urlencode

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from pydantic import BaseModel, TypeAdapter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from triptych.canonical.base import Entity, Personal
from triptych.context import Context
from triptych.contract import Operation, Page
from triptych.problems import Problem

HEARTBEAT = 15.0
"""Seconds of silence after which a stream shows that it is alive."""
_PROBLEM: TypeAdapter[Any] = TypeAdapter(dict[str, Any])
ETAGS = re.compile(r'(?:W/)?"([^"]*)"')


class AnswerWriter:
    """Turns the results of one operation into responses."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._write = operation.result.dump_json
        self._empty = operation.declared.status == 204
        personal = holds_personal_data(operation.returns)
        self._cache = "private, no-store" if personal or not operation.safe else "private, no-cache"

    def write(self, request: Request, context: Context, result: Any) -> Response:
        """The response for a result of the operation."""
        operation = self._operation
        headers = {"cache-control": self._cache, **context.notes}
        if self._empty:
            return Response(status_code=204, headers=headers)
        body = self._write(result)
        if operation.safe or isinstance(result, Entity):
            tag = headers["etag"] = etag(result, body)
            if operation.safe and _matches(request.headers.get("if-none-match"), tag):
                return Response(status_code=304, headers=headers)
        if isinstance(result, Page) and result.next_cursor:
            headers["link"] = next_link(request, cast("Page[Any]", result))
        if operation.location and isinstance(result, BaseModel):
            headers["location"] = operation.api.base_path() + operation.location.format_map(vars(result))
        if operation.declared.status == 202:
            headers["retry-after"] = "1"
        return Response(body, operation.declared.status, headers, "application/json")


def etag(result: Any, body: bytes) -> str:
    """The version of an entity, or else a hash of the representation (RFC 9110, 8.8.3)."""
    if isinstance(result, Entity):
        return f'"{result.version}"'
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'


def _matches(header: str | None, tag: str) -> bool:
    if header is None:
        return False
    return header.strip() == "*" or tag.strip('"') in ETAGS.findall(header)


def next_link(request: Request, page: Page[Any]) -> str:
    """The Link header of a page (RFC 8288): the same query, with the next cursor."""
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    query.append(("cursor", page.next_cursor or ""))
    return f'<{request.scope["path"]}?{urlencode(query)}>; rel="next"'


def holds_personal_data(annotation: Any) -> bool:
    """Whether anything marked Personal can be inside."""
    return _personal(annotation, set())


def _personal(annotation: Any, seen: set[Any]) -> bool:
    if isinstance(annotation, type) and issubclass(cast("type[Any]", annotation), BaseModel):
        model = cast("type[BaseModel]", annotation)
        if model in seen:
            return False
        seen.add(model)
        return any(
            any(isinstance(mark, Personal) for mark in info.metadata) or _personal(info.annotation, seen)
            for info in model.model_fields.values()
        )
    if any(isinstance(mark, Personal) for mark in getattr(annotation, "__metadata__", ())):
        return True
    return any(_personal(inner, seen) for inner in get_args(annotation))


class EventStream(StreamingResponse):
    """A stream that ends its source when the client leaves, and leaves that to no garbage collector."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await _closed(self.body_iterator)


async def _closed(iterator: object) -> None:
    close = getattr(iterator, "aclose", None)
    if close is not None:
        await close()


def event_stream(operation: Operation, events: AsyncIterator[Any], first: Any) -> Response:
    """Server-sent events (HTML, 9.2): one event for each item, a comment when nothing happens."""
    return EventStream(
        _encoded(operation, events, first),
        media_type="text/event-stream",
        headers={"cache-control": "private, no-store", "x-accel-buffering": "no"},
    )


async def _encoded(operation: Operation, events: AsyncIterator[Any], first: Any) -> AsyncIterator[bytes]:
    step: asyncio.Future[Any] | None = None
    try:
        if first is not None:
            yield _event(operation, first)
        while first is not None:
            step = step or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait([step], timeout=HEARTBEAT)
            if not done:
                yield KEEPALIVE_COMMENT
                continue
            step, finished = None, step
            try:
                yield _event(operation, finished.result())
            except StopAsyncIteration:
                return
            except Problem as problem:
                yield format_sse_event(event="problem", data_str=problem_json(problem, "", "").decode())
                return
    finally:
        if step is not None:
            step.cancel()
            await asyncio.wait([step])
        await _closed(events)


def _event(operation: Operation, item: Any) -> bytes:
    position = getattr(item, "event_id", None)
    return format_sse_event(
        data_str=operation.result.dump_json(item).decode(), id=None if position is None else str(position)
    )


def problem_json(problem: Problem, instance: str, request_id: str) -> bytes:
    """The problem as `application/problem+json` (RFC 9457)."""
    return _PROBLEM.dump_json(problem.body(instance, request_id))


def problem_response(request: Request, problem: Problem, request_id: str) -> Response:
    """The response for a problem."""
    headers = {"cache-control": "no-store"}
    if problem.retry_after is not None:
        headers["retry-after"] = str(max(1, round(problem.retry_after)))
    if problem.status == 401:
        headers["www-authenticate"] = "Bearer"
    body = problem_json(problem, request.scope["path"], request_id)
    return Response(body, problem.status, headers, "application/problem+json")
