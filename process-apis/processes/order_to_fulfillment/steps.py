"""The business sentence: what is done for an order, in order, each step with its undo beside it."""

from processes.order_to_fulfillment.contract import OrderState, PaymentMeans
from systems.billing.contract import Billing, Settlement
from systems.erp.contract import Cancellation, Erp
from systems.marketing.contract import Marketing
from systems.warehouse.contract import Warehouse
from triptych.canonical.base import Model
from triptych.canonical.billing import Invoice, NewInvoice, NewPayment, PaymentFilter, PaymentStatus
from triptych.canonical.fields import Id
from triptych.canonical.inventory import NewReservation, ReservationFilter, ReservationStatus
from triptych.canonical.lines import StockLine, StockLines, as_new
from triptych.canonical.messages import NewMessage
from triptych.canonical.money import Money
from triptych.canonical.order import Order, OrderStatus
from triptych.canonical.shipping import NewShipment
from triptych.engine import Step
from triptych.problems import InvalidState

LINES_IN_A_MESSAGE = 30


class Fulfilment(Model):
    """What is known of one order on its way."""

    order_id: Id
    payment: PaymentMeans
    billed_separately: bool = False
    reservation_id: Id | None = None
    payment_id: Id | None = None
    shipment_id: Id | None = None
    invoice_id: Id | None = None


class FulfilmentSteps:
    """The steps, over the system APIs."""

    def __init__(self, erp: Erp, warehouse: Warehouse, billing: Billing, marketing: Marketing) -> None:
        self._erp = erp
        self._warehouse = warehouse
        self._billing = billing
        self._marketing = marketing

    def sentence(self) -> list[Step[Fulfilment]]:
        """From acceptance to completion."""
        return [
            Step("enter", self.check_order, undo=self.call_off_order),
            Step("reserve", self.reserve_stock, undo=self.release_stock, reaches=OrderState.RESERVED),
            Step("authorise", self.authorise_payment, undo=self.void_payment, when=self.is_billed_here),
            Step("confirm", self.confirm_order, reaches=OrderState.CONFIRMED),
            Step("ship", self.ship, reaches=OrderState.SHIPPED, final=True),
            Step("capture", self.capture_payment, when=self.is_billed_here),
            Step("complete", self.complete_order, reaches=OrderState.COMPLETED),
            Step("notify", self.notify_customer, optional=True),
        ]

    async def check_order(self, state: Fulfilment) -> None:
        """See that the order is still a draft; somebody may have called it off in the ERP meanwhile."""
        order = await self._erp.orders.get(state.order_id)
        if order.status is OrderStatus.CANCELLED:
            raise InvalidState(f"{order.id} was called off in the ERP: {order.cancelled_because}.")

    async def call_off_order(self, state: Fulfilment) -> None:
        """Cancel it in the ERP, confirmed or not."""
        await self._erp.cancel_order(state.order_id, Cancellation(reason="The order did not go through."))

    async def reserve_stock(self, state: Fulfilment) -> dict[str, str]:
        """Promise it its stock; refused with the SKU that is short."""
        order = await self._erp.orders.get(state.order_id)
        wanted = NewReservation(order_id=order.id, lines=_all_of(order))
        reservation = await self._warehouse.reservations.create(wanted)
        return {"reservation_id": reservation.id}

    async def release_stock(self, state: Fulfilment) -> None:
        """Give the promised stock free."""
        held = ReservationFilter(order_id=state.order_id, status=ReservationStatus.RESERVED)
        for reservation in (await self._warehouse.reservations.find(held)).items:
            await self._warehouse.release_reservation(reservation.id)

    def is_billed_here(self, state: Fulfilment) -> bool:
        """Whether the money is this process's business."""
        return not state.billed_separately

    async def authorise_payment(self, state: Fulfilment) -> dict[str, str]:
        """Have the provider promise the total; refused when it declines."""
        order = await self._erp.orders.get(state.order_id)
        return await self._promised(order, state.payment, order.total)

    async def _promised(self, order: Order, means: PaymentMeans, amount: Money) -> dict[str, str]:
        payment = await self._billing.payments.create(
            NewPayment(
                order_id=order.id,
                customer_id=order.customer_id,
                amount=amount,
                method=means.method,
                token=means.token,
            )
        )
        return {"payment_id": payment.id}

    async def void_payment(self, state: Fulfilment) -> None:
        """Give the promise back."""
        promised = PaymentFilter(order_id=state.order_id, status=PaymentStatus.AUTHORIZED)
        for payment in (await self._billing.payments.find(promised)).items:
            await self._billing.void_payment(payment.id)

    async def confirm_order(self, state: Fulfilment) -> None:
        """Make it binding in the ERP. Entering it is undone last, and that cancels it, confirmed or not."""
        await self._erp.confirm_order(state.order_id)

    async def ship(self, state: Fulfilment) -> dict[str, str]:
        """Pack what is reserved, and hand it to the carrier."""
        order = await self._erp.orders.get(state.order_id)
        return {"shipment_id": await self._sent(order, state.reservation_id, _all_of(order))}

    async def _sent(self, order: Order, reservation_id: str | None, lines: StockLines) -> str:
        """Pack these lines, hand them to the carrier, and note it in the ERP: the shipment's id."""
        shipment = await self._warehouse.shipments.create(
            NewShipment(order_id=order.id, reservation_id=reservation_id, lines=lines, ship_to=order.ship_to)
        )
        await self._warehouse.dispatch_shipment(shipment.id)
        await self._erp.ship_order(order.id)
        return shipment.id

    async def capture_payment(self, state: Fulfilment) -> dict[str, str]:
        """Issue the invoice, take the money, and settle the one with the other."""
        assert state.payment_id is not None
        order = await self._erp.orders.get(state.order_id)
        whole = NewInvoice(
            order_id=order.id,
            customer_id=order.customer_id,
            reference=order.reference,
            lines=as_new(order.lines),
            freight=order.freight,
        )
        return {"invoice_id": (await self._charged(whole, state.payment_id)).id}

    async def _charged(self, new: NewInvoice, payment_id: str) -> Invoice:
        """Issue an invoice, take the money that was promised for it, and settle the one with the other."""
        invoice = await self._billing.invoices.create(new)
        payment = await self._billing.capture_payment(payment_id)
        await self._billing.settle_invoice(invoice.id, Settlement(payment_id=payment.id))
        return invoice

    async def complete_order(self, state: Fulfilment) -> None:
        """Note in the ERP that it is delivered and paid."""
        await self._erp.fulfill_order(state.order_id)

    async def notify_customer(self, state: Fulfilment) -> None:
        """Tell the customer what was sent."""
        order = await self._erp.orders.get(state.order_id)
        sent = [f"{line.quantity} × {line.name}" for line in order.lines]
        await self._tell(order, "is on its way", ["We have sent you:", "", *in_short(sent)])

    async def _tell(self, order: Order, what: str, said: list[str]) -> None:
        subject = f"Your order {order.reference or order.id} {what}"
        await self._marketing.messages.create(
            NewMessage(
                customer_id=order.customer_id, order_id=order.id, subject=subject, body="\n".join(said)
            )
        )


def in_short(said: list[str]) -> list[str]:
    """As many lines as a message has, and how many more there are."""
    more = len(said) - LINES_IN_A_MESSAGE
    return [*said[:LINES_IN_A_MESSAGE], f"and {more} more"] if more > 0 else said


def _all_of(order: Order) -> StockLines:
    return tuple(StockLine(sku=line.sku, quantity=line.quantity) for line in order.lines)
