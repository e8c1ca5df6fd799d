"""Goods on their way back, in every topology: asked for, decided, inspected, and their money given back."""

from datetime import timedelta
from pathlib import Path

import pytest

from processes.order_to_fulfillment.contract import ReturnDecision
from processes.order_to_fulfillment.returns import ReturnTerms
from processes.order_to_fulfillment.service import OrderToFulfillmentService
from systems.warehouse.contract import Inspection
from tests.journeys.parts import FREIGHT, Depot, Here
from tests.journeys.test_in_parts import hasty
from tests.landscape import Landscape
from triptych.canonical.billing import PaymentStatus
from triptych.canonical.money import Money
from triptych.canonical.order import OrderStatus
from triptych.canonical.shipping import InspectedLine, ReturnStatus
from triptych.problems import Conflict, InvalidInput, InvalidState, NotFound


@pytest.fixture
async def depot(landscape: Landscape) -> Depot:
    return await Depot(landscape).open(tea=50, cups=50)


async def test_all_of_an_order_comes_back_in_two_returns_and_every_cent_with_it(depot: Depot) -> None:
    order = await depot.ends(await depot.order(tea=3, cups=2))
    asked = await depot.asks(order, tea=1, cups=2)
    asked = await depot.returned(asked, lambda now: now.waiting is not None)
    assert asked.status == "requested"
    assert asked.id in {found.id for found in await depot.orders.waiting_returns()}
    first = await depot.settled(asked, good=1)
    assert (first.status, first.refunded) == ("closed", Money.of("16.04", "EUR"))
    assert await depot.kept(order) == order.total - Money.of("16.04", "EUR")
    assert (await depot.level(depot.tea), await depot.level(depot.cup)) == ((48, 0), (49, 0))
    assert (await depot.in_the_books(order)).status is OrderStatus.FULFILLED

    second = await depot.settled(await depot.asks(order, tea=2), good=2)
    assert second.refunded == Money.of("5.66", "EUR") + FREIGHT
    assert await depot.kept(order) == Money.zero("EUR")
    assert await depot.with_the_customer(order) == {}
    assert (await depot.in_the_books(order)).status is OrderStatus.RETURNED
    shown = await depot.orders.order(order.id)
    assert shown.status == "completed"
    assert [found.refunded for found in shown.returns] == [first.refunded, second.refunded]
    assert [payment.status for payment in await depot.payments(order)] == [PaymentStatus.REFUNDED]
    assert str(second.refunded) in await depot.told(order, f"come in ({second.id})")


async def test_what_was_sent_in_parts_is_given_back_from_the_payment_of_each_parcel(depot: Depot) -> None:
    depot = await Depot(depot).open(tea=2, cups=0)
    order = await depot.waits(await depot.order(tea=4), parcels=1)
    early = await depot.settled(await depot.asks(order, tea=1))
    assert early.refunded == Money.of("2.83", "EUR")
    await depot.comes(depot.tea, 2)
    order = await depot.ends(order)
    late = await depot.settled(await depot.asks(order, tea=3))
    assert await depot.kept(order) == Money.zero("EUR")
    assert [refund.payment_id for refund in late.refunds] == [
        payment.id for payment in await depot.payments(order)
    ]


async def test_nothing_comes_back_that_was_not_sent_nor_twice(depot: Depot) -> None:
    order = await depot.ends(await depot.order(tea=3))
    with pytest.raises(Conflict, match="4 of"):
        await depot.asks(order, tea=4)
    with pytest.raises(Conflict, match="0 of what was sent can"):
        await depot.asks(order, tea=1, cups=1)
    await depot.asks(order, tea=2)
    with pytest.raises(Conflict, match="1 of what was sent can"):
        await depot.asks(order, tea=2)


async def test_nothing_comes_back_of_an_order_of_which_nothing_was_sent(depot: Depot) -> None:
    depot = await Depot(depot).open(tea=0, cups=0)
    order = await depot.waits(await depot.order(tea=1), parcels=0)
    with pytest.raises(InvalidState, match="nothing to send back"):
        await depot.asks(order, tea=1)


async def test_a_return_that_is_refused_can_be_asked_for_again(depot: Depot) -> None:
    order = await depot.ends(await depot.order(tea=3))
    asked = await depot.asks(order, tea=3)
    refusal = ReturnDecision(approved=False, reason="It was opened.")
    await depot.orders.decide_return(asked.id, refusal)
    refused = await depot.returned(asked, lambda now: now.status == "rejected")
    assert (refused.because, refused.refunded) == ("It was opened.", None)
    with pytest.raises(InvalidState, match="it is rejected"):
        await depot.orders.take_in_return(asked.id, _all_of(depot, 3))
    in_the_warehouse = await depot.warehouse.returns.get(asked.id)
    assert in_the_warehouse.status is ReturnStatus.REJECTED
    assert in_the_warehouse.rejected_because == "It was opened."
    assert (await depot.settled(await depot.asks(order, tea=3))).status == "closed"


async def test_a_customer_who_keeps_the_goods_withdraws_the_return(depot: Depot) -> None:
    order = await depot.ends(await depot.order(tea=3))
    asked = await depot.asks(order, tea=3)
    await depot.orders.cancel_return(asked.id)
    await depot.returned(asked, lambda now: now.status == "cancelled")
    assert (await depot.warehouse.returns.get(asked.id)).status is ReturnStatus.REJECTED
    settled = await depot.settled(await depot.asks(order, tea=3))
    with pytest.raises(InvalidState):
        await depot.orders.cancel_return(settled.id)


async def test_less_comes_back_than_was_announced_and_only_that_is_paid(depot: Depot) -> None:
    order = await depot.ends(await depot.order(tea=3))
    asked = await depot.asks(order, tea=3)
    await depot.orders.decide_return(asked.id, ReturnDecision(approved=True))
    with pytest.raises(InvalidInput, match="3 of"):
        await depot.orders.take_in_return(asked.id, _all_of(depot, 4))
    lost = _all_of(depot, 1).model_copy(update={"location_id": "loc_nowhere"})
    with pytest.raises(InvalidInput, match="no such location"):
        await depot.orders.take_in_return(asked.id, lost)
    await depot.orders.take_in_return(asked.id, _all_of(depot, 1))
    settled = await depot.returned(asked, lambda now: now.status == "closed")
    assert settled.refunded == Money.of("2.83", "EUR")
    assert await depot.with_the_customer(order) == {depot.tea: 2}
    assert (await depot.settled(await depot.asks(order, tea=2))).refunded == Money.of("5.66", "EUR") + FREIGHT


async def test_goods_that_come_before_anybody_decided_wait_for_the_decision(depot: Depot) -> None:
    order = await depot.ends(await depot.order(tea=3))
    asked = await depot.asks(order, tea=1)
    await depot.orders.take_in_return(asked.id, _all_of(depot, 1))
    early = await depot.returned(asked, lambda now: now.waiting is not None)
    assert (early.status, early.came_back) == ("requested", ())
    await depot.orders.decide_return(asked.id, ReturnDecision(approved=True))
    assert (await depot.returned(asked, lambda now: now.status == "closed")).refunded


async def test_goods_that_are_received_in_the_warehouse_are_paid_back_too(depot: Depot) -> None:
    order = await depot.ends(await depot.order(tea=3))
    asked = await depot.asks(order, tea=1)
    await depot.warehouse.approve_return(asked.id)
    await depot.warehouse.receive_return(asked.id)
    settled = await depot.returned(asked, lambda now: now.status == "closed")
    assert (settled.decided_by, settled.refunded) == ("warehouse", Money.of("2.83", "EUR"))
    assert await depot.level(depot.tea) == (48, 0)


async def test_a_return_of_which_nobody_has_heard_is_not_there(depot: Depot) -> None:
    with pytest.raises(NotFound):
        await depot.orders.customer_return("ret_nothing")


class Impatient(OrderToFulfillmentService):
    """Waits for goods for a moment."""

    return_terms = ReturnTerms(goods=timedelta(seconds=0.3))


async def test_goods_that_do_not_come_in_time_are_not_taken_back(tmp_path: Path) -> None:
    async with hasty(tmp_path, Impatient) as platform:
        depot = await Depot(Here(platform)).open(tea=3, cups=0)
        order = await depot.ends(await depot.order(tea=3))
        asked = await depot.asks(order, tea=1)
        await depot.orders.decide_return(asked.id, ReturnDecision(approved=True))
        late = await depot.returned(asked, lambda now: now.status == "rejected")
        assert late.problem
        assert late.problem.detail.startswith("nothing was heard of goods")
        assert (await depot.warehouse.returns.get(asked.id)).status is ReturnStatus.REJECTED
        assert await depot.kept(order) == order.total


def _all_of(depot: Depot, tea: int) -> Inspection:
    return Inspection(lines=(InspectedLine(sku=depot.tea, quantity=tea, restocked=0),))
