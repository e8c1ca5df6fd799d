"""What a quote's process says of where it stands, in the words of the contract."""

from processes.quote_to_cash.sale import Sale, amounts
from processes.quote_to_cash.shown import Billed, Event, QuoteProgress, QuoteState, Trouble, Waiting
from triptych.engine import ProcessStatus, StepStatus


def progress(sale: Sale, status: ProcessStatus) -> QuoteProgress:
    """The quote as those who work with it see it."""
    return QuoteProgress(
        id=sale.quote_id,
        reference=sale.reference,
        customer_id=sale.customer_id,
        status=QuoteState(status.state),
        waiting=_waiting(status),
        cancelling=status.cancelling,
        total=sale.total,
        milestones=_billed(sale),
        order_id=sale.order_id,
        reminders=sale.reminders,
        timeline=tuple(_event(step) for step in status.timeline),
        problem=_trouble(status),
        event_id=len(status.timeline) + status.resting,
    )


def _billed(sale: Sale) -> tuple[Billed, ...]:
    return tuple(
        Billed(
            name=milestone.name,
            share=milestone.share,
            due=milestone.due,
            days=milestone.days,
            amount=amount,
            invoice_id=sale.invoices[number] if number < len(sale.invoices) else None,
            paid=number < sale.paid,
        )
        for number, (milestone, amount) in enumerate(
            zip(sale.milestones, amounts(sale.total, sale.milestones), strict=True)
        )
    )


def _waiting(status: ProcessStatus) -> Waiting | None:
    found = status.waits
    return Waiting(what=found.step, since=found.started, until=found.until) if found else None


def _event(step: StepStatus) -> Event:
    return Event(
        step=step.step,
        undone=step.undo,
        outcome=step.outcome,
        state=QuoteState(step.state) if step.state else None,
        started=step.started,
        ended=step.ended,
        until=step.until,
    )


def _trouble(status: ProcessStatus) -> Trouble | None:
    found = status.problem
    if found is None:
        return None
    return Trouble(type=found.type, title=found.title, detail=found.detail, extra=found.extra)
