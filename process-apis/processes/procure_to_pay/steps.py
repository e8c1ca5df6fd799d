"""The business sentence: what is done for a purchase, in order, each step with its undo beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from processes.procure_to_pay.asked import Verdict
from processes.procure_to_pay.matching import Tolerance, differences
from processes.procure_to_pay.procurement import (
    AllCame,
    InvoiceCame,
    MoneyWent,
    Procurement,
    Resolved,
    as_lines,
)
from processes.procure_to_pay.receipts import came
from processes.procure_to_pay.shown import Billed, PurchaseState
from systems.erp.contract import Cancellation, Correction, Erp
from triptych.canonical.lines import counted
from triptych.canonical.payables import SupplierInvoice, SupplierInvoiceFilter, SupplierInvoiceStatus
from triptych.canonical.purchasing import PurchaseOrderStatus
from triptych.contract import every
from triptych.engine import Decided, Part, Repeat, Step, Wait
from triptych.problems import InvalidState

NOTHING_OPEN = "All that came is billed already."


@dataclass(frozen=True, slots=True)
class Terms:
    """From when on a purchase is approved, how long that may take, and what is let pass."""

    approval_over: int
    """In whole units of the currency."""
    second_approval_over: int
    tolerance: Tolerance
    approval: timedelta = timedelta(days=5)


class PurchaseSteps:
    """The steps, over the ERP."""

    def __init__(self, erp: Erp, terms: Terms) -> None:
        self._erp = erp
        self._terms = terms

    def sentence(self) -> list[Part[Procurement]]:
        """From the request to the last payment."""
        return [
            Step("check", self.check_request, undo=self.withdraw_request),
            self.approval("approval", self.needs_approval),
            self.approval("second-approval", self.needs_second_approval),
            Step("order", self.send_order, undo=self.call_off_order, reaches=PurchaseState.ORDERED),
            Wait("goods", AllCame, self.go_on),
            Step("count", self.count_goods, final=True, reaches=PurchaseState.RECEIVED),
            Repeat("invoices", self.more_to_bill, self.billing(), reaches=PurchaseState.MATCHED),
            Repeat("payments", self.more_to_settle, self.settling(), reaches=PurchaseState.PAID),
            Step("close", self.close_order, reaches=PurchaseState.CLOSED),
        ]

    def approval(self, name: str, when: Callable[[Procurement], bool]) -> Wait[Procurement, Decided]:
        """What somebody has to approve."""
        return Wait(
            name,
            Decided,
            self.approve,
            when=when,
            within=self._terms.approval,
            meanwhile=PurchaseState.IN_APPROVAL,
            reaches=PurchaseState.APPROVED,
        )

    def billing(self) -> list[Step[Procurement] | Wait[Procurement, Any]]:
        """What is done for each invoice."""
        return [
            Wait("invoice", InvoiceCame, self.take_invoice),
            Step("match", self.match_invoice, when=self.has_invoice),
            Wait(
                "decision",
                Resolved,
                self.take_resolution,
                when=self.differs,
                meanwhile=PurchaseState.IN_DISPUTE,
            ),
            Step("book", self.book_invoice, when=self.has_invoice, reaches=PurchaseState.RECEIVED),
        ]

    def settling(self) -> list[Step[Procurement] | Wait[Procurement, Any]]:
        """What is done until each invoice is paid."""
        return [
            Wait("payment", MoneyWent, self.note_payment, when=self.is_owed),
            Step("settle", self.settle_invoice),
        ]

    # --- the order ---

    async def check_request(self, state: Procurement) -> None:
        """See that it is still a draft; somebody may have dealt with it in the ERP meanwhile."""
        purchase = await self._erp.purchase_orders.get(state.purchase_id)
        if purchase.status is not PurchaseOrderStatus.DRAFT:
            raise InvalidState(f"{purchase.id} is {purchase.status.value} in the ERP already.")

    async def withdraw_request(self, state: Procurement) -> None:
        """See that nobody orders it, unless that has happened outside."""
        purchase = await self._erp.purchase_orders.get(state.purchase_id)
        if purchase.status is PurchaseOrderStatus.DRAFT:
            await self._erp.cancel_purchase(purchase.id, Cancellation(reason="The request came to nothing."))

    def needs_approval(self, state: Procurement) -> bool:
        """Whether it is over the threshold."""
        return state.total.amount > self._terms.approval_over

    def needs_second_approval(self, state: Procurement) -> bool:
        """Whether it is over the threshold for two."""
        return self.needs_approval(state) and state.total.amount > self._terms.second_approval_over

    def approve(self, state: Procurement, decided: Decided) -> dict[str, Any]:
        """Who approved it; refused where that was decided."""
        if not decided.approved:
            raise InvalidState(f"{decided.by} does not approve it: {decided.reason or 'no reason given'}.")
        return {"approved_by": (*state.approved_by, decided.by)}

    async def send_order(self, state: Procurement) -> None:
        """Send the purchase order to its supplier."""
        await self._erp.order_purchase(state.purchase_id)

    async def call_off_order(self, state: Procurement) -> None:
        """Call it off; the ERP refuses that once goods came. Invoices that came before are sent back."""
        await self._erp.cancel_purchase(state.purchase_id, Cancellation(reason="Called off before it came."))
        await self._send_back(state, "The order was called off.")

    def go_on(self, state: Procurement, message: AllCame) -> None:
        """That all has come says it all."""

    async def count_goods(self, state: Procurement) -> dict[str, Any]:
        """Count what came, and was not sent back: from here on nobody cancels."""
        return {"received": as_lines(await came(self._erp, state.purchase_id))}

    # --- the invoices ---

    def more_to_bill(self, state: Procurement) -> bool:
        """Whether something has come that is not billed yet."""
        return state.more_to_bill

    def take_invoice(self, state: Procurement, message: InvoiceCame) -> dict[str, Any]:
        """Which invoice it is, or that there is none any more."""
        ended = message.invoice_id is None
        return {"invoice_id": message.invoice_id, "no_more_invoices": ended, "resolved": None}

    def has_invoice(self, state: Procurement) -> bool:
        """Whether there is an invoice to check."""
        return state.invoice_id is not None

    async def match_invoice(self, state: Procurement) -> dict[str, Any]:
        """Hold it against the order, the receipts and the invoices before it, unless the ERP has decided."""
        assert state.invoice_id is not None
        invoice = await self._erp.supplier_invoices.get(state.invoice_id)
        if invoice.status is not SupplierInvoiceStatus.RECEIVED:
            return {"differences": ()}
        found = differences(state.due, invoice.lines, invoice.freight, self._terms.tolerance)
        return {"differences": found}

    def differs(self, state: Procurement) -> bool:
        """Whether a person has to look at it."""
        return state.invoice_id is not None and bool(state.differences)

    def take_resolution(self, state: Procurement, resolved: Resolved) -> dict[str, Any]:
        """What is to be done with it."""
        return {"resolved": resolved}

    async def book_invoice(self, state: Procurement) -> dict[str, Any]:
        """Free it to be paid, as it is or as it should have been; or send it back."""
        assert state.invoice_id is not None
        invoice = await self._erp.supplier_invoices.get(state.invoice_id)
        if invoice.status is SupplierInvoiceStatus.RECEIVED:
            invoice = await self._decide(invoice.id, state.resolved)
        owed = invoice.status is not SupplierInvoiceStatus.REFUSED
        kept = Billed(invoice_id=invoice.id, number=invoice.number, total=invoice.total, owed=owed)
        billed = counted((*state.billed, *(invoice.lines if owed else ())))
        return {
            "invoices": (*state.invoices, kept),
            "billed": as_lines(billed),
            "invoice_id": None,
            "differences": (),
        }

    async def _decide(self, invoice_id: str, resolved: Resolved | None) -> SupplierInvoice:
        if resolved and resolved.verdict is Verdict.REFUSE:
            return await self._erp.refuse_supplier_invoice(invoice_id, Cancellation(reason=resolved.reason))
        if resolved and resolved.lines:
            correction = Correction(lines=resolved.lines, freight=resolved.freight, reason=resolved.reason)
            await self._erp.correct_supplier_invoice(invoice_id, correction)
        return await self._erp.match_supplier_invoice(invoice_id)

    # --- the money ---

    def more_to_settle(self, state: Procurement) -> bool:
        """Whether there are invoices that nobody looked at since they were booked."""
        return state.settled < len(state.invoices)

    def is_owed(self, state: Procurement) -> bool:
        """Whether the present invoice is to be paid; others were sent back."""
        return state.invoices[state.settled].owed

    def note_payment(self, state: Procurement, message: MoneyWent) -> Mapping[str, Any]:
        """That the money for the present invoice has gone out."""
        paid = state.invoices[state.settled].model_copy(update={"paid": True})
        return {"invoices": (*state.invoices[: state.settled], paid, *state.invoices[state.settled + 1 :])}

    async def settle_invoice(self, state: Procurement) -> dict[str, int]:
        """Go on to the next one."""
        return {"settled": state.settled + 1}

    async def close_order(self, state: Procurement) -> None:
        """Close the purchase order; invoices that came when all was billed are sent back before."""
        await self._send_back(state, NOTHING_OPEN)
        await self._erp.close_purchase(state.purchase_id)

    async def _send_back(self, state: Procurement, reason: str) -> None:
        """Send back every invoice that nobody has checked."""
        unchecked = SupplierInvoiceFilter(
            purchase_order_id=state.purchase_id, status=SupplierInvoiceStatus.RECEIVED, limit=200
        )
        async for invoice in every(self._erp.supplier_invoices, unchecked):
            await self._erp.refuse_supplier_invoice(invoice.id, Cancellation(reason=reason))
