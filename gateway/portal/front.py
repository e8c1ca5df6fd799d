"""Answers `/portal`, `/problems` and what their pages need."""

import asyncio
import re
from collections.abc import Callable, Iterable

from starlette.types import Receive, Scope

from gateway.answer import Answer
from gateway.exchange import Exchange, Reply, refusal
from gateway.house import Page, Shelf, cached, etag, nothing
from gateway.portal.pages import STATIC_FILES, STATIC_PATH, Pages
from gateway.portal.reference import slug
from gateway.routes import Route
from triptych.problems import MethodNotAllowed, Problem

_SERVICE = re.compile(r"/portal/([a-z0-9][a-z0-9-]*)/v([0-9]{1,4})")
_CHANGES = re.compile(_SERVICE.pattern + "/changelog")
_PROBLEM = re.compile(r"/problems/([a-z0-9-]{1,64})")
_HTML = b"text/html; charset=utf-8"
_POLICY = (
    b"content-security-policy",
    b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; "
    b"form-action 'none'; frame-ancestors 'none'",
)
_FOREVER = (b"cache-control", b"public, max-age=31536000, immutable")


class Portal:
    """The portal under the gateway's own paths."""

    def __init__(self, routes: Iterable[Route], shelf: Shelf, base_url: str) -> None:
        self._pages = Pages(routes, base_url)
        self._shelf = shelf
        self._kept: dict[str, tuple[bytes, bytes]] = {}
        self._rendering = asyncio.Lock()

    def pages(self) -> dict[str, Page]:
        """The pages by the first segment of their path."""
        return {"portal": self._page, "problems": self._page}

    async def _page(self, exchange: Exchange, scope: Scope, receive: Receive, answer: Answer) -> None:
        if exchange.method not in ("GET", "HEAD"):
            problem = MethodNotAllowed("This path takes GET and HEAD.")
            return await answer.reply(refusal(exchange, problem, (b"allow", b"GET, HEAD")))
        return await answer.reply(await self._reply(exchange))

    async def _reply(self, exchange: Exchange) -> Reply:
        path = exchange.path.rstrip("/")
        if path.startswith(STATIC_PATH):
            return await self._file(exchange, path.removeprefix(STATIC_PATH))
        kept = self._kept.get(path)
        if kept is None:
            render = await self._renderer(path)
            if render is None:
                return nothing(exchange)
            async with self._rendering:
                kept = self._kept.get(path) or await asyncio.to_thread(self._keep, path, render)
        body, tag = kept
        return cached(exchange, _HTML, body, tag, _POLICY)

    async def _renderer(self, path: str) -> Callable[[], str] | None:
        """What makes the page of a path; None where there is none."""
        if path == "/portal":
            return self._pages.index
        if path == "/problems":
            return self._pages.problems
        if found := _PROBLEM.fullmatch(path):
            kinds = [kind for kind in Problem.registry.values() if slug(kind) == found[1]]
            return (lambda: self._pages.problem(kinds[0])) if kinds else None
        if (found := _CHANGES.fullmatch(path)) and self._pages.has_changelog(found[1], int(found[2])):
            name, version = found[1], int(found[2])
            return lambda: self._pages.changelog(name, version)
        if found := _SERVICE.fullmatch(path):
            name, version = found[1], int(found[2])
            document = await self._shelf.document(name, version)
            if document is not None and path == f"/portal/{name}/v{version}":
                return lambda: self._pages.service(name, version, document)
        return None

    def _keep(self, path: str, render: Callable[[], str]) -> tuple[bytes, bytes]:
        body = render().encode()
        kept = self._kept[path] = body, etag(body)
        return kept

    async def _file(self, exchange: Exchange, name: str) -> Reply:
        if name not in STATIC_FILES:
            return nothing(exchange)
        body = (await asyncio.to_thread(lambda: self._pages.files))[name]
        versioned = exchange.query.startswith(b"v=")
        reply = cached(exchange, STATIC_FILES[name].encode(), body, etag(body))
        if versioned:
            reply.headers = [field for field in reply.headers if field[0] != b"cache-control"] + [_FOREVER]
        return reply
