"""What ACME ordered of late, through order-to-fulfillment; the last order wants more than there is."""

import asyncio

from demo import assortment
from demo.people import ACME, customer
from demo.seeder import Made, Seeder
from demo.sizes import PARTNER_ORDERS, PRODUCTS, at_least
from processes.order_to_fulfillment.contract import OrderToFulfillment, PlaceOrder
from triptych.canonical.lines import NewOrderLine
from triptych.canonical.order import NewOrder, OrderChannel

PARTNER = "partner-acme"
"""The OAuth client that ACME orders with."""
PATIENCE = 10
"""Seconds to wait for the orders. They come to their end anyway, over restarts too."""


async def partner_orders(seeder: Seeder, made: Made, count: int) -> None:
    """Place them, and see them to their end."""
    process = seeder.client(OrderToFulfillment)

    async def write(number: int) -> str:
        return (await process.place_order(PlaceOrder(order=_order(number, made)))).id

    placed = await seeder.each("partner orders", count, write, at_once=PARTNER_ORDERS)
    try:
        async with asyncio.timeout(PATIENCE):
            for order_id in placed:
                await _ended(process, order_id)
    except TimeoutError:
        pass  # they go on beside the first requests


async def _ended(process: OrderToFulfillment, order_id: str) -> None:
    """Return when the order has come to its end."""
    async for _ in process.follow_order(order_id):
        continue


def _order(number: int, made: Made) -> NewOrder:
    address = customer(ACME).billing_address
    assert address is not None
    return NewOrder(
        reference=f"ACME-2026-{number + 1:03}",
        customer_id=made.customers[ACME],
        channel=OrderChannel.PARTNER,
        placed_by=PARTNER,
        lines=tuple(NewOrderLine(sku=sku, quantity=quantity) for sku, quantity in _wanted(number)),
        ship_to=address,
    )


def _wanted(number: int) -> list[tuple[str, int]]:
    """A large basket; every third one holds more of something than anybody can send."""
    basket = assortment.bought("partner order", number, PARTNER_ORDERS, lines=4)
    wanted = [(assortment.sku(one), quantity * 10) for one, quantity in basket]
    if number % 3 == 2:
        known = at_least(PRODUCTS, number=number, each=PARTNER_ORDERS)
        wanted.append(next((assortment.sku(one), 24) for one in range(known) if assortment.scarce(one)))
    return wanted
