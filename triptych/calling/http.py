"""Calls over HTTP: the wire and split placements."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, cast
from urllib.parse import quote

import httpx
import orjson
from pydantic import BaseModel, TypeAdapter

from triptych.calling.internal_token import InternalTokens
from triptych.context import Context
from triptych.contract import Operation
from triptych.problems import DeadlineExceeded, InternalError, Problem, Unavailable

Arguments = Mapping[str, Any]
_ANY: TypeAdapter[Any] = TypeAdapter(Any)


class HttpTransport:
    """Calls one service at its address, as its OpenAPI document describes it."""

    def __init__(self, audience: str, address: str, tokens: InternalTokens, http: httpx.AsyncClient) -> None:
        self._audience = audience
        self._address = address.rstrip("/")
        self._tokens = tokens
        self._http = http
        self._bodies: dict[Operation, TypeAdapter[Any]] = {}

    async def invoke(self, operation: Operation, context: Context, arguments: Arguments) -> Any:
        """The answer to one call; raises the callee's Problem, Unavailable or DeadlineExceeded."""
        request = self._request(operation, context, arguments)
        try:
            answer = await self._http.send(request)
        except httpx.TimeoutException as error:
            if context.remaining() > 0.005 and isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
                raise Unavailable(f"{self._audience} cannot be reached.", retry_after=1) from error
            raise DeadlineExceeded(f"{operation.full_name} did not answer in time.") from error
        except httpx.HTTPError as error:
            raise Unavailable(f"{self._audience} cannot be reached.", retry_after=1) from error
        if answer.status_code >= 400:
            raise _problem(operation, answer.status_code, answer.content)
        if operation.declared.status == 204:
            return None
        return operation.result.validate_json(answer.content)

    async def stream(
        self, operation: Operation, context: Context, arguments: Arguments
    ) -> AsyncIterator[Any]:
        """The events of a stream (HTML, 9.2)."""
        request = self._request(operation, context, arguments)
        try:
            answer = await self._http.send(request, stream=True)
        except httpx.HTTPError as error:
            raise Unavailable(f"{self._audience} cannot be reached.", retry_after=1) from error
        try:
            if answer.status_code >= 400:
                raise _problem(operation, answer.status_code, await answer.aread())
            name, data = "", ""
            async for line in answer.aiter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    data = f"{data}\n{value}" if data else value
                elif not line and data:
                    if name == "problem":
                        raise _problem(operation, 500, data.encode())
                    yield operation.result.validate_json(data)
                    name, data = "", ""
        except httpx.HTTPError as error:
            raise Unavailable(f"{self._audience} broke the stream off.", retry_after=1) from error
        finally:
            await answer.aclose()

    def _request(self, operation: Operation, context: Context, arguments: Arguments) -> httpx.Request:
        headers = {
            "authorization": f"Bearer {self._tokens.issue(context.caller, self._audience)}",
            "x-request-id": context.request_id,
        }
        timeout = httpx.Timeout(None, connect=2.0)
        if not operation.streams:
            seconds = max(0.001, context.remaining())
            headers["triptych-deadline"] = str(int(seconds * 1000))
            # the callee is the one to say that time is up; this is for when it cannot say anything any more
            timeout = httpx.Timeout(seconds + 0.05, connect=min(2.0, seconds))
        if context.traceparent:
            headers["traceparent"] = context.traceparent
        if context.idempotency_key is not None:
            headers["idempotency-key"] = context.idempotency_key
        path: dict[str, str] = {}
        query: list[tuple[str, str]] = []
        content: bytes | None = None
        for parameter in operation.parameters:
            value = arguments.get(parameter.name, parameter.default)
            match parameter.where:
                case "path":
                    path[parameter.name] = quote(str(value), safe="")
                case "if_match":
                    headers["if-match"] = "*" if value == "*" else f'"{value}"'
                case "header":
                    if value is not None:
                        headers[parameter.header] = str(value)
                case "last_event_id":
                    headers["last-event-id"] = str(value or "")
                case "filter":
                    query += _query(value)
                case "query":
                    query += _pairs(parameter.name, _ANY.dump_python(value, mode="json"))
                case "body":
                    adapter = self._bodies.get(operation)
                    if adapter is None:
                        adapter = self._bodies[operation] = TypeAdapter(parameter.annotation)
                    content = adapter.dump_json(value)
                    headers["content-type"] = "application/json"
        url = self._address + operation.api.base_path() + operation.path.format_map(path)
        return self._http.build_request(
            operation.method,
            url,
            params=httpx.QueryParams(tuple(query)),
            headers=headers,
            content=content,
            timeout=timeout,
        )


def _query(value: BaseModel | None) -> list[tuple[str, str]]:
    if value is None:
        return []
    document = value.model_dump(mode="json", exclude_defaults=True)
    return [pair for name, found in document.items() for pair in _pairs(name, found)]


def _pairs(name: str, value: Any) -> list[tuple[str, str]]:
    if value is None:
        return []
    if isinstance(value, list):
        return [(name, str(item)) for item in cast("list[Any]", value)]
    return [(name, str(value).lower() if isinstance(value, bool) else str(value))]


def _problem(operation: Operation, status: int, content: bytes) -> Problem:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        return InternalError(f"{operation.full_name} answered {status} without a problem document.")
    return Problem.from_body(cast("dict[str, Any]", body), status)
