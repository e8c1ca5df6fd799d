"""Buyers: they place orders of order-to-fulfillment, and ask until each has come to its end."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from processes.order_to_fulfillment.contract import OrderState, OrderToFulfillment, PaymentMeans, PlaceOrder
from systems.crm.contract import Crm
from systems.erp.contract import Erp
from systems.warehouse.contract import Warehouse
from tests.crash.callers import Callers
from triptych.canonical.billing import PaymentMethod
from triptych.canonical.inventory import LocationKind, NewInventoryLevel, NewLocation
from triptych.canonical.lines import NewOrderLine
from triptych.canonical.money import Money
from triptych.canonical.order import NewOrder, OrderChannel
from triptych.canonical.party import Address, NewCustomer
from triptych.canonical.product import NewProduct
from triptych.problems import InvalidState, Problem

T = TypeVar("T")
PRODUCTS = 20
SOLD = "TEA-"
"""How the SKUs begin of what is sold."""
SHORT, DECLINED, CALLED_OFF = (3,), (7,), (11, 17)
"""Of twenty orders, the numbers of those that are too large, not paid, and called off by their buyers."""
ENDED = (OrderState.COMPLETED, OrderState.REJECTED, OrderState.CANCELLED)
AT_ONCE = 40


@dataclass
class Buyers:
    """What the buyers were promised, and what became of it."""

    made: Callers
    seed: int
    customer: str = ""
    accepted: dict[str, int] = field(default_factory=dict[str, int])
    """The number of each order that was accepted, by its id."""
    ended: dict[str, OrderState] = field(default_factory=dict[str, OrderState])

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    async def open_shop(self) -> None:
        """A customer, products, and stock for whatever may be ordered."""
        crm, erp = self.made.client(Crm, "crm"), self.made.client(Erp, "erp")
        warehouse = self.made.client(Warehouse, "warehouse")
        self.customer = (await crm.customers.create(NewCustomer(name="Acme", email="buyer@example.com"))).id
        location = await warehouse.locations.create(
            NewLocation(code="MAIN", name="Main", kind=LocationKind.WAREHOUSE, ships=True)
        )
        for number in range(PRODUCTS):
            price = Money(amount_minor=100 + number, currency="EUR")
            await erp.products.create(NewProduct(sku=_sku(number), name=f"Tea {number}", price=price))
            await warehouse.inventory.create(
                NewInventoryLevel(sku=_sku(number), location_id=location.id, on_hand=100_000)
            )

    async def buy(self, numbers: range) -> None:
        """Place these orders, each with its key until it is answered; so many are on their way at once."""
        placing = set[asyncio.Task[None]]()
        async with asyncio.TaskGroup() as group:
            for number in numbers:
                while len(placing) + len(self.accepted) - len(self.ended) >= AT_ONCE:  # noqa: ASYNC110 - many ends
                    await asyncio.sleep(0.05)
                buying = group.create_task(self._buy(number))
                placing.add(buying)
                buying.add_done_callback(placing.discard)

    async def _buy(self, number: int) -> None:
        order = await self._asked(
            f"place-{number}", lambda found: found.place_order(_order(number, self.customer))
        )
        self.accepted[order.id] = number
        if number % 20 in CALLED_OFF:
            await asyncio.sleep(self._chance.uniform(0, 1))
            with suppress(InvalidState):  # it is being shipped
                await self._asked(f"off-{number}", lambda found: found.cancel_order(order.id))

    async def _asked(self, key: str, write: Callable[[OrderToFulfillment], Awaitable[T]]) -> T:
        return await self.made.persistently(OrderToFulfillment, "buyer", key, write)

    async def look(self) -> None:
        """Ask after every order that has not come to its end yet."""
        open_orders = [id for id in self.accepted if id not in self.ended]
        for start in range(0, len(open_orders), 10):
            await asyncio.gather(*map(self._look, open_orders[start : start + 10]))

    async def _look(self, id: str) -> None:
        processes = self.made.client(OrderToFulfillment)
        with suppress(Problem):  # it is asked again
            found = await processes.order(id)
            told = any(step.step == "notify" and step.ended for step in found.timeline)
            if found.status in ENDED and (told or found.status is not OrderState.COMPLETED):
                self.ended[id] = found.status


def _sku(number: int) -> str:
    return f"{SOLD}{number % PRODUCTS}"


def _order(number: int, customer: str) -> PlaceOrder:
    quantity = 200_000 if number % 20 in SHORT else 1 + number % 5
    token = "tok_declined" if number % 20 in DECLINED else "tok_visa"
    return PlaceOrder(
        order=NewOrder(
            reference=f"CRASH-{number}",
            customer_id=customer,
            channel=OrderChannel.PARTNER,
            lines=(NewOrderLine(sku=_sku(number), quantity=quantity),),
            ship_to=Address(name="Acme", line1="Street 1", city="Berlin", postal_code="10115", country="DE"),
        ),
        payment=PaymentMeans(method=PaymentMethod.CARD, token=token),
    )
