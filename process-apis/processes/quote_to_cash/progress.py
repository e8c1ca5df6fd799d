"""What a quote's process says of where it stands, in the words of the contract."""

from processes.quote_to_cash.sale import Sale, amounts
from processes.quote_to_cash.shown import Billed, QuoteProgress, QuoteState
from triptych.engine import ProcessStatus, told


def progress(sale: Sale, status: ProcessStatus) -> QuoteProgress:
    """The quote as those who work with it see it."""
    return QuoteProgress(
        **told(status, QuoteState),
        reference=sale.reference,
        customer_id=sale.customer_id,
        total=sale.total,
        milestones=_billed(sale),
        order_id=sale.order_id,
        reminders=sale.reminders,
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
