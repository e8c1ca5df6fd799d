"""What the gateway answers itself: health, documents, the portal, and the authorization server's paths."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import ASGIApp, Receive, Scope

from gateway.answer import Answer
from gateway.exchange import Exchange, Headers, Reply, refusal
from gateway.filters import Filter
from gateway.filters.forward import identified, inward
from gateway.filters.version import unknown
from gateway.routes import Route
from triptych.context import Context, entered
from triptych.problems import MethodNotAllowed, NotFound
from triptych.serving.openapi import document as document_of

Page = Callable[[Exchange, Scope, Receive, Answer], Awaitable[None]]
"""Answers one request to the gateway itself."""

Readiness = Callable[[], Awaitable[Mapping[str, str]]]
"""What is not ready, by part, with the reason; empty when all is."""

Documents = Callable[[str, int], Mapping[str, Any] | None]
"""The OpenAPI document of a service and its major version; None when there is none. May take its time."""

Sheet = Callable[[Exchange], Reply]
"""Renders a page that needs nothing but the request."""

_DOCUMENT = re.compile(r"([a-z0-9][a-z0-9-]*)\.v([0-9]{1,4})\.json")


class House:
    """The pages by the first segment of their path."""

    def __init__(self, pages: Mapping[str, Page]) -> None:
        self._pages = dict(pages)

    def at(self, exchange: Exchange) -> Page | None:
        """The page that answers this request, if it is one of ours."""
        return self._pages.get(exchange.segments[1])


def sheet(render: Sheet) -> Page:
    """A page that only reads: GET and HEAD."""

    async def page(exchange: Exchange, scope: Scope, receive: Receive, answer: Answer) -> None:
        if exchange.method not in ("GET", "HEAD"):
            problem = MethodNotAllowed("This path takes GET and HEAD.")
            await answer.reply(refusal(exchange, problem, (b"allow", b"GET, HEAD")))
        else:
            await answer.reply(render(exchange))

    return page


def health(exchange: Exchange) -> Reply:
    """That the process is there and answers."""
    if exchange.path != "/healthz":
        return nothing(exchange)
    return json_reply(200, {"status": "ok"}, [(b"cache-control", b"no-store")])


def readiness(ready: Readiness) -> Page:
    """Whether requests should come: 503 with what is missing while they should not."""

    async def page(exchange: Exchange, scope: Scope, receive: Receive, answer: Answer) -> None:
        if exchange.path != "/readyz" or exchange.method not in ("GET", "HEAD"):
            return await answer.reply(nothing(exchange))
        try:
            async with asyncio.timeout(5):
                missing = dict(await ready())
        except TimeoutError:
            missing = {"gateway": "no answer within 5 s"}
        document = {"status": "unready", "missing": missing} if missing else {"status": "ready"}
        status = 503 if missing else 200
        return await answer.reply(json_reply(status, document, [(b"cache-control", b"no-store")]))

    return page


def limited(page: Page, count: Filter) -> Page:
    """A page whose every request counts."""

    async def counted(exchange: Exchange, scope: Scope, receive: Receive, answer: Answer) -> None:
        outcome = count(exchange)
        if outcome is not None and not isinstance(outcome, Reply):
            outcome = await outcome
        if outcome is not None:
            return await answer.reply(outcome)
        return await page(exchange, scope, receive, answer)

    return counted


def application(app: ASGIApp, count: Filter | None) -> Page:
    """Another ASGI application under our door, such as the authorization server; `count` limits its POSTs."""

    async def page(exchange: Exchange, scope: Scope, receive: Receive, answer: Answer) -> None:
        if count is not None and exchange.method == "POST":
            outcome = count(exchange)
            if outcome is not None and not isinstance(outcome, Reply):
                outcome = await outcome
            if outcome is not None:
                return await answer.reply(outcome)
        exchange.inward = inward(exchange)
        headers = identified(exchange)
        for name in (b"authorization", b"dpop"):
            if name in exchange.named:
                headers.append((name, exchange.named[name]))
        target = {"path": exchange.path, "raw_path": exchange.raw_path, "root_path": ""}
        source = {"client": (exchange.client, 0), "scheme": exchange.scheme}
        forwarded = {**scope, **target, **source, "headers": headers}
        context = Context(request_id=exchange.request_id, traceparent=exchange.traceparent)
        with entered(context):
            return await app(forwarded, receive, answer)

    return page


def made_once(make: Callable[[], Mapping[str, Any]]) -> Page:
    """A JSON document that is made when somebody first asks for it, in a thread, and kept with its ETag."""
    kept: list[tuple[bytes, bytes]] = []
    making = asyncio.Lock()

    def body() -> tuple[bytes, bytes]:
        made = orjson.dumps(make())
        return made, etag(made)

    async def page(exchange: Exchange, scope: Scope, receive: Receive, answer: Answer) -> None:
        if exchange.method not in ("GET", "HEAD") or len(exchange.segments) > 2:
            return await answer.reply(nothing(exchange))
        async with making:
            if not kept:
                kept.append(await asyncio.to_thread(body))
        return await answer.reply(cached(exchange, b"application/json", *kept[0]))

    return page


class Shelf:
    """Documents that are built when first asked for, and kept with their ETag."""

    def __init__(
        self, documents: Documents, published: Iterable[tuple[str, int]], dated: Iterable[Route] = ()
    ) -> None:
        self._documents = documents
        self._published = frozenset(published)
        self._dated = {(route.name, route.api.version): route for route in dated if route.versions}
        self._kept: dict[tuple[str, int, str], tuple[Mapping[str, Any], bytes, bytes]] = {}
        self._building = asyncio.Lock()

    async def document(self, name: str, version: int) -> Mapping[str, Any] | None:
        """The OpenAPI document of a service."""
        found = await self._find(name, version)
        return found[0] if found else None

    async def _find(
        self, name: str, version: int, day: str = ""
    ) -> tuple[Mapping[str, Any], bytes, bytes] | None:
        key = (name, version, day)
        found = self._kept.get(key)
        if found is None and (name, version) in self._published:
            async with self._building:
                found = self._kept.get(key) or await asyncio.to_thread(self._build, *key)
        return found

    def _build(self, name: str, version: int, day: str) -> tuple[Mapping[str, Any], bytes, bytes] | None:
        if day:
            made = self._dated[name, version].api
            document: Mapping[str, Any] | None = document_of(made, date.fromisoformat(day))
        else:
            document = self._documents(name, version)
        if document is None:
            return None
        body = orjson.dumps(document)
        found = self._kept[name, version, day] = (document, body, etag(body))
        return found

    def _day(self, exchange: Exchange, name: str, version: int) -> str:
        """The dated version that the query asks for; raises UnknownVersion where there is none such."""
        asked = dict(parse_qsl(exchange.query.decode("latin-1"), keep_blank_values=True)).get("version")
        if asked is None or (name, version) not in self._published:
            return ""
        route = self._dated.get((name, version))
        versions = route.versions if route is not None else None
        if versions is None or asked.encode("latin-1", "replace") not in versions.named:
            raise unknown(asked, f"/{name}/v{version}", versions)
        return asked

    async def page(self, exchange: Exchange, scope: Scope, receive: Receive, answer: Answer) -> None:
        """`/openapi/<service>.v<n>.json`, `?version=2026-11-01` of a dated version."""
        matched = _DOCUMENT.fullmatch(exchange.path.removeprefix("/openapi/"))
        found = None
        if matched is not None:
            name, version = matched[1], int(matched[2])
            found = await self._find(name, version, self._day(exchange, name, version))
        if found is None or exchange.method not in ("GET", "HEAD"):
            return await answer.reply(nothing(exchange))
        _, body, tag = found
        return await answer.reply(cached(exchange, b"application/json", body, tag))


def nothing(exchange: Exchange) -> Reply:
    """404."""
    return refusal(exchange, NotFound("There is nothing at this path."))


def json_reply(status: int, document: object, headers: Headers) -> Reply:
    """A small JSON answer."""
    return Reply(status, [(b"content-type", b"application/json"), *headers], orjson.dumps(document))


def etag(body: bytes) -> bytes:
    """A strong ETag of the octets."""
    return b'"%s"' % hashlib.sha256(body).hexdigest()[:20].encode()


def cached(exchange: Exchange, kind: bytes, body: bytes, tag: bytes, *headers: tuple[bytes, bytes]) -> Reply:
    """A public answer with an ETag: 304 when the client has it already (RFC 9110, 13.1.2)."""
    fields: Headers = [(b"etag", tag), (b"cache-control", b"public, max-age=300"), *headers]
    known = exchange.named.get(b"if-none-match", b"")
    if known == b"*" or tag in [item.strip().removeprefix(b"W/") for item in known.split(b",")]:
        return Reply(304, fields)
    return Reply(200, [(b"content-type", kind), *fields], body)
