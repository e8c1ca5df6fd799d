"""How the billing system API keeps its promise."""

from datetime import UTC, datetime

from systems.billing.backends import BillingBackend
from systems.billing.contract import Billing, Settlement, Withdrawal
from triptych.canonical.billing import (
    INVOICE_TRANSITIONS,
    PAYMENT_TRANSITIONS,
    Invoice,
    InvoiceFilter,
    InvoiceStatus,
    NewInvoice,
    NewPayment,
    NewRefund,
    Payment,
    PaymentFilter,
    PaymentStatus,
    Refund,
    RefundFilter,
)
from triptych.canonical.lines import OrderLine, totals
from triptych.canonical.money import Money
from triptych.events import Announced, Events, announcing
from triptych.problems import Conflict, InvalidInput
from triptych.storage import Ruled, moved


class Invoices(Ruled[Invoice, NewInvoice, InvoiceFilter]):
    """Invoices, numbered without gaps, whose totals are worked out when they are issued."""

    def __init__(self, backend: BillingBackend) -> None:
        super().__init__(backend.invoices)
        self._backend = backend

    async def create(self, new: NewInvoice) -> Invoice:
        """Issue an invoice; a line needs its unit price. Raises InvalidInput for more rounding than that."""
        lines = tuple(OrderLine.of(line) for line in new.lines)
        sums = totals(lines, new.freight)
        total = sums.total if new.rounding is None else _rounded(sums.total, new.rounding, len(lines))
        return await self.store.add(
            new,
            number=await self._backend.next_invoice_number(),
            lines=lines,
            subtotal=sums.subtotal,
            freight=sums.freight,
            total=total,
        )


class Payments(Ruled[Payment, NewPayment, PaymentFilter]):
    """Payments, which the provider promises when they are made."""

    def __init__(self, backend: BillingBackend) -> None:
        super().__init__(backend.payments)
        self._backend = backend

    async def create(self, new: NewPayment) -> Payment:
        """Authorise a payment; raises PaymentDeclined."""
        if new.amount.amount_minor < 0:
            raise InvalidInput.at("/amount", "a payment cannot be less than nothing")
        await self._backend.authorise(new)
        nothing = Money.zero(new.amount.currency)
        return await self.store.add(new, captured=nothing, refunded=nothing)


class Refunds(Ruled[Refund, NewRefund, RefundFilter]):
    """Refunds, never of more than was taken."""

    def __init__(self, backend: BillingBackend) -> None:
        super().__init__(backend.refunds)
        self._payments = backend.payments

    async def create(self, new: NewRefund) -> Refund:
        """Give money back; raises Conflict when that is more than what is left of the payment."""
        payment = await self._payments.get(new.payment_id)
        if new.amount.currency != payment.amount.currency:
            raise InvalidInput.at("/amount/currency", f"the payment was in {payment.amount.currency}")
        if new.amount.amount_minor <= 0:
            raise InvalidInput.at("/amount/amount_minor", "a refund has to be more than nothing")
        whole = new.amount == payment.refundable
        status = PaymentStatus.REFUNDED if whole else PaymentStatus.PARTIALLY_REFUNDED
        PAYMENT_TRANSITIONS.check(payment.status, status)
        if payment.refundable < new.amount:
            raise Conflict(f"{payment.refundable} of the payment can be given back, not {new.amount}.")
        await self._payments.save(payment, status=status, refunded=payment.refunded + new.amount)
        return await self.store.add(new, order_id=payment.order_id, customer_id=payment.customer_id)


class BillingService(Billing):
    """Invoices, payments and refunds over whichever backend is chosen."""

    def __init__(self, backend: BillingBackend, events: Events) -> None:
        self._backend = backend = _telling(backend, events)
        self.accounts = backend.accounts
        self.invoices = Invoices(backend)
        self.payments = Payments(backend)
        self.refunds = Refunds(backend)

    async def settle_invoice(self, invoice_id: str, settlement: Settlement) -> Invoice:
        invoice = await self.invoices.get(invoice_id)
        if (invoice.status, invoice.payment_id) == (InvoiceStatus.PAID, settlement.payment_id):
            return invoice  # by this very settlement, whose answer was lost
        INVOICE_TRANSITIONS.check(invoice.status, InvoiceStatus.PAID)
        payment = await self.payments.get(settlement.payment_id)
        if payment.status is not PaymentStatus.CAPTURED:
            raise Conflict(f"{payment.id} is {payment.status.value}; only a captured payment settles.")
        if (payment.order_id, payment.amount) != (invoice.order_id, invoice.total):
            raise Conflict(f"{payment.id} is not of this order and amount.")
        return await self._backend.invoices.save(
            invoice, status=InvoiceStatus.PAID, payment_id=payment.id, paid_at=datetime.now(UTC)
        )

    async def void_invoice(self, invoice_id: str, because: Withdrawal) -> Invoice:
        return await moved(
            self._backend.invoices,
            invoice_id,
            INVOICE_TRANSITIONS,
            InvoiceStatus.VOID,
            void_because=because.reason,
        )

    async def capture_payment(self, payment_id: str) -> Payment:
        payment = await self.payments.get(payment_id)
        return await moved(
            self._backend.payments,
            payment_id,
            PAYMENT_TRANSITIONS,
            PaymentStatus.CAPTURED,
            captured=payment.amount,
            captured_at=datetime.now(UTC),
        )

    async def void_payment(self, payment_id: str) -> Payment:
        return await moved(self._backend.payments, payment_id, PAYMENT_TRANSITIONS, PaymentStatus.VOIDED)


def _rounded(total: Money, rounding: Money, lines: int) -> Money:
    if rounding.currency != total.currency:
        raise InvalidInput.at("/rounding/currency", f"the invoice is in {total.currency}")
    if abs(rounding.amount_minor) > lines or total.amount_minor + rounding.amount_minor < 0:
        raise InvalidInput.at(
            "/rounding/amount_minor", "it is at most a minor unit for each line, and of the total"
        )
    return total + rounding


def _telling(backend: BillingBackend, events: Events) -> BillingBackend:
    """The backend, with everything told that is done to its invoices, payments and refunds."""
    return announcing(
        backend,
        accounts=Announced(backend.accounts, events, made=Billing.account_opened),
        invoices=Announced(
            backend.invoices,
            events,
            made=Billing.invoice_issued,
            reaching={
                InvoiceStatus.PAID: Billing.invoice_paid,
                InvoiceStatus.VOID: Billing.invoice_voided,
            },
        ),
        payments=Announced(
            backend.payments,
            events,
            made=Billing.payment_authorised,
            reaching={
                PaymentStatus.CAPTURED: Billing.payment_received,
                PaymentStatus.VOIDED: Billing.payment_voided,
            },
        ),
        refunds=Announced(backend.refunds, events, made=Billing.refund_made),
    )
