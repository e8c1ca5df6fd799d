"""What processes say of where a purchase and a payment run stand, in the words of the contract."""

from processes.procure_to_pay.matching import Quantities
from processes.procure_to_pay.payment_run import Run
from processes.procure_to_pay.procurement import Procurement
from processes.procure_to_pay.shown import PaymentRun, PurchaseProgress, PurchaseState, Received, RunState
from triptych.canonical.lines import counted
from triptych.engine import ProcessStatus, told


def progress(state: Procurement, status: ProcessStatus) -> PurchaseProgress:
    """The purchase as those who work with it see it."""
    return PurchaseProgress(
        **told(status, PurchaseState),
        reference=state.reference,
        supplier_id=state.supplier_id,
        requested_by=state.requested_by,
        cost_centre=state.cost_centre,
        reason=state.reason,
        lines=state.lines,
        total=state.total,
        approved_by=state.approved_by,
        invoices=state.invoices,
        differences=state.differences,
    )


def received(state: Procurement, kept: Quantities) -> tuple[Received, ...]:
    """What of each product has come."""
    return tuple(
        Received(sku=sku, ordered=ordered, kept=kept[sku]) for sku, ordered in counted(state.lines).items()
    )


def run_progress(state: Run, status: ProcessStatus) -> PaymentRun:
    """The payment run as finance sees it."""
    return PaymentRun(
        **told(status, RunState),
        until=state.until,
        invoices=sum(len(batch.invoice_ids) for batch in state.batches),
        left=state.left,
        payments=state.payments,
        paid=state.paid,
    )
