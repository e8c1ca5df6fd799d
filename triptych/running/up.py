"""Everything in one process, in the foreground: `triptych up`."""

import gc
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from triptych.assembly.discovery import GATEWAY, AssemblyError, chosen, single
from triptych.assembly.platform import Platform
from triptych.contract import Api
from triptych.running import control
from triptych.running.data_folder import DataFolder, Held
from triptych.running.demo_file import DemoFile
from triptych.running.desk import Desk
from triptych.running.edge import outer_edge
from triptych.running.front import FrontMaker
from triptych.running.loop import UNWINDING, Stop, run
from triptych.running.seeding import Seeding
from triptych.serving.server import listen, serving
from triptych.serving.tls import tls
from triptych.settings import Settings
from triptych.telemetry.instruments import Instruments


@dataclass(frozen=True, slots=True)
class Started:
    """What there is to tell once everything runs."""

    settings: Settings
    services: Mapping[str, type[Api]]
    demo: DemoFile | None
    seconds: float
    """From the command to the first request that could be answered."""


class Reporter(Protocol):
    """Tells somebody at a terminal what goes on."""

    def progress(self, what: str, done: int, total: int) -> None:
        """A long piece of work went on: `done` out of `total`, 0 where nobody knows."""
        ...

    def started(self, started: Started) -> None:
        """Requests are answered from now on."""
        ...

    def stopping(self) -> None:
        """A signal came; open requests are finished."""
        ...


def gateway_maker() -> FrontMaker:
    """The installed gateway; raises AssemblyError when there is none."""
    found: FrontMaker | None = single(GATEWAY)
    if found is None:
        raise AssemblyError([f"no gateway is installed (entry point {GATEWAY})"])
    return found


def up(settings: Settings, reporter: Reporter, began: float) -> None:
    """Run everything until SIGINT or SIGTERM. `began` is when the command did, on `time.monotonic`.

    Raises DataFolderInUse, AddressInUse, AssemblyError, and KeyboardInterrupt when the start is cut off.
    """
    folder = DataFolder(settings.data)
    with folder.held("up") as held:
        seeding = Seeding(settings, folder)
        seeding.begin()
        run(_up(settings, _loaded(settings), held, seeding, reporter, began))


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What a process is made of."""

    services: Mapping[str, type[Api]]
    gateway: FrontMaker
    instruments: Instruments


def _loaded(settings: Settings) -> _Loaded:
    return _Loaded(chosen(settings), gateway_maker(), Instruments(settings, "triptych"))


async def _up(
    settings: Settings,
    loaded: _Loaded,
    held: Held,
    seeding: Seeding,
    reporter: Reporter,
    began: float,
) -> None:
    stop = Stop(settings.grace + UNWINDING)
    with stop.on_signals():
        listening = listen(settings.host, settings.port)
        settings = settings.model_copy(update={"port": listening.getsockname()[1]})
        async with (
            loaded.instruments as instruments,
            Platform(settings, loaded.services, instruments) as platform,
            loaded.gateway(platform) as front,
        ):
            demo = await seeding.run(platform, front, settings, reporter.progress)
            app = outer_edge(front.app, settings, instruments)
            desk = Desk(platform, front, platform.engine, began)
            async with (
                serving(app, listening, settings.grace, front.protocol, tls(settings)),
                control.serving(desk, platform, front.administration_app, held),
            ):
                held.answers_at(settings.base_url)
                stop.settled()
                gc.freeze()  # what is there now stays, and full collections need not go through it
                reporter.started(Started(settings, loaded.services, demo, time.monotonic() - began))
                await stop.wait()
                reporter.stopping()
