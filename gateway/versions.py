"""The dated versions of a route, and what brings older requests up to date and answers back."""

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from pydantic import TypeAdapter

from gateway.fields import PROBLEM_JSON, Headers
from triptych.contract import Api, Operation, Page, Query, VersionChange, as_of, check_changes, operations
from triptych.problems import BadRequest
from triptych.serving.requests import QueryReader, checked_body, query_model

HEADER: Final = b"triptych-version"

_LINK = re.compile(rb"<([^<>?]*)\?([^<>]*)>")
Step = Callable[[Any], Any]


class Translation:
    """One operation in one older version; made at the start, and asked only for clients of that version."""

    def __init__(self, operation: Operation, day: date, changes: Sequence[VersionChange]) -> None:
        self._day = day.isoformat().encode()
        self._operation = as_of(operation, day)
        self._changes = changes
        self._upgraded = self._steps("upgrade_request")
        self._downgraded = self._steps("downgrade_response")
        self._pointers = self._steps("downgrade_pointer")
        self._queries = self._steps("upgrade_query")
        self._links = self._steps("downgrade_query")
        origin = getattr(operation.returns, "__pydantic_generic_metadata__", {}).get("origin")
        self._paged = origin is Page
        body = self._operation.body()
        self._changes_body = bool(self._upgraded) or body != operation.body()
        self.takes_body = body is not None and self._changes_body
        """Whether the body of a request has to be seen."""
        self._query_reader: QueryReader | None = None
        self._body_adapter: TypeAdapter[Any] | None = None
        """Made when they are asked for, which is costly."""

    def _steps(self, name: str) -> list[Step]:
        """What the changes do under that name, in the order in which it is done; inherited does nothing."""
        wanted = [
            found for found in self._changes if getattr(type(found), name) is not vars(VersionChange)[name]
        ]
        found = [getattr(change, name) for change in wanted]
        return found if name.startswith("upgrade") else found[::-1]

    def query(self, raw: bytes) -> bytes:
        """The query as the service knows it; raises InvalidInput in the words of the older version."""
        pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True)
        if self._query_reader is None:
            self._query_reader = QueryReader(query_model(self._operation))
        self._query_reader.read(pairs)
        return _query(pairs, self._queries)

    def request(self, body: bytes) -> bytes:
        """The body as the service knows it; raises BadRequest or InvalidInput in the words of then."""
        if self._body_adapter is None:
            declared = self._operation.body()
            self._body_adapter = TypeAdapter(declared.annotation if declared else None)
        checked_body(self._body_adapter, body)
        try:
            return _written(_through(self._upgraded, json.loads(body)))
        except ValueError as error:  # what pydantic lets through and JSON has not, such as NaN
            raise BadRequest(f"The body is not valid JSON: {error}.") from error

    def request_headers(self, headers: Headers) -> Headers:
        """The fields inward: an ETag of this version is the service's own, another one is none of ours."""
        found: Headers = []
        mark = b"." + self._day + b'"'
        for name, value in headers:
            if name in (b"if-none-match", b"if-match"):
                if mark in value:
                    value = value.replace(mark, b'"')
                elif name == b"if-none-match":
                    continue
            found.append((name, value))
        return found

    def response(self, status: int, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        """The answer as this version has it."""
        if 200 <= status < 300 and body and _is_json(headers):
            document = json.loads(body)
            if self._paged:
                document["items"] = [_through(self._downgraded, item) for item in document["items"]]
            else:
                document = _through(self._downgraded, document)
            body = _written(document)
        elif status >= 400 and self._pointers and PROBLEM_JSON in headers:
            document = json.loads(body)
            for error in document.get("errors", ()):
                error["pointer"] = _through(self._pointers, error["pointer"])
            body = _written(document)
        return [self._outward(name, value, len(body)) for name, value in headers], body

    def _outward(self, name: bytes, value: bytes, length: int) -> tuple[bytes, bytes]:
        if name == b"content-length":
            return name, b"%d" % length
        if name == b"etag" and value.endswith(b'"'):
            return name, value[:-1] + b"." + self._day + b'"'
        if name == b"link" and self._links:
            return name, _LINK.sub(lambda found: b"<%b?%b>" % (found[1], self._link(found[2])), value)
        return name, value

    def _link(self, raw: bytes) -> bytes:
        return _query(parse_qsl(raw.decode("latin-1"), keep_blank_values=True), self._links)


class Version:
    """One dated version of a route."""

    __slots__ = ("day", "headers", "translations")

    def __init__(self, api: type[Api], day: date) -> None:
        self.day = day.isoformat()
        self.headers: Headers = [(HEADER, self.day.encode()), (b"vary", HEADER)]
        """What every answer of this version says."""
        self.translations: dict[str, Translation] = {}
        """By the full name of the operation; empty in the latest version, which needs none."""
        changes = api.dated.after(day)
        for operation in operations(api):
            touching = [change for change in changes if operation.name in change.operations]
            if touching:
                self.translations[operation.full_name] = Translation(operation, day, touching)


class RouteVersions:
    """All dated versions of a route, oldest first. Raises TypeError where a change fits no operation."""

    __slots__ = ("_all", "_days", "latest", "named")

    def __init__(self, api: type[Api]) -> None:
        check_changes(api)
        self._all = [Version(api, day) for day in api.dated.dates]
        self._days = [version.day for version in self._all]
        self.latest = self._all[-1]
        self.named = {version.day.encode(): version for version in self._all}
        """By the value of `Triptych-Version`."""

    def pinned(self, day: str) -> Version:
        """The version that was in force on that day; the first one before it."""
        return self._all[max(0, bisect_right(self._days, day) - 1)]

    def __str__(self) -> str:
        return ", ".join(self._days)


def versions_of(api: type[Api]) -> RouteVersions | None:
    """The dated versions of a contract, if it has any."""
    return RouteVersions(api) if api.dated.since else None


def _query(pairs: Iterable[tuple[str, str]], steps: Iterable[Step]) -> bytes:
    query: Query = {}
    for name, value in pairs:
        query.setdefault(name, []).append(value)
    return urlencode(_through(steps, query), doseq=True).encode()


def _through(steps: Iterable[Step], value: Any) -> Any:
    for step in steps:
        value = step(value)
    return value


def _written(document: Any) -> bytes:
    """As JSON, with whole numbers of any size as they came."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _is_json(headers: Headers) -> bool:
    return any(name == b"content-type" and value.startswith(b"application/json") for name, value in headers)
