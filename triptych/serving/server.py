"""Serving ASGI applications from a running event loop, with uvicorn."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from triptych.problems import NotFound
from triptych.serving.answers import problem_json
from triptych.serving.lingering import STOPPING, LingeringProtocol
from triptych.serving.tls import HANDSHAKE, Tls

GRACE = 3
"""Seconds that open requests get when the server stops."""

BACKLOG = 2048
"""Connections that may wait to be taken."""


class AddressInUse(Exception):
    """Somebody else listens there."""


@dataclass
class Closing:
    """How a server will stop; to be changed while it runs."""

    grace: int
    """Seconds that open requests get."""


def by_prefix(apps: Mapping[str, ASGIApp]) -> ASGIApp:
    """One application out of many: `/crm/v1/…` goes to `apps["crm"]`."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"].split("/", 2)[1]
        if (app := apps.get(name)) is not None:
            await app(scope, receive, send)
            return
        body = problem_json(NotFound(f"No service {name!r} runs here."), scope["path"], "")
        headers = [(b"content-type", b"application/problem+json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 404, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return dispatch


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 picks a free one. Raises AddressInUse, with what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # the protocol is named, or asyncio leaves TCP_NODELAY off and answers wait 40 ms for an acknowledgement
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise AddressInUse(
            f"Cannot listen on {host}:{port}: {error.strerror}. Choose another with TRIPTYCH_PORT or --port."
        ) from error
    listening.set_inheritable(False)
    return listening


class _Server(uvicorn.Server):
    """uvicorn's server, which leaves a TLS handshake less time."""

    def __init__(self, config: uvicorn.Config, tls: Tls | None) -> None:
        super().__init__(config)
        self.lifespan = config.lifespan_class(config)
        self._tls = tls

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self._tls is None:
            return await super().startup(sockets)

        protocol: Any = self.config.http_protocol_class
        connection = partial(
            protocol, config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        loop, context = asyncio.get_running_loop(), self._tls.context
        self.servers = [
            await loop.create_server(
                connection, sock=found, ssl=context, backlog=BACKLOG, ssl_handshake_timeout=HANDSHAKE
            )
            for found in sockets or []
        ]
        self.started = True
        return None


@asynccontextmanager
async def serving(
    app: ASGIApp,
    listening: socket.socket,
    grace: int = GRACE,
    protocol: Callable[..., asyncio.Protocol] = LingeringProtocol,
    tls: Tls | None = None,
) -> AsyncGenerator[Closing]:
    """Serve `app` on a socket until the block ends; open requests then get `grace` seconds to finish."""
    config = uvicorn.Config(
        app,
        http=protocol,  # pyright: ignore[reportArgumentType] - uvicorn calls it, and asks no more of it
        lifespan="off",
        access_log=False,
        log_config=None,
        proxy_headers=False,  # who is believed is the gateway's to say
        server_header=False,
        date_header=True,
        h11_max_incomplete_event_size=16_384,
        timeout_graceful_shutdown=grace,
        backlog=BACKLOG,
        ws="none",
    )
    config.load()
    server = _Server(config, tls)
    await server.startup(sockets=[listening])
    tick = asyncio.create_task(server.main_loop())
    closing = Closing(grace)
    try:
        async with tls.renewing() if tls else nullcontext():
            yield closing
    finally:
        server.should_exit = True
        await tick
        config.timeout_graceful_shutdown = closing.grace
        server.lifespan.state[STOPPING] = True
        await server.shutdown(sockets=[listening])


class Loopback:
    """An address on this machine that is known before anything is served there."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    @property
    def address(self) -> str:
        """`http://127.0.0.1:<port>`; the port is taken when somebody first asks."""
        return f"http://127.0.0.1:{self._listening().getsockname()[1]}"

    def _listening(self) -> socket.socket:
        if self._socket is None:
            self._socket = listen("127.0.0.1", 0)
        return self._socket

    @asynccontextmanager
    async def serving(self, app: ASGIApp) -> AsyncGenerator[None]:
        """Serve there until the block ends."""
        async with serving(app, self._listening()):
            yield
