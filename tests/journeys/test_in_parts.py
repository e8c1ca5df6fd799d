"""An order that is sent in parts, in every topology; what it waits for, and when it waits no more."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from processes.order_to_fulfillment.contract import PaymentMeans
from processes.order_to_fulfillment.parts import BackOrders
from processes.order_to_fulfillment.service import OrderToFulfillmentService
from systems.billing.contract import Billing
from tests.journeys.parts import FREIGHT, Depot, Here
from tests.landscape import Landscape
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.canonical.billing import InvoiceFilter, PaymentMethod, PaymentStatus
from triptych.canonical.money import Money
from triptych.canonical.order import OrderStatus
from triptych.problems import InvalidState
from triptych.settings import Settings

NEEDED = ("crm", "erp", "warehouse", "billing", "marketing")


@pytest.fixture
async def depot(landscape: Landscape) -> Depot:
    return await Depot(landscape).open(tea=2, cups=1)


async def test_an_order_is_sent_as_far_as_there_is_stock_and_the_rest_follows_to_the_cent(
    depot: Depot,
) -> None:
    order = await depot.waits(await depot.order(tea=7, cups=3), parcels=1)
    assert (order.status, order.waiting and order.waiting.what) == ("shipped", "arrival.1")
    assert {line.sku: line.quantity for line in order.back_ordered} == {depot.tea: 5, depot.cup: 2}
    assert order.back_ordered_until
    assert order.parcels[0].charged == Money.of("12.26", "EUR") + FREIGHT
    assert await depot.kept(order) == order.parcels[0].charged
    assert "The rest follows" in await depot.told(order, "on its way")

    await depot.comes(depot.tea, 4)
    order = await depot.waits(order, parcels=2)
    await depot.comes(depot.cup, 9)
    order = await depot.waits(order, parcels=3)
    assert {line.sku: line.quantity for line in order.back_ordered} == {depot.tea: 1}
    await depot.comes(depot.tea, 1)
    order = await depot.ends(order)

    assert (order.status, len(order.parcels), order.back_ordered) == ("completed", 4, ())
    assert order.total == Money.of("39.62", "EUR") + FREIGHT
    assert await depot.kept(order) == order.total
    assert await depot.with_the_customer(order) == {depot.tea: 7, depot.cup: 3}
    assert (await depot.level(depot.tea), await depot.level(depot.cup)) == ((0, 0), (7, 0))
    assert (await depot.in_the_books(order)).status is OrderStatus.FULFILLED
    invoices = await depot.client(Billing).invoices.find(InvoiceFilter(order_id=order.id))
    assert [invoice.freight for invoice in invoices.items] == [FREIGHT, *[FREIGHT - FREIGHT] * 3]


async def test_an_order_of_which_there_is_nothing_waits_and_is_not_charged(landscape: Landscape) -> None:
    depot = await Depot(landscape).open(tea=0, cups=0)
    order = await depot.waits(await depot.order(tea=2), parcels=0)
    assert (order.status, order.waiting and order.waiting.what) == ("accepted", "supply.1")
    assert await depot.payments(order) == ()
    await depot.comes(depot.tea, 2)
    order = await depot.ends(order)
    assert (order.status, len(order.parcels)) == ("completed", 1)
    assert await depot.kept(order) == order.total


async def test_the_customer_calls_off_the_rest_and_pays_what_was_sent(depot: Depot) -> None:
    order = await depot.waits(await depot.order(tea=7), parcels=1)
    await depot.orders.cancel_order(order.id)
    order = await depot.ends(order)
    assert (order.status, order.called_off_because) == ("completed", "The rest was called off.")
    assert {line.sku: line.quantity for line in order.called_off} == {depot.tea: 5}
    assert await depot.kept(order) == order.parcels[0].charged
    assert "Not sent, and not charged" in await depot.told(order, "without its rest")
    with pytest.raises(InvalidState, match="Nothing is left"):
        await depot.orders.cancel_order(order.id)


async def test_an_order_that_waits_with_nothing_sent_is_cancelled_as_a_whole(landscape: Landscape) -> None:
    depot = await Depot(landscape).open(tea=0, cups=0)
    order = await depot.waits(await depot.order(tea=2), parcels=0)
    await depot.orders.cancel_order(order.id)
    order = await depot.ends(order)
    assert (order.status, order.back_ordered) == ("cancelled", ())
    assert (await depot.in_the_books(order)).status is OrderStatus.CANCELLED


async def test_an_order_that_may_not_be_sent_in_parts_is_refused_as_ever(depot: Depot) -> None:
    order = await depot.ends(await depot.order(tea=7, parts=False))
    assert order.status == "rejected"
    assert await depot.level(depot.tea) == (2, 0)


async def test_what_is_in_stock_goes_out_whole_also_when_it_may_be_in_parts(depot: Depot) -> None:
    order = await depot.ends(await depot.order(tea=2, cups=1))
    assert [event.step for event in order.timeline if event.outcome == "waiting"] == []
    assert (order.status, len(order.parcels)) == ("completed", 1)
    assert order.parcels[0].charged == order.total == await depot.kept(order)


class Hasty(OrderToFulfillmentService):
    """Waits for moments instead of weeks."""

    back_orders = BackOrders(within=timedelta(seconds=2), look=timedelta(seconds=0.3))


@asynccontextmanager
async def hasty(data: Path, service: type[OrderToFulfillmentService] = Hasty) -> AsyncGenerator[Platform]:
    services = {**installed(set(NEEDED)), "order-to-fulfillment": service}
    async with Platform(Settings(data=data, step_delay=0.01), services) as platform:
        yield platform


async def test_what_does_not_come_in_time_is_called_off_and_not_charged(tmp_path: Path) -> None:
    async with hasty(tmp_path) as platform:
        depot = await Depot(Here(platform)).open(tea=2, cups=0)
        some, none = await asyncio.gather(depot.order(tea=3), depot.order(cups=1, tea=0))
        some, none = await asyncio.gather(depot.ends(some), depot.ends(none))
        assert some.status == "completed"
        assert some.called_off_because
        assert some.called_off_because.startswith("The rest did not come until")
        assert await depot.kept(some) == some.parcels[0].charged
        assert none.status == "rejected"
        assert none.problem
        assert none.problem.detail.startswith(f"There was nothing of {depot.cup}")
        assert (await depot.in_the_books(none)).status is OrderStatus.CANCELLED
        assert await depot.level(depot.tea) == (0, 0)


class Patient(OrderToFulfillmentService):
    """Looks soon, and waits long."""

    back_orders = BackOrders(look=timedelta(seconds=0.3))


async def test_stock_of_which_nobody_told_is_found_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deaf(*_: object) -> None:
        """Hears nothing."""

    monkeypatch.setattr(Patient, "wake_back_orders", deaf)
    async with hasty(tmp_path, Patient) as platform:
        depot = await Depot(Here(platform)).open(tea=1, cups=0)
        order = await depot.waits(await depot.order(tea=2), parcels=1)
        await depot.comes(depot.tea, 1)
        order = await depot.ends(order)
        assert "late" in {event.outcome for event in order.timeline}
        assert await depot.kept(order) == order.total


async def test_a_card_that_is_declined_for_the_rest_ends_the_order_with_what_was_paid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from systems.billing.backends.embedded import EmbeddedBilling
    from triptych.canonical.billing import NewPayment
    from triptych.problems import PaymentDeclined

    empty = asyncio.Event()

    async def limited(self: EmbeddedBilling, payment: NewPayment) -> None:
        if empty.is_set():
            raise PaymentDeclined("The card is at its limit.")

    monkeypatch.setattr(EmbeddedBilling, "authorise", limited)
    async with hasty(tmp_path, Patient) as platform:
        depot = await Depot(Here(platform)).open(tea=2, cups=0)
        card = PaymentMeans(method=PaymentMethod.CARD, token="tok_visa")
        order = await depot.waits(await depot.order(tea=3, means=card), parcels=1)
        empty.set()
        await depot.comes(depot.tea, 4)
        order = await depot.ends(order)
        assert order.called_off_because == "The rest was not paid: The card is at its limit."
        assert [payment.status for payment in await depot.payments(order)] == [PaymentStatus.CAPTURED]
        assert await depot.level(depot.tea) == (4, 0)


async def test_who_ordered_first_is_served_first(tmp_path: Path) -> None:
    async with hasty(tmp_path, Patient) as platform:
        depot = await Depot(Here(platform)).open(tea=0, cups=0)
        first = await depot.waits(await depot.order(tea=2), parcels=0)
        second = await depot.waits(await depot.order(tea=2), parcels=0)
        await depot.comes(depot.tea, 2)
        assert (await depot.ends(first)).status == "completed"
        assert (await depot.orders.order(second.id)).status == "accepted"
