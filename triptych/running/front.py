"""What a process needs of the gateway and of the demo company, both found through entry points.

`triptych.gateway` names a `FrontMaker`, `triptych.demo` a `Demo`; the platform imports neither.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from starlette.types import ASGIApp

from triptych.administration.contract import GatewayAdmin
from triptych.assembly.platform import Platform
from triptych.settings import Settings

Progress = Callable[[str, int, int], None]
"""Told how far a long piece of work is: what is done, how many of it, out of how many (0: nobody knows)."""


class IssuedCredentials(Protocol):
    """What a client needs to know of its registration."""

    @property
    def client_id(self) -> str: ...

    @property
    def client_secret(self) -> str | None:
        """None for a public client, and for one that was registered before and keeps its secret."""
        ...


class ClientRegistry(Protocol):
    """The OAuth clients."""

    async def add(
        self,
        name: str,
        *,
        grants: Iterable[str],
        scopes: Iterable[str],
        plan: str,
        redirect_uris: Iterable[str] = (),
        public: bool = False,
        client_id: str | None = None,
        client_secret: str | None = None,
        customer_id: str | None = None,
    ) -> IssuedCredentials:
        """Register a client, or register it anew if there is one with this `client_id`.

        Makes id and secret where none are given. `customer_id` is the customer as which the client acts on
        its own. Raises InvalidInput naming each field that is wrong.
        """
        ...


class UserRegistry(Protocol):
    """The people who can sign in."""

    async def add(
        self,
        email: str,
        name: str,
        password: str,
        *,
        scopes: Iterable[str],
        customer_id: str | None = None,
    ) -> object:
        """Add a person, or change the one with this e-mail address; raises InvalidInput."""
        ...


class AuditFinding(Protocol):
    """What a walk along the audit log found."""

    @property
    def records(self) -> int:
        """How many are sound, from the first on."""
        ...

    @property
    def sequence(self) -> int | None:
        """The first that is not, or that is missing; None when all is well."""
        ...

    @property
    def reason(self) -> str: ...

    @property
    def head(self) -> str:
        """The end that was reached, `sequence:hash`; keep it elsewhere, and name it the next time."""
        ...


class AuditTrail(Protocol):
    """The record of what was done through the gateway."""

    async def verify(self, kept: str = "") -> AuditFinding:
        """Walk along the whole of it; `kept` is a head from before. Raises InvalidInput when it is none."""
        ...


class Front(Protocol):
    """The gateway of this process, open for requests."""

    @property
    def app(self) -> ASGIApp:
        """Serves everything that the outside may see: the APIs, `/oauth`, `/healthz`, the portal."""
        ...

    @property
    def protocol(self) -> Callable[..., asyncio.Protocol]:
        """uvicorn's protocol for the connections that come from outside."""
        ...

    @property
    def clients(self) -> ClientRegistry: ...

    @property
    def users(self) -> UserRegistry: ...

    @property
    def audit(self) -> AuditTrail: ...

    @property
    def administration(self) -> GatewayAdmin:
        """Clients, people, plans and keys."""
        ...

    @property
    def administration_app(self) -> ASGIApp:
        """Serves `administration` to callers that were let in."""
        ...


class FrontMaker(Protocol):
    """Opens the gateway before a platform: `async with GatewayFront(platform) as front:`.

    In split placement the platform runs no services itself, and the front asks
    `platform.settings.address_of(name)` where each one is.
    """

    def __call__(self, platform: Platform) -> AbstractAsyncContextManager[Front]: ...


@dataclass(frozen=True, slots=True)
class DemoClient:
    """An OAuth client of the demo company."""

    client_id: str
    """Id and name at once: `partner-acme`."""
    grants: Sequence[str]
    scopes: Sequence[str]
    plan: str
    redirect_uris: Sequence[str] = ()
    public: bool = False
    customer_id: str | None = None
    """The customer as which it acts on its own: orders that it places are charged to them."""


@dataclass(frozen=True, slots=True)
class DemoUser:
    """Somebody at the demo company, or a customer of it, who can sign in."""

    email: str
    name: str
    scopes: Sequence[str]
    """What this person may do at most: `("storefront:*",)`."""
    customer_id: str | None = None


@dataclass(frozen=True, slots=True)
class DemoAccess:
    """Who may use the demo company. Secrets and passwords are made when they are registered."""

    clients: Sequence[DemoClient] = ()
    users: Sequence[DemoUser] = ()
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the banner tells of the company: `{"customers": "200", "orders": "800"}`."""


class Demo(Protocol):
    """The demo company, seeded once into an empty installation."""

    async def seed(self, platform: Platform, settings: Settings, progress: Progress) -> DemoAccess:
        """Fill the services through `platform.client(...)`, and say who may use them.

        Size from `settings.seed_scale`. The same again when it is repeated: a first start may have been
        killed half-way, so every write carries a key of its own (`with idempotency_key(...)`).
        Services that do not run here (`platform.services`) are left out.
        """
        ...
