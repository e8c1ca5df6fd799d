"""What an order's entry in the ERP and its process together say of where it stands."""

from processes.order_to_fulfillment.contract import Event, OrderProgress, OrderState, Trouble
from triptych.canonical.order import Order, OrderStatus
from triptych.engine import ProcessStatus, StepStatus

_IN_THE_ERP = {
    OrderStatus.DRAFT: OrderState.ACCEPTED,
    OrderStatus.CONFIRMED: OrderState.CONFIRMED,
    OrderStatus.SHIPPED: OrderState.SHIPPED,
    OrderStatus.FULFILLED: OrderState.COMPLETED,
    OrderStatus.RETURNED: OrderState.COMPLETED,
    OrderStatus.CANCELLED: OrderState.CANCELLED,
}


def progress(order: Order, status: ProcessStatus | None = None) -> OrderProgress:
    """The order as its buyer may see it; without a status, as the ERP has it."""
    state = _IN_THE_ERP[order.status] if status is None else OrderState(status.state)
    return OrderProgress(
        id=order.id,
        reference=order.reference,
        customer_id=order.customer_id,
        channel=order.channel,
        placed_by=order.placed_by,
        status=state,
        cancelling=status.cancelling if status else False,
        lines=order.lines,
        freight=order.freight,
        total=order.total,
        ship_to=order.ship_to,
        placed_at=order.ordered_at,
        timeline=tuple(_event(step) for step in status.timeline) if status else (),
        problem=_trouble(status) if status else None,
        event_id=len(status.timeline) + status.resting if status else 0,
    )


def _event(step: StepStatus) -> Event:
    return Event(
        step=step.step,
        undone=step.undo,
        outcome=step.outcome,
        state=OrderState(step.state) if step.state else None,
        started=step.started,
        ended=step.ended,
        attempts=step.attempts,
    )


def _trouble(status: ProcessStatus) -> Trouble | None:
    found = status.problem
    if found is None:
        return None
    return Trouble(type=found.type, title=found.title, detail=found.detail, extra=found.extra)
