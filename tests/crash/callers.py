"""Clients of the town's services, which never give up on one for long."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import httpx
from pydantic import SecretStr

from tests.crash.town import Town
from triptych.assembly.needs import scopes_of
from triptych.calling.client import client
from triptych.calling.http import HttpTransport
from triptych.calling.internal_token import InternalTokens
from triptych.calling.policy import CallPolicy
from triptych.calling.resilience import Resilience, Target
from triptych.context import Caller, Context, entered
from triptych.contract import Api
from triptych.problems import IdempotencyKeyReused, InvalidState, Problem
from triptych.secrets import Secrets
from triptych.settings import Settings

A = TypeVar("A", bound=Api)
T = TypeVar("T")
PATIENT = Resilience(attempts=1, trip_after=1_000_000, budget=1.0)
LINE = 8
"""How many writes are asked for at once: keys that a killed process has claimed rest for a while."""


class Callers:
    """Makes clients of services, and has writes answered however often their servers die."""

    def __init__(self, town: Town, http: httpx.AsyncClient, seed: int) -> None:
        self._town = town
        self._http = http
        self._chance = random.Random(seed)
        self._line = asyncio.Semaphore(LINE)
        settings = Settings(secret_key=SecretStr(town.secret), topology="split")
        self._tokens = InternalTokens(Secrets(settings).key("internal-tokens"))

    def client(self, api: type[A], place: str = "") -> A:
        """A client of a service at that place, or of a process API at some replica of it."""
        name = api.promised().name
        address = self._town.places[place or self._replica()].address
        transport = HttpTransport(name, address, self._tokens, self._http)
        policy = CallPolicy("crash-test", scopes_of(api), Target(name, PATIENT))
        return client(api, transport, policy)

    def _replica(self) -> str:
        engines = [name for name in self._town.engines if not self._town.places[name].stopped_until]
        return self._chance.choice(engines)

    async def persistently(
        self, api: type[A], person: str, key: str, write: Callable[[A], Awaitable[T]]
    ) -> T:
        """What this person is answered under this key. Raises the problem that it is refused with."""
        caller = Caller(subject=person, client="crash-test", scopes=scopes_of(api))
        while True:
            try:
                async with self._line:
                    with entered(Context(caller=caller, idempotency_key=key)):
                        return await write(self.client(api))
            except (InvalidState, IdempotencyKeyReused):
                raise
            except Problem as problem:
                if 400 <= problem.status < 500 and not problem.retryable:
                    raise
                await asyncio.sleep(max(0.2, min(problem.retry_after or 0.0, 5.0)))


@asynccontextmanager
async def callers(town: Town, seed: int) -> AsyncGenerator[Callers]:
    """Callers with connections of their own."""
    async with httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=200)) as http:
        yield Callers(town, http, seed)
