"""How a command reaches the platform: the one that runs, or else one of its own for a moment."""

import os
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import httpx

from triptych.administration.contract import GatewayAdmin
from triptych.assembly.discovery import chosen, installed
from triptych.assembly.needs import scopes_of
from triptych.assembly.platform import Platform
from triptych.calling.client import Transport, client
from triptych.calling.deadlines import DeadlineWheel
from triptych.calling.http import HttpTransport
from triptych.calling.internal_token import InternalTokens
from triptych.calling.policy import CallPolicy
from triptych.calling.resilience import Resilience, Target
from triptych.context import Context, entered
from triptych.contract import Api
from triptych.engine import ProcessEngine
from triptych.events.log import MIGRATIONS as EVENTS
from triptych.events.log import EventLog
from triptych.operations.contract import Operations
from triptych.operations.service import MIGRATIONS as OPERATIONS
from triptych.operations.service import OperationsService
from triptych.problems import Unavailable
from triptych.running.control import OPERATOR, Control
from triptych.running.data_folder import DataFolder, Holder
from triptych.running.desk import Desk
from triptych.running.up import gateway_maker
from triptych.secrets import Secrets
from triptych.serving.boundary import Boundary
from triptych.settings import Settings

A = TypeVar("A", bound=Api)


class DoesNotAnswer(Exception):
    """A process holds the data folder, and takes no commands."""

    def __init__(self, holder: Holder) -> None:
        self.holder = holder
        super().__init__(
            f"Process {holder.pid}, `triptych {holder.doing}`, takes no commands yet. Try again in a moment."
        )


@dataclass(frozen=True, slots=True)
class Reached:
    """What an operator commands."""

    control: Control
    """The platform."""
    gateway: GatewayAdmin
    """Clients, people, plans and keys of its gateway."""
    operations: Operations | None
    """Dead letters and books; None where that service does not run."""


@asynccontextmanager
async def control(settings: Settings, doing: str) -> AsyncGenerator[Reached]:
    """The running platform, or an own platform as long as the block runs.

    `doing` is the command, told to others who find the data folder in use. In split placement the own
    platform has no services: it looks at what they share. Raises DataFolderInUse, DoesNotAnswer,
    AssemblyError.
    """
    folder = DataFolder(settings.data)
    if settings.topology == "split":
        own = _own(
            settings,
            {},
            ProcessEngine(settings, f"operator-{os.getpid()}", names_key=Secrets(settings).key("names")),
        )
    elif (holder := folder.holder()) is not None:
        own = _running(folder, holder)
    else:
        own = _holding(folder, doing, _own(settings, chosen(settings), None))
    async with own as found:
        yield found


@asynccontextmanager
async def _holding(
    folder: DataFolder, doing: str, own: AbstractAsyncContextManager[Reached]
) -> AsyncGenerator[Reached]:
    with folder.held(doing):
        async with own as found:
            yield found


@asynccontextmanager
async def _own(
    settings: Settings, services: Mapping[str, type[Api]], engine: ProcessEngine | None
) -> AsyncGenerator[Reached]:
    """A platform of this process; `engine` sees the processes that others run."""
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(Platform(settings, services))
        front = await stack.enter_async_context(gateway_maker()(platform))
        if engine is not None:
            await engine.start()
            stack.push_async_callback(engine.stop)
        desk = Desk(platform, front, engine or platform.engine, time.monotonic())
        with entered(Context(caller=OPERATOR)):
            wheel = DeadlineWheel()
            gateway = Boundary(front.administration, wheel)
            yield Reached(
                _client(Control, Boundary(desk, wheel)),
                _client(GatewayAdmin, gateway),
                await _own_operations(platform, engine, wheel),
            )


async def _own_operations(
    platform: Platform, engine: ProcessEngine | None, wheel: DeadlineWheel
) -> Operations | None:
    """In split placement those of the engine that looks at what all share."""
    if engine is not None:
        log = platform.log or EventLog(await platform.storage.open("events", EVENTS))
        database = await platform.storage.open(Operations.name, OPERATIONS)
        found = (platform.settings, platform.secrets, platform.deeds, platform.vitals, platform.inquiry)
        service = OperationsService(engine, log, database, *found)
        return _client(Operations, Boundary(service, wheel))
    if Operations.name not in platform.services:
        return None
    return platform.client(Operations, "command-line")


@asynccontextmanager
async def _running(folder: DataFolder, holder: Holder) -> AsyncGenerator[Reached]:
    async with _socket(folder) as http:
        with entered(Context(caller=OPERATOR)):
            gateway = _client(GatewayAdmin, _over(http, GatewayAdmin))
            found = await _answering(http, holder)
            runs = Operations.name in (await found.status()).services
            yield Reached(found, gateway, _client(Operations, _over(http, Operations)) if runs else None)


async def _answering(http: httpx.AsyncClient, holder: Holder) -> Control:
    """The control of what answers at the socket; raises DoesNotAnswer."""
    found = _client(Control, _over(http, Control))
    try:
        await found.status()
    except Unavailable as error:
        raise DoesNotAnswer(holder) from error
    return found


@asynccontextmanager
async def clients(settings: Settings, doing: str) -> AsyncGenerator[dict[str, Api]]:
    """A client of every service that runs, by name: those of the running platform, or of an own one.

    Raises as `control`.
    """
    folder = DataFolder(settings.data)
    if settings.topology == "split":
        async with Platform(settings, {}) as platform:
            apart = {name: made for name, made in installed().items() if platform.address_of(name)}
            yield {name: platform.client(made, doing) for name, made in apart.items()}
    elif (holder := folder.holder()) is not None:
        async with _socket(folder) as http:
            with entered(Context(caller=OPERATOR)):
                status = await (await _answering(http, holder)).status()
                services = installed(status.services)
                yield {name: _service(made, doing, http) for name, made in services.items()}
    else:
        with folder.held(doing):
            async with Platform(settings, chosen(settings)) as platform:
                yield {name: platform.client(made, doing) for name, made in platform.services.items()}


@asynccontextmanager
async def _socket(folder: DataFolder) -> AsyncGenerator[httpx.AsyncClient]:
    over_socket = httpx.AsyncHTTPTransport(uds=os.fspath(folder.control_socket))
    async with httpx.AsyncClient(transport=over_socket, trust_env=False) as http:
        yield http


def _over(http: httpx.AsyncClient, api: type[Api]) -> Transport:
    """Calls over the socket, whose owner is trusted: the token only has to be there."""
    return HttpTransport(api.name, "http://control", InternalTokens(os.urandom(32)), http)


def _client(api: type[A], transport: Transport) -> A:
    once = Target(api.name, Resilience(attempts=1))
    return client(api, transport, CallPolicy("command-line", scopes_of(api), once))


def _service(made: type[Api], doing: str, http: httpx.AsyncClient) -> Api:
    api = made.promised()
    return client(api, _over(http, api), CallPolicy(doing, scopes_of(api), Target(api.name, Resilience())))
