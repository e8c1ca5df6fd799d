"""Contracts and services that stand behind the gateway in its tests."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import Body, Header
from starlette.types import ASGIApp

from gateway.build import build_gateway
from gateway.front_asgi import Gateway
from gateway.identity import RememberedTokens, VerifiedToken
from triptych.calling.internal_token import InternalTokens
from triptych.canonical.base import Model
from triptych.context import current
from triptych.contract import Api, ExperienceApi, Lifecycle, ProcessApi, SystemApi, event, flow, get, post
from triptych.problems import InvalidState, NotFound, Unauthenticated
from triptych.serving.openapi import document
from triptych.settings import Settings


class Product(Model):
    """Something to buy."""

    sku: str
    name: str


class NewOrder(Model):
    """What a customer wants."""

    sku: str
    quantity: int = 1


class Order(Model):
    """What a customer gets, and as whom the service was called."""

    id: str
    sku: str
    quantity: int
    subject: str
    client: str


class Tick(Model):
    """A step of a stream."""

    number: int


Session = Annotated[str | None, Header(alias="Triptych-Session", max_length=64)]


class Shop(ExperienceApi, version=1, owner="web-team"):
    """What a shop front needs."""

    order_placed = event(Order, "Somebody has bought.")

    @get("/products")
    async def products(self) -> tuple[Product, ...]:
        """Everything on offer."""
        ...

    @get("/products/{sku}", raises=[NotFound])
    async def product(self, sku: str) -> Product:
        """One product."""
        ...

    @get("/catalogue", weight=5)
    async def catalogue(self) -> tuple[Product, ...]:
        """A large answer."""
        ...

    @get("/hours", scope="")
    async def hours(self) -> Tick:
        """When the shop is open: anyone may ask."""
        ...

    @post("/orders", status=201, raises=[InvalidState])
    async def place_order(self, order: Annotated[NewOrder, Body()]) -> Order:
        """Buy."""
        ...

    @get("/ticks", scope="")
    async def ticks(self) -> AsyncIterator[Tick]:
        """A stream that does not end."""
        yield Tick(number=0)

    @get("/basket", scope="")
    async def basket(self, session: Session = None) -> Product:
        """What a guest has chosen."""
        ...

    @get("/crash", scope="")
    async def crash(self) -> Tick:
        """Fails."""
        ...


class Fulfilment(ProcessApi, version=1, owner="logistics"):
    """A process, for internal clients."""

    parcels = flow(
        "Parcels leave.", pace="batch", owner="logistics", failure="They are late.", within=timedelta(hours=1)
    )

    @get("/state")
    async def state(self) -> Tick:
        """How far it is."""
        ...


class Ledger(SystemApi, version=1, owner="finance"):
    """A system of record."""

    @get("/balance")
    async def balance(self) -> Tick:
        """The balance."""
        ...


class Kiosk(
    ExperienceApi,
    version=1,
    owner="web-team",
    lifecycle=Lifecycle(
        deprecated_on=date(2027, 1, 1),
        sunset_on=date(2027, 12, 31),
        successor="/kiosk/v2",
        migration="/portal/kiosk/v1/migration",
    ),
):
    """On its way out."""

    @get("/status", scope="")
    async def status(self) -> Tick:
        """Still there."""
        ...


class Kettle(
    ExperienceApi,
    version=1,
    owner="web-team",
    lifecycle=Lifecycle(
        deprecated_on=date(2020, 1, 1),
        sunset_on=date(2021, 1, 1),
        retired=True,
        successor="/kettle/v2",
        migration="/portal/kettle",
    ),
):
    """Gone."""

    @get("/status", scope="")
    async def status(self) -> Tick:
        """No longer there."""
        ...


class ShopService(Shop):
    """Keeps what it was asked, so that tests can see what went through."""

    orders: list[Order]
    streams = 0

    async def products(self) -> tuple[Product, ...]:
        return (Product(sku="TEA-1", name="Tea"), Product(sku="POT-1", name="Pot"))

    async def product(self, sku: str) -> Product:
        if sku == "NONE":
            raise NotFound("There is no product NONE.")
        return Product(sku=sku, name="Tea")

    async def catalogue(self) -> tuple[Product, ...]:
        return tuple(Product(sku=f"SKU-{number}", name="Something to buy") for number in range(200))

    async def hours(self) -> Tick:
        return Tick(number=9)

    async def place_order(self, order: NewOrder) -> Order:
        caller = current().caller
        placed = Order(
            id=f"ord_{len(self.orders)}",
            sku=order.sku,
            quantity=order.quantity,
            subject=caller.subject,
            client=caller.client,
        )
        self.orders.append(placed)
        return placed

    async def ticks(self) -> AsyncIterator[Tick]:
        self.streams += 1
        try:
            for number in range(1_000_000):
                yield Tick(number=number)
                await asyncio.sleep(0.01)
        finally:
            self.streams -= 1

    async def basket(self, session: str | None = None) -> Product:
        return Product(sku=session or "nothing", name="Basket")

    async def crash(self) -> Tick:
        raise RuntimeError("secret detail")


class FulfilmentService(Fulfilment):
    """A process."""

    async def state(self) -> Tick:
        return Tick(number=1)


class LedgerService(Ledger):
    """A system."""

    async def balance(self) -> Tick:
        return Tick(number=100)


class KioskService(Kiosk):
    """On its way out."""

    async def status(self) -> Tick:
        return Tick(number=1)


class KettleService(Kettle):
    """Gone."""

    async def status(self) -> Tick:
        return Tick(number=1)


@dataclass
class Tokens:
    """Verifies tokens by looking them up; counts how often it is asked."""

    known: dict[str, VerifiedToken] = field(default_factory=dict[str, VerifiedToken])
    asked: int = 0

    async def verify(self, token: str) -> VerifiedToken:
        """What the token says."""
        self.asked += 1
        if token not in self.known:
            raise Unauthenticated("This is no access token of this server")
        return self.known[token]


@dataclass
class Landscape:
    """Services, and what stands before them."""

    settings: Settings
    shop: ShopService
    apps: dict[str, ASGIApp]
    tokens: Tokens
    remembered: RememberedTokens
    internal: InternalTokens

    contracts: tuple[type[Api], ...] = (Shop, Fulfilment, Ledger, Kiosk, Kettle)

    def token(self, name: str, *scopes: str, plan: str = "partner") -> dict[str, str]:
        """The header of a client that has these scopes."""
        self.tokens.known[name] = VerifiedToken(
            subject=f"sub-{name}",
            client=f"client-{name}",
            scopes=frozenset(scopes),
            expires_at=4_000_000_000.0,
            plan=plan,
            jti=f"jti-{name}",
        )
        return {"authorization": f"Bearer {name}"}

    def gateway(self, **overrides: Any) -> Gateway:
        """The gateway before the services in this process, unless told otherwise."""

        async def ready() -> dict[str, str]:
            return {}

        def documents(name: str, version: int) -> dict[str, Any] | None:
            found = [api for api in self.contracts if (api.name, api.version) == (name, version)]
            return document(found[0]) if found else None

        arguments: dict[str, Any] = {
            "settings": self.settings,
            "contracts": self.contracts,
            "upstreams": self.apps,
            "tokens": self.remembered,
            "ready": ready,
            "documents": documents,
        }
        return build_gateway(**{**arguments, **overrides})
