"""What an order's entry in the ERP and its process together say of where it stands."""

from typing import Any

from processes.order_to_fulfillment.contract import (
    OrderProgress,
    OrderState,
    Parcel,
    ReturnProgress,
    ReturnState,
)
from processes.order_to_fulfillment.parts import InParts
from processes.order_to_fulfillment.portions import stock_lines
from processes.order_to_fulfillment.returns import TakingBack
from processes.order_to_fulfillment.steps import Fulfilment
from triptych.canonical.lines import counted
from triptych.canonical.order import Order, OrderStatus
from triptych.engine import ProcessStatus, Told, told

_IN_THE_ERP = {
    OrderStatus.DRAFT: OrderState.ACCEPTED,
    OrderStatus.CONFIRMED: OrderState.CONFIRMED,
    OrderStatus.SHIPPED: OrderState.SHIPPED,
    OrderStatus.FULFILLED: OrderState.COMPLETED,
    OrderStatus.RETURNED: OrderState.COMPLETED,
    OrderStatus.CANCELLED: OrderState.CANCELLED,
}


def progress(
    order: Order, status: ProcessStatus | None = None, state: Fulfilment | None = None
) -> OrderProgress:
    """The order as its buyer may see it; without a status, as the ERP has it."""
    return OrderProgress(
        **(told(status, OrderState) if status else _in_the_erp(order)),
        reference=order.reference,
        customer_id=order.customer_id,
        channel=order.channel,
        placed_by=order.placed_by,
        lines=order.lines,
        freight=order.freight,
        total=order.total,
        ship_to=order.ship_to,
        placed_at=order.ordered_at,
        **(_parcels(order, state) if state and _goes_through(status) else {}),
    )


def returned(state: TakingBack, status: ProcessStatus) -> ReturnProgress:
    """A return as those who work with it see it."""
    return ReturnProgress(
        **told(status, ReturnState),
        order_id=state.order_id,
        customer_id=state.customer_id,
        lines=state.lines,
        reason=state.reason,
        note=state.note,
        decided_by=state.decided_by,
        because=state.because,
        came_back=state.came_back,
        refunds=state.refunds,
        refunded=state.refunded,
    )


def _goes_through(status: ProcessStatus | None) -> bool:
    return status is not None and status.phase not in ("rejected", "cancelled")


def _parcels(order: Order, state: Fulfilment) -> dict[str, Any]:
    """What was sent of it, and what was not."""
    if not isinstance(state, InParts):
        return {"parcels": _whole(order, state)}
    lacks = stock_lines(state.lacks)
    if state.called_off_because is not None:
        return {
            "parcels": state.parcels,
            "called_off": lacks,
            "called_off_because": state.called_off_because,
        }
    return {
        "parcels": state.parcels,
        "back_ordered": lacks,
        "back_ordered_until": state.until if lacks else None,
    }


def _whole(order: Order, state: Fulfilment) -> tuple[Parcel, ...]:
    """The one parcel of an order that is sent as a whole."""
    if state.shipment_id is None:
        return ()
    taken = state.invoice_id is not None
    parcel = Parcel(
        shipment_id=state.shipment_id,
        lines=stock_lines(counted(order.lines)),
        invoice_id=state.invoice_id,
        payment_id=state.payment_id if taken else None,
        charged=order.total if taken else None,
    )
    return (parcel,)


def _in_the_erp(order: Order) -> Told[OrderState]:
    return Told(
        id=order.id,
        status=_IN_THE_ERP[order.status],
        waiting=None,
        cancelling=False,
        timeline=(),
        problem=None,
        event_id=0,
    )
