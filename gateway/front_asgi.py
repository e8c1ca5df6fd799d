"""The ASGI front: the chain before services in this process, or before those that HTTP reaches."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from time import perf_counter

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from gateway.answer import Answer
from gateway.beside import together
from gateway.chain import Chain
from gateway.dress import Dress
from gateway.exchange import Exchange, Reply, refusal
from gateway.filters.record import Recording
from gateway.house import House
from gateway.translating import translated
from gateway.upstream import HttpUpstream, Upstream, inward_scope
from triptych.problems import InternalError, PayloadTooLarge, Problem, Unavailable

_log = logging.getLogger(__name__)

TARGET = "triptych.target"
"""Key of the ASGI scope for a request target that was not in origin form; `front_uvicorn` sets it."""
CERTIFICATE = "triptych.certificate"
"""Key of the ASGI scope for the client's certificate; `front_uvicorn` sets it where there is one."""


Count = Callable[[Exchange, int], None]
"""Told each exchange once, with the status of its answer when that begins; 0 where none came."""

Observer = Callable[[Exchange, float], None]
"""Told each exchange once it is over, and how many seconds it took."""

Running = Callable[[], AbstractAsyncContextManager[object]]
"""Something that has to run beside the requests, from start to stop."""


class Gateway:
    """The ASGI application that answers for everything under the public address."""

    def __init__(
        self,
        door: Chain,
        api: Chain,
        upstreams: Mapping[str, Upstream],
        house: House,
        dress: Dress,
        recording: Recording | None = None,
        running: Sequence[Running] = (),
        count: Count | None = None,
        observers: Sequence[Observer] = (),
    ) -> None:
        self.door = door
        self.api = api
        self.upstreams = dict(upstreams)
        self._house = house
        self.dress = dress
        self._recording = recording
        self._running = running
        self._count = count
        self._observers = tuple(observers)

    def running(self) -> AbstractAsyncContextManager[None]:
        """What has to run beside the requests: connections, the writer of the audit log."""
        connections = [
            aclosing(upstream) for upstream in self.upstreams.values() if isinstance(upstream, HttpUpstream)
        ]
        return together([*connections, *(part() for part in self._running)])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": "no WebSockets here"})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange, began = read(scope), perf_counter()
        answer = Answer(exchange, send, self.dress, self.begun)
        try:
            await self._serve(exchange, scope, receive, answer)
        except Problem as problem:
            if answer.started:
                raise
            await answer.reply(refusal(exchange, problem))
        except ClientDisconnect:
            pass  # nobody is left to answer to
        except Exception:
            if answer.started:
                raise
            _log.exception("request %s failed", exchange.request_id)
            await answer.reply(refusal(exchange, InternalError("Something failed on our side.")))
        finally:
            exchange.ended()
            if not exchange.answered:
                self.begun(exchange, 0)
            self.over(exchange, perf_counter() - began)

    async def _serve(self, exchange: Exchange, scope: Scope, receive: Receive, answer: Answer) -> None:
        outcome = self.door.run(exchange)
        if outcome is None:
            page = self._house.at(exchange)
            if page is not None:
                return await page(exchange, scope, receive, answer)
            outcome = self.api.run(exchange)
        if outcome is not None and not isinstance(outcome, Reply):
            outcome = await outcome
        if outcome is not None:
            return await answer.reply(outcome)
        return await self._dispatch(exchange, scope, receive, answer)

    async def _dispatch(self, exchange: Exchange, scope: Scope, receive: Receive, answer: Answer) -> None:
        route, endpoint = exchange.route, exchange.endpoint
        if route is None or endpoint is None:
            raise RuntimeError("the chain let a request through that leads nowhere")
        upstream = self.upstreams.get(route.name)
        if upstream is None:
            raise Unavailable(f"{route.name} does not run here.")
        if exchange.translation is not None:
            return await translated(upstream, exchange, exchange.translation, scope, receive, answer)
        inward = inward_scope(scope, exchange)
        if b"transfer-encoding" in exchange.named:
            return await _bounded(upstream, inward, receive, answer, exchange, endpoint.body_limit)
        return await upstream(inward, receive, answer)

    def begun(self, exchange: Exchange, status: int) -> None:
        if self._count is not None:
            self._count(exchange, status)
        endpoint = exchange.endpoint
        if self._recording is None or endpoint is None or endpoint.safe:
            return
        if exchange.token is not None or exchange.caller is not None:
            self._recording.write(exchange, str(status) if status else "unknown")

    def over(self, exchange: Exchange, seconds: float) -> None:
        """The exchange is over; every front says so once."""
        for observe in self._observers:
            observe(exchange, seconds)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        phase = "startup"
        await receive()
        try:
            async with self.running():
                await send({"type": "lifespan.startup.complete"})
                phase = "shutdown"
                await receive()
        except Exception as error:
            await send({"type": f"lifespan.{phase}.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.shutdown.complete"})


def read(scope: Scope) -> Exchange:
    """The exchange of an ASGI request. Only `raw_path` is believed: `path` is decoded already."""
    client = scope.get("client")
    exchange = Exchange(
        scope["method"],
        scope.get("raw_path") or scope["path"].encode(),
        scope["query_string"],
        list(scope["headers"]),
        client[0] if client else "",
        scheme=scope.get("scheme", "http"),
        target=scope.get(TARGET),
    )
    exchange.certificate = scope.get(CERTIFICATE)
    return exchange


async def _bounded(
    upstream: Upstream, scope: Scope, receive: Receive, answer: Answer, exchange: Exchange, limit: int
) -> None:
    """Serve a request whose body did not say its size: the service sees no more than `limit` bytes of it."""
    size = 0

    async def bounded() -> Message:
        nonlocal size
        if size > limit:
            return {"type": "http.disconnect"}
        message = await receive()
        size += len(message.get("body", b""))
        return message if size <= limit else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if size <= limit or answer.started:
            await answer(message)

    try:
        await upstream(scope, bounded, send)
    except Exception:
        if size <= limit or answer.started:
            raise
    if size > limit and not answer.started:
        await answer.reply(refusal(exchange, PayloadTooLarge(f"The body has more than {limit} bytes.")))
