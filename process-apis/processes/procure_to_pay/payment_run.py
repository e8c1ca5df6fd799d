"""A payment run: what is due is collected, and paid supplier by supplier, each invoice once."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from processes.procure_to_pay.shown import RunName, RunState
from systems.erp.contract import Erp
from triptych.canonical.base import Model, Timestamp
from triptych.canonical.fields import Id
from triptych.canonical.money import Amount, Money
from triptych.canonical.payables import (
    MOST_INVOICES,
    NewOutgoingPayment,
    OutgoingPayment,
    OutgoingPaymentFilter,
    SupplierInvoiceFilter,
    SupplierInvoiceStatus,
)
from triptych.contract import every
from triptych.engine import Part, Repeat, Step
from triptych.problems import InvalidState


class Batch(Model):
    """What one supplier is paid in one currency."""

    supplier_id: Id
    invoice_ids: tuple[Id, ...]


class Run(Model):
    """The state of a payment run."""

    name: RunName
    until: Timestamp
    batches: tuple[Batch, ...] = ()
    done: int = 0
    left: int = 0
    payments: tuple[Id, ...] = ()
    paid: tuple[Amount, ...] = ()


class RunSteps:
    """The steps, over the ERP, whose ledger takes each invoice once, whatever is asked here."""

    def __init__(self, erp: Erp) -> None:
        self._erp = erp

    def sentence(self) -> list[Part[Run]]:
        """From what is due to the last payment."""
        return [
            Step("collect", self.collect_invoices, reaches=RunState.COLLECTED, final=True, timeout=120),
            Repeat("suppliers", self.more_to_pay, [Step("pay", self.pay_supplier)], reaches=RunState.PAID),
        ]

    async def collect_invoices(self, state: Run) -> dict[str, Any]:
        """Find what is due by then, or cheaper when it is paid by then; put each supplier's together."""
        now = datetime.now(UTC)
        wanted = SupplierInvoiceFilter(
            status=SupplierInvoiceStatus.MATCHED, pay_before=state.until, limit=200
        )
        found = defaultdict[tuple[str, str], list[str]](list)
        async for invoice in every(self._erp.supplier_invoices, wanted):
            if invoice.pay_by(now) < state.until:
                found[invoice.supplier_id, invoice.total.currency].append(invoice.id)
        batches = [
            Batch(supplier_id=supplier, invoice_ids=tuple(ids[start : start + MOST_INVOICES]))
            for (supplier, _), ids in sorted(found.items())
            for start in range(0, len(ids), MOST_INVOICES)
        ]
        return {"batches": tuple(batches)}

    def more_to_pay(self, state: Run) -> bool:
        """Whether a supplier is left."""
        return state.done < len(state.batches)

    async def pay_supplier(self, state: Run) -> dict[str, Any]:
        """Pay one supplier, unless something was paid elsewhere meanwhile: then the rest of it is paid next.

        One step asks for one payment: over an ERP that knows no keys a repeat has to ask for the same.
        """
        batch = state.batches[state.done]
        try:
            payment = await self._pay(state.name, batch)
        except InvalidState:
            # it may be this run that has paid them, without hearing of it
            if (made := await self._made(state.name, batch)) is None:
                return await self._without_paid(state, batch)
            payment = made
        return {
            "done": state.done + 1,
            "left": state.left + len(batch.invoice_ids) - len(payment.invoice_ids),
            "payments": (*state.payments, payment.id),
            "paid": together((*state.paid, payment.amount)),
        }

    async def _without_paid(self, state: Run, batch: Batch) -> dict[str, Any]:
        """The batch without what is paid; all of it is left to the next run where that cannot be seen yet."""
        still = [
            id
            for id in batch.invoice_ids
            if (await self._erp.supplier_invoices.get(id)).status is SupplierInvoiceStatus.MATCHED
        ]
        fewer = len(batch.invoice_ids) - len(still)
        if not still or not fewer:
            return {"done": state.done + 1, "left": state.left + len(batch.invoice_ids)}
        batches = list(state.batches)
        batches[state.done] = batch.model_copy(update={"invoice_ids": tuple(still)})
        return {"batches": tuple(batches), "left": state.left + fewer}

    async def _pay(self, run: str, batch: Batch) -> OutgoingPayment:
        new = NewOutgoingPayment(supplier_id=batch.supplier_id, invoice_ids=batch.invoice_ids, run=run)
        return await self._erp.outgoing_payments.create(new)

    async def _made(self, run: str, batch: Batch) -> OutgoingPayment | None:
        """The payment of these invoices that this run made."""
        mine = OutgoingPaymentFilter(run=run, supplier_id=batch.supplier_id, limit=200)
        async for payment in every(self._erp.outgoing_payments, mine):
            if set(payment.invoice_ids) <= set(batch.invoice_ids):
                return payment
        return None


def together(amounts: tuple[Money, ...]) -> tuple[Money, ...]:
    """The amounts, added up for each currency."""
    sums: dict[str, Money] = {}
    for amount in amounts:
        sums[amount.currency] = sums.get(amount.currency, Money.zero(amount.currency)) + amount
    return tuple(sums.values())
