"""What is owed to suppliers: invoices entered once, and paid once."""

from datetime import UTC, datetime

from systems.erp.backends import ErpBackend
from triptych.canonical.lines import OrderLine, totals
from triptych.canonical.money import Money
from triptych.canonical.payables import (
    SUPPLIER_INVOICE_TRANSITIONS,
    NewOutgoingPayment,
    NewSupplierInvoice,
    OutgoingPayment,
    OutgoingPaymentFilter,
    SupplierInvoice,
    SupplierInvoiceFilter,
    SupplierInvoiceStatus,
)
from triptych.canonical.purchasing import PurchaseOrderStatus
from triptych.context import current
from triptych.contract import every
from triptych.ids import new_id
from triptych.problems import InvalidInput, InvalidState
from triptych.storage import Ruled, Store

BILLABLE = (PurchaseOrderStatus.ORDERED, PurchaseOrderStatus.RECEIVED)


class SupplierInvoices(Ruled[SupplierInvoice, NewSupplierInvoice, SupplierInvoiceFilter]):
    """Suppliers' invoices, whose totals are worked out, counted for each purchase order."""

    def __init__(self, backend: ErpBackend) -> None:
        super().__init__(backend.supplier_invoices)
        self._purchase_orders = backend.purchase_orders

    async def create(self, new: NewSupplierInvoice) -> SupplierInvoice:
        """Enter an invoice; raises Conflict for a number that the supplier gave before."""
        purchase = await self._purchase_orders.get(new.purchase_order_id)
        if purchase.status not in BILLABLE:
            raise InvalidState(
                f"The purchase order is {purchase.status.value}; nothing can be billed for it."
            )
        lines = tuple(OrderLine.of(line) for line in new.lines)
        sums = totals(lines, new.freight)
        # the purchase order stays locked until the end, so that no two get the same number
        sequence = len(await invoices_of(self.store, purchase.id)) + 1
        return await self.store.add(
            new,
            supplier_id=purchase.supplier_id,
            sequence=sequence,
            lines=lines,
            freight=sums.freight,
            total=sums.total,
        )


async def invoices_of(
    store: Store[SupplierInvoice, NewSupplierInvoice, SupplierInvoiceFilter], purchase_order_id: str
) -> list[SupplierInvoice]:
    """Every invoice for a purchase order."""
    theirs = SupplierInvoiceFilter(purchase_order_id=purchase_order_id, limit=200)
    return [invoice async for invoice in every(store, theirs)]


class OutgoingPayments(Ruled[OutgoingPayment, NewOutgoingPayment, OutgoingPaymentFilter]):
    """Payments that go out; each invoice is entered into the ledger of what is paid, which takes it once."""

    def __init__(self, backend: ErpBackend) -> None:
        super().__init__(backend.outgoing_payments)
        self._backend = backend

    async def create(self, new: NewOutgoingPayment) -> OutgoingPayment:
        """Pay invoices, all of them or none; raises InvalidState when one is paid or not matched.

        Each is entered into the ledger before the money goes: over a system that shares no transaction with
        us, a second payment of it has to be refused before it is made. A repeat finds its own entries there.
        """
        now = datetime.now(UTC)
        # in the order of their ids, so that two payments never wait for each other in a circle
        invoices = [await self._backend.supplier_invoices.get(id) for id in sorted(set(new.invoice_ids))]
        if len(invoices) < len(new.invoice_ids):
            raise InvalidInput.at("/invoice_ids", "an invoice is named twice")
        currency = invoices[0].total.currency
        for invoice in invoices:
            if invoice.status is not SupplierInvoiceStatus.PAID:  # else the ledger knows whether by this one
                SUPPLIER_INVOICE_TRANSITIONS.check(invoice.status, SupplierInvoiceStatus.PAID)
            if invoice.supplier_id != new.supplier_id:
                raise InvalidInput.at("/supplier_id", f"{invoice.id} is an invoice of {invoice.supplier_id}")
            if invoice.total.currency != currency:
                raise InvalidInput.at(
                    "/invoice_ids", f"{invoice.id} is in {invoice.total.currency}, others in {currency}"
                )
        owed = Money.sum((invoice.total for invoice in invoices), currency)
        amount = Money.sum((invoice.payable(now) for invoice in invoices), currency)
        await self._backend.enter_as_paid([invoice.id for invoice in invoices], _settlement())
        payment = await self.store.add(new, amount=amount, taken_off=owed - amount)
        for invoice in invoices:
            if invoice.status is not SupplierInvoiceStatus.PAID:
                await self._backend.supplier_invoices.save(
                    invoice, status=SupplierInvoiceStatus.PAID, payment_id=payment.id, paid_at=now
                )
        return payment


def _settlement() -> str:
    """What tells this payment from every other one: the same whenever the call is repeated."""
    here = current()
    return f"{here.caller.keys_of} {here.idempotency_key}" if here.idempotency_key else new_id("out")
