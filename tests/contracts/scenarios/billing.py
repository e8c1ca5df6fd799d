"""Billing: an invoice is paid once or withdrawn, and no more is given back than was taken."""

from tests.contracts.asking import Json, Service, Services
from triptych.problems import Conflict, InvalidInput, InvalidState, PaymentDeclined


def story(services: Services) -> None:
    billing = services["billing"]
    billing.keeps("accounts", apart_by="customer_id")
    billing.keeps("invoices")
    billing.keeps("payments")

    an_invoice_is_paid_once(billing)
    an_invoice_is_rounded_by_a_minor_unit_for_each_line(billing)
    an_invoice_is_withdrawn(billing)
    a_promise_is_given_back(billing)
    some_of_the_money_is_given_back(billing)


def captured(billing: Service, amount: Json) -> Json:
    """A payment that was taken."""
    return billing.does("capture_payment", billing.makes("payments", amount=amount))


def an_invoice_is_paid_once(billing: Service) -> None:
    billing.refuses("payments.create", because=PaymentDeclined, token="tok_declined")
    invoice = billing.makes("invoices")
    promised = billing.makes("payments", amount=invoice["total"])
    billing.refuses("settle_invoice", invoice, payment_id=promised["id"], because=Conflict)  # not taken yet
    payment = billing.does("capture_payment", promised)
    settled = billing.does("settle_invoice", invoice, payment_id=payment["id"])
    assert billing.does("settle_invoice", invoice, payment_id=payment["id"]) == settled  # an answer got lost
    other = captured(billing, invoice["total"])
    billing.refuses("settle_invoice", invoice, payment_id=other["id"], because=InvalidState)
    billing.refuses("void_invoice", invoice, because=InvalidState)


def an_invoice_is_rounded_by_a_minor_unit_for_each_line(billing: Service) -> None:
    whole = billing.makes("invoices")["total"]["amount_minor"]
    cent, more, yen = (
        {"amount_minor": minor, "currency": of} for minor, of in ((-1, "EUR"), (2, "EUR"), (1, "JPY"))
    )
    rounded = billing.makes("invoices", rounding=cent)
    assert (rounded["total"]["amount_minor"], rounded["rounding"]) == (whole - 1, cent)
    billing.refuses("invoices.create", because=InvalidInput, rounding=more)
    billing.refuses("invoices.create", because=InvalidInput, rounding=yen)


def an_invoice_is_withdrawn(billing: Service) -> None:
    billing.does("void_invoice", billing.makes("invoices"))


def a_promise_is_given_back(billing: Service) -> None:
    payment = billing.makes("payments")
    billing.does("void_payment", payment)
    billing.refuses("capture_payment", payment, because=InvalidState)


def some_of_the_money_is_given_back(billing: Service) -> None:
    ten, eleven = ({"amount_minor": minor, "currency": "EUR"} for minor in (1000, 1100))
    billing.refuses(
        "refunds.create", because=InvalidState, payment_id=billing.makes("payments")["id"], amount=ten
    )
    payment = captured(billing, {"amount_minor": 3000, "currency": "EUR"})
    billing.refuses("void_payment", payment, because=InvalidState)
    yen = {"amount_minor": 1, "currency": "JPY"}
    billing.refuses("refunds.create", because=InvalidInput, payment_id=payment["id"], amount=yen)
    billing.keeps("refunds", payment_id=payment["id"], amount=ten)  # twice ten of thirty
    billing.refuses("refunds.create", because=Conflict, payment_id=payment["id"], amount=eleven)
