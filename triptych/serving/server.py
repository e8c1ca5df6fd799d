"""Serving ASGI applications from a running event loop, with uvicorn."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from triptych.problems import NotFound
from triptych.serving.answers import problem_json
from triptych.serving.lingering import STOPPING, LingeringProtocol

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


@asynccontextmanager
async def serving(
    app: ASGIApp,
    listening: socket.socket,
    grace: int = GRACE,
    protocol: Callable[..., asyncio.Protocol] = LingeringProtocol,
) -> AsyncGenerator[Closing]:
    """Serve `app` on a socket until the block ends; open requests then get `grace` seconds to finish."""
    config = uvicorn.Config(
        app,
        http=protocol,  # pyright: ignore[reportArgumentType] - uvicorn calls it, and asks no more of it
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        h11_max_incomplete_event_size=16_384,
        timeout_graceful_shutdown=grace,
        backlog=BACKLOG,
        ws="none",
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listening])
    tick = asyncio.create_task(server.main_loop())
    closing = Closing(grace)
    try:
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
