"""Trade: the orders of the last months, carried out in the systems by hand, as before there were processes.

Most are delivered and paid; some are owed still, some wait to be sent, some were called off or came back.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from demo import assortment
from demo.people import ACME, JONAS, MARA, customer, firm_before, is_firm
from demo.seeder import Made, Seeder
from demo.sizes import CUSTOMERS, ORDERS, at_least, dice
from demo.stock import HAMBURG
from systems.billing.contract import Billing, Settlement
from systems.erp.contract import Cancellation, Erp
from systems.warehouse.contract import Warehouse
from triptych.canonical.billing import Invoice, NewInvoice, NewPayment, NewRefund, Payment, PaymentMethod
from triptych.canonical.inventory import NewReservation, Reservation
from triptych.canonical.lines import NewOrderLine, StockLine, as_new
from triptych.canonical.money import Money
from triptych.canonical.order import NewOrder, Order, OrderChannel
from triptych.canonical.shipping import NewReturn, NewShipment, ReturnReason, Shipment

BEGUN = datetime(2026, 1, 12, 9, tzinfo=UTC)
SPAN = 300
"""Days within which orders come, ever faster: however many there are, the last one is not later."""
FREIGHT = Money(amount_minor=490, currency=assortment.CURRENCY)
CARRIERS = ("Nordsee Kurier", "Rhône Express", "Veloce")
AT_ONCE = 8


class Ending(StrEnum):
    """How far an order has come."""

    COMPLETED = "completed"
    OWED = "owed"
    """Delivered; the invoice is open."""
    WAITING = "waiting"
    """Confirmed and reserved, and not sent."""
    CANCELLED = "cancelled"
    RETURNED = "returned"
    """One piece came back, and was refunded."""


_OTHERWISE = {3: Ending.OWED, 5: Ending.WAITING, 7: Ending.CANCELLED, 9: Ending.RETURNED}


def ending(number: int) -> Ending:
    """How far order number so and so has come."""
    return _OTHERWISE.get(number % 10, Ending.COMPLETED)


async def orders(seeder: Seeder, made: Made, count: int) -> None:
    """Several at once, since each waits for three systems in turn."""
    trade = Trade(seeder, made)
    made.orders = await seeder.each("orders", count, trade.carry_out, at_once=AT_ONCE)


class Trade:
    """Carries orders out. Without a warehouse nothing is sent, without billing nothing is paid."""

    def __init__(self, seeder: Seeder, made: Made) -> None:
        self._made = made
        self._erp = seeder.client(Erp)
        self._warehouse = seeder.client_if_running(Warehouse)
        self._billing = seeder.client_if_running(Billing)

    async def carry_out(self, number: int) -> Order:
        """One order, from its entry to its ending."""
        order = await self._erp.orders.create(_order(number, self._made))
        reservation = await self._reserve(order)
        payment = await self._authorise(order, ending(number))
        if ending(number) is Ending.CANCELLED:
            return await self._call_off(order, reservation, payment)
        order = await self._erp.confirm_order(order.id)
        if ending(number) is Ending.WAITING:
            return order
        shipment = await self._send(order, reservation, number)
        order = await self._erp.ship_order(order.id)
        invoice = await self._bill(order)
        if ending(number) is Ending.OWED:
            return order
        await self._collect(invoice, payment)
        order = await self._erp.fulfill_order(order.id)
        if ending(number) is Ending.RETURNED:
            await self._take_back(order, shipment, payment)
        return order

    async def _reserve(self, order: Order) -> Reservation | None:
        if self._warehouse is None:
            return None
        return await self._warehouse.reservations.create(
            NewReservation(order_id=order.id, lines=_stock_lines(order))
        )

    async def _authorise(self, order: Order, ending: Ending) -> Payment | None:
        if self._billing is None:
            return None
        shop = order.channel is OrderChannel.STOREFRONT and ending is not Ending.OWED
        return await self._billing.payments.create(
            NewPayment(
                order_id=order.id,
                customer_id=order.customer_id,
                amount=order.total,
                method=PaymentMethod.CARD if shop else PaymentMethod.ON_ACCOUNT,
                token="tok_visa" if shop else None,
            )
        )

    async def _call_off(
        self, order: Order, reservation: Reservation | None, payment: Payment | None
    ) -> Order:
        if self._warehouse is not None and reservation is not None:
            await self._warehouse.release_reservation(reservation.id)
        if self._billing is not None and payment is not None:
            await self._billing.void_payment(payment.id)
        return await self._erp.cancel_order(order.id, Cancellation(reason="The customer ordered twice."))

    async def _send(self, order: Order, reservation: Reservation | None, number: int) -> Shipment | None:
        if self._warehouse is None or reservation is None:
            return None
        shipment = await self._warehouse.shipments.create(
            NewShipment(
                order_id=order.id,
                reservation_id=reservation.id,
                location_id=reservation.lines[0].location_id,
                carrier=CARRIERS[number % len(CARRIERS)],
                lines=_stock_lines(order),
                ship_to=order.ship_to,
            )
        )
        await self._warehouse.dispatch_shipment(shipment.id)
        return await self._warehouse.deliver_shipment(shipment.id)

    async def _bill(self, order: Order) -> Invoice | None:
        if self._billing is None:
            return None
        return await self._billing.invoices.create(
            NewInvoice(
                order_id=order.id,
                customer_id=order.customer_id,
                reference=order.reference,
                due_at=order.ordered_at + timedelta(days=30),
                lines=as_new(order.lines),
                freight=order.freight,
            )
        )

    async def _collect(self, invoice: Invoice | None, payment: Payment | None) -> None:
        if self._billing is not None and invoice is not None and payment is not None:
            await self._billing.capture_payment(payment.id)
            await self._billing.settle_invoice(invoice.id, Settlement(payment_id=payment.id))

    async def _take_back(self, order: Order, shipment: Shipment | None, payment: Payment | None) -> None:
        line = order.lines[0]
        if self._warehouse is not None and shipment is not None:
            returned = await self._warehouse.returns.create(
                NewReturn(
                    order_id=order.id,
                    shipment_id=shipment.id,
                    location_id=self._made.locations[HAMBURG],
                    lines=(StockLine(sku=line.sku, quantity=1),),
                    reason=ReturnReason.UNWANTED,
                    note="One too many.",
                )
            )
            await self._warehouse.approve_return(returned.id)
            await self._warehouse.receive_return(returned.id)
        if self._billing is not None and payment is not None:
            amount = line.unit_price.times(Decimal(1) - line.discount)
            await self._billing.refunds.create(
                NewRefund(payment_id=payment.id, amount=amount, reason="One piece came back.")
            )


def _order(number: int, made: Made) -> NewOrder:
    buyer = _buyer(number)
    terms = customer(buyer)
    assert terms.billing_address is not None
    firm = is_firm(buyer)
    basket = assortment.bought("order", number, ORDERS, lines=3)
    return NewOrder(
        reference=f"PO-{4501 + number}" if firm else None,
        external_id=f"MG-{10001 + number}",
        customer_id=made.customers[buyer],
        channel=OrderChannel.SALES if firm else OrderChannel.STOREFRONT,
        lines=tuple(_line(one, quantity, firm=firm) for one, quantity in basket),
        freight=None if firm else FREIGHT,
        ship_to=terms.billing_address,
        ordered_at=_moment(number),
    )


def _buyer(number: int) -> int:
    """Every fourth order comes from a regular, an order on account from a firm."""
    chance = dice("buyer", number)
    if number % 4 == 1:
        buyer = chance.choice((ACME, MARA, JONAS))
    else:
        buyer = chance.randrange(at_least(CUSTOMERS, number=number, each=ORDERS))
    return firm_before(buyer) if ending(number) is Ending.OWED else buyer


def _line(number: int, quantity: int, *, firm: bool) -> NewOrderLine:
    """Firms take larger packs, and have five per cent off from ten on."""
    quantity *= 3 if firm else 1
    discount = Decimal("0.05" if quantity >= 10 else "0")
    return NewOrderLine(sku=assortment.sku(number), quantity=quantity, discount=discount)


def _moment(number: int) -> datetime:
    """When the order came: each sooner after the one before."""
    days = SPAN * number / (number + 20)
    return (BEGUN + timedelta(days=days)).replace(microsecond=0)


def _stock_lines(order: Order) -> tuple[StockLine, ...]:
    return tuple(StockLine(sku=line.sku, quantity=line.quantity) for line in order.lines)
