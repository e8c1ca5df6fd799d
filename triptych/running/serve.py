"""One service, or the gateway, as a process of its own: `triptych serve crm --port 8101`."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from socket import socket

from triptych.assembly.discovery import AssemblyError, installed, names
from triptych.assembly.platform import Platform
from triptych.contract import Api
from triptych.running.channel import DRAIN, READY, Channel
from triptych.running.edge import edge, outer_edge
from triptych.running.loop import UNWINDING, Stop, run
from triptych.running.up import gateway_maker
from triptych.serving.server import Closing, listen, serving
from triptych.serving.tls import tls
from triptych.settings import Settings
from triptych.telemetry.instruments import Instruments

THE_GATEWAY = "gateway"
DRAINING = 30
"""Seconds at least that open requests get at a worker whose place another one has taken."""


def serve(name: str, settings: Settings) -> None:
    """Serve one service until SIGTERM or SIGINT; open requests are finished then.

    Calls to other services go to their addresses (`TRIPTYCH_CRM_URL`). Raises AssemblyError, AddressInUse,
    and KeyboardInterrupt when the start is cut off.
    """
    settings = settings.model_copy(update={"topology": "split"})
    run(_serve(name, settings, _services(name), Instruments(settings, name)))


def serve_as_worker(settings: Settings, listening: socket, channel: socket) -> None:
    """Serve the gateway at a socket that others may serve as well, until the supervisor says otherwise."""
    instruments = Instruments(settings, THE_GATEWAY)
    run(_serve(THE_GATEWAY, settings, {}, instruments, listening, channel))


def _services(name: str) -> Mapping[str, type[Api]]:
    """The one service to run here; none for the gateway."""
    if name == THE_GATEWAY:
        return {}
    found = installed({name})
    if not found:
        known = ", ".join([THE_GATEWAY, *names()])
        raise AssemblyError([f"there is no service {name}; installed are {known}"])
    return found


async def _serve(
    name: str,
    settings: Settings,
    services: Mapping[str, type[Api]],
    instruments: Instruments,
    inherited: socket | None = None,
    channel: socket | None = None,
) -> None:
    stop = Stop(settings.grace + UNWINDING)
    with stop.on_signals():
        listening = inherited or listen(settings.host, settings.port)
        settings = settings.model_copy(update={"port": listening.getsockname()[1]})
        async with (
            instruments,
            Platform(settings, services, instruments) as platform,
            _served(name, platform, listening, instruments) as closing,
            _supervised(channel, stop, closing),
        ):
            stop.settled()
            gc.freeze()  # what is there now stays, and full collections need not go through it
            await stop.wait()


@asynccontextmanager
async def _supervised(end: socket | None, stop: Stop, closing: Closing) -> AsyncGenerator[None]:
    """Do what the supervisor says, if there is one; stop when it has ended."""
    if end is None:
        yield
        return
    channel = await Channel.over(end)
    channel.say(READY)

    async def obey() -> None:
        while await channel.heard() == DRAIN:
            closing.grace = max(closing.grace, DRAINING)
            stop.wish(closing.grace + UNWINDING)
        stop.wish(closing.grace + UNWINDING)

    obeying = asyncio.create_task(obey(), name="what the supervisor says")
    try:
        yield
    finally:
        obeying.cancel()
        await asyncio.wait([obeying])
        channel.close()


@asynccontextmanager
async def _served(
    name: str, platform: Platform, listening: socket, instruments: Instruments
) -> AsyncGenerator[Closing]:
    settings = platform.settings
    if name == THE_GATEWAY:
        async with gateway_maker()(platform) as front:
            app = outer_edge(front.app, settings, instruments)
            async with serving(app, listening, settings.grace, front.protocol, tls(settings)) as closing:
                yield closing
    else:
        app = edge(platform.apps[name], settings, instruments)
        async with serving(app, listening, settings.grace) as closing:
            yield closing
