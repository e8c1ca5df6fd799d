"""The gateway of one process: everything that `build_gateway` needs, made from a platform."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import Any, Self

from starlette.types import ASGIApp

from gateway.access import AccessLog
from gateway.administration import GatewayAdministration
from gateway.audit import AuditLog
from gateway.authorization.clients import Clients
from gateway.authorization.service import MIGRATIONS, AuthorizationServer
from gateway.authorization.users import Users
from gateway.build import build_gateway
from gateway.edge import EdgeProtocol, EdgeUpstream, Lane
from gateway.front_asgi import Gateway, Observer, Running
from gateway.front_uvicorn import GuardedProtocol
from gateway.hooks import HookDoor
from gateway.house import Page
from gateway.identity import RememberedTokens
from gateway.observing import LaneState, Requests, Spans
from gateway.plans import Plans
from gateway.upstream import HttpUpstream
from gateway.usage import Usage, used
from triptych.administration.contract import GatewayAdmin
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.calling.deadlines import DeadlineWheel
from triptych.contract import Api, operations
from triptych.events.log import MIGRATIONS as EVENTS
from triptych.events.log import EventLog
from triptych.problems import Problem
from triptych.serving.app import service_app
from triptych.serving.backstop import Backstop
from triptych.serving.boundary import Boundary
from triptych.serving.callers import Callers
from triptych.serving.openapi import document

MOST_OF_A_HOOK = 262_144
"""Bytes that a webhook may have, or fewer where `TRIPTYCH_MAX_BODY` says so."""


class GatewayFront:
    """Opens the gateway before a platform: `async with GatewayFront(platform) as front:`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._contracts = _contracts(platform)
        self._stack = AsyncExitStack()
        self._lane: Lane | None = None
        settings = platform.settings
        self._access = AccessLog(replica=settings.replica) if settings.access_log else None

    async def __aenter__(self) -> Self:
        platform, settings = self._platform, self._platform.settings
        database = await platform.storage.open("gateway", MIGRATIONS)
        self.audit = AuditLog(database, platform.secrets.key("audit"))
        platform.deeds.tell(self.audit)
        self.authorization = AuthorizationServer(
            settings,
            database,
            platform.secrets,
            _scopes(self._contracts),
            self.audit,
            resources={api.base_path(): _scopes({"": api}) for api in self._contracts.values()},
        )
        self.authorization.clients.newest = _newest(self._contracts)
        self.usage = Usage(database)
        plans = Plans(settings.plans)
        self.administration = GatewayAdministration(
            self.authorization, plans, platform.secrets.key("cursors"), partial(used, database)
        )
        self.administration_app = self._administration_app()
        tokens = RememberedTokens(self.authorization.bearer, settings.remembered_tokens)
        self.authorization.revocations.tell(tokens.forget)
        self._app = build_gateway(
            settings,
            self._contracts.values(),
            self._upstreams(),
            tokens,
            ready=self._missing,
            documents=self._document,
            authorization=self.authorization,
            allowed_origins=self.authorization.allowed_origins,
            plans=plans,
            recording=self.audit,
            pins=self.authorization.clients.pin,
            web_pages=self.authorization.allowed_origins.of_client,
            possession=self.authorization.proofs,
            running=self._running(),
            count=self.usage.count,
            observers=self._observers(),
            hooks=await self._hooks(),
        )
        await self._stack.enter_async_context(self._app.running())
        self._lane = self._edge()
        if self._lane is not None:
            await self._stack.enter_async_context(self._lane.running())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def app(self) -> Gateway:
        """Serves everything that the outside may see."""
        return self._app

    @property
    def clients(self) -> Clients:
        """The OAuth clients."""
        return self.authorization.clients

    @property
    def users(self) -> Users:
        """The people who can sign in."""
        return self.authorization.users

    @property
    def protocol(self) -> Callable[..., asyncio.Protocol]:
        """uvicorn's protocol for the connections that come from outside."""
        return GuardedProtocol if self._lane is None else partial(EdgeProtocol, self._lane)

    def _running(self) -> list[Running]:
        """What runs beside the requests."""
        parts = [self.audit, self.authorization, self.usage, *([self._access] if self._access else [])]
        return [part.running for part in parts]

    async def _hooks(self) -> Page | None:
        """The door for webhooks, where settings open it for any."""
        platform, keys = self._platform, self._platform.settings.hooks
        if not keys:
            return None
        log = platform.log or EventLog(await platform.storage.open("events", EVENTS))
        services = (platform.services or installed()).values()
        door = HookDoor(services, keys, log, min(platform.settings.max_body, MOST_OF_A_HOOK))
        await log.subscribe((), door.subscriptions)  # also where the service has never run yet
        return door.page

    def _edge(self) -> Lane | None:
        """The lane to the services that are reached over HTTP."""
        platform = self._platform
        apart = {name: platform.settings.addresses_of(name) for name in self._contracts}
        if platform.settings.topology != "split":
            return None
        upstreams = [
            EdgeUpstream(name, addresses, platform.tokens) for name, addresses in apart.items() if addresses
        ]
        lane = Lane(self._app, upstreams)
        if platform.instruments:
            platform.instruments.meter.show(LaneState(lane))
        return lane

    def _observers(self) -> Iterator[Observer]:
        """Who is told of every request that is over."""
        instruments = self._platform.instruments
        if instruments:
            requests = Requests()
            instruments.meter.show(requests)
            yield requests
            if (tracer := instruments.tracer("gateway")) is not None:
                yield Spans(tracer)
        if self._access is not None:
            yield self._access

    def _upstreams(self) -> dict[str, ASGIApp]:
        """How each service is reached: in this process, or at its address."""
        platform = self._platform
        found: dict[str, ASGIApp] = {GatewayAdmin.name: self.administration_app}
        for name in self._contracts.keys() - found.keys():
            address = platform.address_of(name)
            if address is None:
                found[name] = platform.apps[name]
            else:
                upstream = HttpUpstream(address, name, platform.tokens)
                self._stack.push_async_callback(upstream.aclose)
                found[name] = upstream
        return found

    def _administration_app(self) -> ASGIApp:
        """The gateway's own API, without idempotency keys: its answers tell secrets, and are kept nowhere."""
        platform = self._platform
        watch = platform.instruments.watch(GatewayAdmin.name) if platform.instruments else None
        return service_app(
            Boundary(self.administration, DeadlineWheel(), watch=watch),
            Callers(GatewayAdmin, platform.tokens),
            Backstop(platform.settings.backstop),
            platform.ready,
        )

    async def _missing(self) -> Mapping[str, str]:
        try:
            await self._platform.ready()
        except Problem as problem:
            return {"storage": problem.detail}
        return {}

    def _document(self, name: str, version: int) -> Mapping[str, Any] | None:
        contract = self._contracts.get(name)
        return document(contract) if contract is not None and contract.version == version else None


def _contracts(platform: Platform) -> dict[str, type[Api]]:
    """The contracts of the services that can be reached from here, and the gateway's own."""
    made = platform.services or {
        name: found for name, found in installed().items() if platform.settings.address_of(name)
    }
    return {**{name: found.promised() for name, found in made.items()}, GatewayAdmin.name: GatewayAdmin}


def _newest(contracts: Mapping[str, type[Api]]) -> str:
    """The day of the newest version of any of them."""
    return max((api.dated.latest.isoformat() for api in contracts.values() if api.dated.latest), default="")


def _scopes(contracts: Mapping[str, type[Api]]) -> dict[str, str]:
    """Every scope that a service asks for; what it means is made from its name."""
    return {found.scope: "" for api in contracts.values() for found in operations(api) if found.scope}
