"""One service, or the gateway, as a process of its own: `triptych serve crm --port 8101`."""

import gc
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from socket import socket

from triptych.assembly.discovery import AssemblyError, installed, names
from triptych.assembly.platform import Platform
from triptych.contract import Api
from triptych.running.edge import edge, outer_edge
from triptych.running.loop import Stop, run
from triptych.running.up import gateway_maker
from triptych.serving.server import listen, serving
from triptych.settings import Settings
from triptych.telemetry.instruments import Instruments

THE_GATEWAY = "gateway"


def serve(name: str, settings: Settings) -> None:
    """Serve one service until SIGTERM or SIGINT; open requests are finished then.

    Calls to other services go to their addresses (`TRIPTYCH_CRM_URL`). Raises AssemblyError, AddressInUse,
    and KeyboardInterrupt when the start is cut off.
    """
    settings = settings.model_copy(update={"topology": "split"})
    run(_serve(name, settings, _services(name), Instruments(settings, name)))


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
    name: str, settings: Settings, services: Mapping[str, type[Api]], instruments: Instruments
) -> None:
    stop = Stop()
    with stop.on_signals():
        listening = listen(settings.host, settings.port)
        settings = settings.model_copy(update={"port": listening.getsockname()[1]})
        async with (
            instruments,
            Platform(settings, services, instruments) as platform,
            _served(name, platform, listening, instruments),
        ):
            stop.settled()
            gc.freeze()  # what is there now stays, and full collections need not go through it
            await stop.wait()


@asynccontextmanager
async def _served(
    name: str, platform: Platform, listening: socket, instruments: Instruments
) -> AsyncGenerator[None]:
    settings = platform.settings
    if name == THE_GATEWAY:
        async with gateway_maker()(platform) as front:
            app = outer_edge(front.app, settings, instruments)
            async with serving(app, listening, protocol=front.protocol):
                yield
    else:
        async with serving(edge(platform.apps[name], settings, instruments), listening):
            yield
