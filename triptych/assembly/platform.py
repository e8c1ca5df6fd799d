"""The running landscape of one process: services built, stores open, calls placed."""

import inspect
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from graphlib import TopologicalSorter
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from fastapi import FastAPI

from triptych.assembly.discovery import AssemblyError, backend, installed
from triptych.assembly.needs import needs, objections, scopes_of
from triptych.calling.client import Transport, client
from triptych.calling.deadlines import DeadlineWheel
from triptych.calling.http import HttpTransport
from triptych.calling.internal_token import InternalTokens
from triptych.calling.policy import CallPolicy
from triptych.calling.resilience import Resilience, Target
from triptych.context import Context
from triptych.contract import Api, Happened, Subscription, events, hooks, operations, subscriptions
from triptych.engine import ProcessEngine
from triptych.events import Events
from triptych.events.log import MIGRATIONS, EventLog
from triptych.events.traffic import EventTraffic
from triptych.operations.contract import Operations
from triptych.operations.deeds import Deeds
from triptych.operations.tracing.inquiry import Inquiry
from triptych.operations.vitals import Vitals
from triptych.secrets import Secrets
from triptych.serving.app import service_app
from triptych.serving.backstop import Backstop
from triptych.serving.boundary import Boundary
from triptych.serving.callers import Callers
from triptych.serving.server import Loopback, by_prefix
from triptych.settings import Settings
from triptych.storage import Database, Storage
from triptych.storage.repeating import attempting
from triptych.telemetry.instruments import Instruments

A = TypeVar("A", bound=Api)
RESOURCES = (Database, Deeds, Inquiry, EventLog, Events, ProcessEngine, Secrets, Settings, Vitals)
"""What a service can ask for besides contracts and its backend."""


class Platform:
    """Builds the chosen services and serves them: `async with Platform(settings, services) as platform:`.

    Raises AssemblyError when they do not fit together.
    """

    def __init__(
        self,
        settings: Settings,
        services: Mapping[str, type[Api]],
        instruments: Instruments | None = None,
    ) -> None:
        self.settings = settings
        self.services = dict(services)
        self.secrets = Secrets(settings)
        self.tokens = InternalTokens(self.secrets.key("internal-tokens"))
        self.apps: dict[str, FastAPI] = {}
        self.storage = Storage(settings, self.secrets)
        self.engine: ProcessEngine | None = None
        self.log: EventLog | None = None
        """Where all events are, if a service here tells, hears or reads any."""
        self.instruments = instruments
        self.deeds = Deeds()
        self._boundaries: dict[str, Boundary] = {}
        self._events: dict[str, Events] = {}
        self._targets: dict[tuple[str, str], Target] = {}
        self.vitals = Vitals(self._targets, self.storage, instruments.meter if instruments else None)
        self.inquiry = Inquiry(self._systems)
        self._wheel = DeadlineWheel()
        self._stack = AsyncExitStack()
        self._wire = Loopback()
        self._http: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        self._check()
        try:
            await self._stack.enter_async_context(self.storage)
            self._http = await self._stack.enter_async_context(_http_client())
            if any(need.kind is ProcessEngine for made in self.services.values() for need in needs(made)):
                self.engine = ProcessEngine(self.settings, self._who(), names_key=self.secrets.key("names"))
            if any(_concerned_with_events(made) for made in self.services.values()):
                self.log = EventLog(await self.storage.open("events", MIGRATIONS))
            for name in self._needed_first():
                await self._build(name, self.services[name])
            if self.engine is not None:
                await self.engine.start()
                self._stack.push_async_callback(self.engine.stop)
            if self.settings.topology == "wire":
                await self._stack.enter_async_context(self._wire.serving(by_prefix(self.apps)))
            if self.log is not None:
                await self._stack.enter_async_context(await self._traffic(self.log))
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def client(self, api: type[A], service: str = "triptych", scopes: frozenset[str] | None = None) -> A:
        """A client of a service, for one that calls as `service`; by default with every scope it has."""
        name = api.promised().name
        target = self._target(service, name)
        tracer = self.instruments.tracer(service) if self.instruments else None
        policy = CallPolicy(service, scopes_of(api) if scopes is None else scopes, target, tracer)
        return client(api, self._transport(name), policy)

    def _target(self, service: str, name: str) -> Target:
        """What a service remembers of one that it calls."""
        found = self._targets.get((service, name))
        if found is None:
            found = self._targets[service, name] = Target(name, Resilience())
            if self.instruments:
                self.instruments.meter.watch(service, found)
        return found

    async def ready(self) -> None:
        """Raise Unavailable while a store cannot be reached."""
        await self.storage.ready()

    def _check(self) -> None:
        called = _called(self.services.values())
        reachable = {*self.services, *(name for name in called if self.settings.address_of(name))}
        reasons = objections(self.services, reachable, RESOURCES)
        if reasons:
            raise AssemblyError(reasons)

    def _needed_first(self) -> list[str]:
        """The services, each after those that it calls."""
        needed = {name: _called([made]) & self.services.keys() for name, made in self.services.items()}
        return list(TopologicalSorter(needed).static_order())

    def _who(self) -> str:
        """What the engine calls this process: the one service that runs in it, or all of them."""
        return next(iter(self.services)) if len(self.services) == 1 else "all"

    async def _build(self, name: str, made: type[Api]) -> None:
        database = await self._database(name, made)
        needed: dict[str, Any] = {}
        transactional = False
        for need in needs(made):
            if need.contract is not None:
                needed[need.parameter] = self.client(need.contract, name, need.scopes)
            elif need.parameter == "backend":
                chosen = backend(name, self.settings.backend_of(name))
                needed[need.parameter] = made_of = chosen(**self._resources(chosen, made, database))
                transactional = any(found.kind is Database for found in needs(chosen))
                if database is not None and not transactional:
                    attempting(made_of, made.promised(), database)
            else:
                needed[need.parameter] = self._resource(need.kind, made, database)
                # a system API that asks for the database itself keeps its effects there
                transactional = transactional or (made.tier == "system" and need.kind is Database)
        service = made(**needed)
        if hasattr(service, "__aenter__"):
            await self._stack.enter_async_context(service)  # pyright: ignore[reportArgumentType] - just asked
        boundary = Boundary(
            service,
            self._wheel,
            database=database,
            transactional=transactional,
            public_key_seconds=self.settings.public_key_hours * 3600,
            watch=self.instruments.watch(name) if self.instruments else None,
        )
        self._boundaries[name] = boundary
        self.apps[name] = service_app(
            boundary, Callers(made, self.tokens), Backstop(self.settings.backstop), self.ready
        )

    async def _database(self, name: str, made: type[Api]) -> Database | None:
        """The service's own database, if it keeps anything: entities, the keys of writes, its events."""
        if not (events(made) or _heard(made)) and all(found.safe for found in operations(made)):
            return None
        migrations = Path(inspect.getfile(made)).parent / "migrations"
        return await self.storage.open(name, migrations)

    def _events_of(self, made: type[Api], database: Database) -> Events:
        """What a service tells with; of one that stands on another system the stores are watched."""
        if made.name not in self._events:
            on_others = any(need.parameter == "backend" for need in needs(made)) and all(
                need.kind is not Database
                for need in needs(backend(made.name, self.settings.backend_of(made.name)))
            )
            self._events[made.name] = Events(made, database, foreign=on_others)
        return self._events[made.name]

    async def _traffic(self, log: EventLog) -> EventTraffic:
        async def tell(subscription: Subscription, context: Context, happened: Happened[Any]) -> None:
            await self._boundaries[subscription.service].hear(subscription, context, happened)

        return EventTraffic(
            self.settings,
            log,
            telling=[await self.storage.open(name) for name, made in self.services.items() if events(made)],
            watched=[found for events in self._events.values() for found in events.watched],
            services=list(self.services),
            hearing=[found for made in self.services.values() for found in _heard(made)],
            tell=tell,
            who=self._who(),
        )

    def _resources(self, of: type[Any], made: type[Api], database: Database | None) -> dict[str, Any]:
        return {need.parameter: self._resource(need.kind, made, database) for need in needs(of)}

    def _resource(self, kind: Any, made: type[Api], database: Database | None) -> Any:
        resources: dict[Any, Any] = {
            Database: database,
            EventLog: self.log,
            Events: database and self._events_of(made, database),
            ProcessEngine: self.engine,
            Settings: self.settings,
            Secrets: self.secrets,
            Deeds: self.deeds,
            Vitals: self.vitals,
            Inquiry: self.inquiry,
        }
        return resources[kind]

    def _systems(self) -> Mapping[str, Api]:
        """A client of every system API that can be reached, for operators who look for something."""
        known = {**(installed() if self.settings.topology == "split" else {}), **self.services}
        return {
            name: self.client(made, Operations.name)
            for name, made in known.items()
            if made.tier == "system" and (name in self.services or self.address_of(name))
        }

    def address_of(self, name: str) -> str | None:
        """Where a service is reached over HTTP; None where it is reached in this process."""
        if name not in self.services:
            return self.settings.address_of(name)
        return self._wire.address if self.settings.topology == "wire" else None

    def _transport(self, name: str) -> Transport:
        address = self.address_of(name)
        if address is None:
            return self._boundaries[name]
        assert self._http is not None
        return HttpTransport(name, address, self.tokens, self._http)


def _concerned_with_events(made: type[Api]) -> bool:
    """Whether a service tells events, hears some, or reads the log of them."""
    return bool(events(made) or _heard(made) or any(need.kind is EventLog for need in needs(made)))


def _heard(made: type[Api]) -> list[Subscription]:
    """What a service is told of: events, and the webhooks that it takes."""
    return [*subscriptions(made), *(found.subscription for found in hooks(made))]


def _called(services: Iterable[type[Api]]) -> set[str]:
    """Names of the services that these call."""
    return {found.contract.promised().name for made in services for found in needs(made) if found.contract}


def _http_client() -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=256, max_keepalive_connections=64, keepalive_expiry=30)
    return httpx.AsyncClient(limits=limits, trust_env=False, follow_redirects=False)
