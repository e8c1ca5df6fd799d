"""A purchase's whole journey from the request to the payment, in every topology; and what may go wrong."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from secrets import token_hex

import pytest

from processes.procure_to_pay.contract import ProcureToPay, Resolution, Verdict, Work
from tests.landscape import Landscape
from tests.purchasing import Purchasing, as_person, euros
from triptych.canonical.money import Money
from triptych.canonical.payables import EarlyPayment, NewOutgoingPayment, SupplierInvoiceStatus
from triptych.canonical.purchasing import PurchaseOrderStatus
from triptych.contract import operations
from triptych.problems import Conflict, Forbidden, InvalidInput, InvalidState


@pytest.fixture
async def buying(landscape: Landscape) -> Purchasing:
    return await Purchasing(landscape, token_hex(4)).open()


async def test_a_purchase_over_both_thresholds_travels_from_the_request_to_its_money(
    buying: Purchasing,
) -> None:
    purchase = await buying.waits(await buying.request(4000), "approval")
    assert (purchase.status, purchase.total, purchase.requested_by) == (
        "in-approval",
        euros("13320.00"),
        "ada",
    )
    await buying.decide(purchase, "grace")
    await buying.waits(purchase, "second-approval")
    await buying.decide(purchase, "linus")

    await buying.waits(purchase, "goods")
    partly = await buying.deliver(purchase, 1500, note="1", rejected=100)
    assert [(found.ordered, found.kept) for found in partly.received] == [(4000, 1400)]
    await buying.deliver(purchase, 2600, note="2")
    await buying.deliver(purchase, 2600, note="2")  # the same delivery note again
    await buying.waits(purchase, "invoice.1")
    soon = EarlyPayment(share=Decimal("0.02"), until=datetime.now(UTC) + timedelta(days=2))
    await buying.bill(purchase, 4000, early=soon)
    await buying.waits(purchase, "payment.1")
    assert purchase.id in {found.id for found in await buying.purchases.waiting(Work.PAYMENT, limit=200)}

    run = await buying.run(token_hex(4))
    closed = await buying.ends(purchase)

    assert (closed.status, closed.approved_by) == ("closed", ("grace", "linus"))
    assert [(found.total, found.paid) for found in closed.invoices] == [(euros("13320.00"), True)]
    (invoice,) = await buying.invoices(purchase)
    payment = await buying.payment(invoice)
    assert (payment.amount, payment.taken_off) == (euros("13053.60"), euros("266.40"))
    assert payment.id in run.payments
    order = await buying.erp.purchase_orders.get(purchase.id)
    assert (order.status, order.cost_centre) == (PurchaseOrderStatus.CLOSED, "KITCHEN")
    await buying.stocked(4000)


async def test_a_request_is_approved_neither_by_who_asks_nor_twice_by_the_same(buying: Purchasing) -> None:
    purchase = await buying.waits(await buying.request(4000), "approval")
    with pytest.raises(Forbidden, match="ada asked for it"):
        await buying.decide(purchase, "ada")
    await buying.decide(purchase, "grace")
    await buying.waits(purchase, "second-approval")
    with pytest.raises(Forbidden, match="grace has approved it already"):
        await buying.decide(purchase, "grace")
    await buying.decide(purchase, "linus", approved=False)
    refused = await buying.ends(purchase)
    assert refused.status == "rejected"
    assert refused.problem
    assert refused.problem.detail == "linus does not approve it: no reason given."
    assert (await buying.erp.purchase_orders.get(purchase.id)).status is PurchaseOrderStatus.CANCELLED


async def test_a_purchase_under_the_threshold_needs_nobodys_approval(buying: Purchasing) -> None:
    purchase = await buying.waits(await buying.request(3), "goods")
    assert [line.outcome for line in purchase.timeline if "approval" in line.step] == ["skipped", "skipped"]
    with pytest.raises(InvalidState, match="needs no approval"):
        await buying.decide(purchase, "grace")


async def test_an_invoice_that_is_too_dear_waits_for_a_person_who_sends_it_back_or_corrects_it(
    buying: Purchasing,
) -> None:
    purchase = await buying.request(10)
    await buying.deliver(await buying.waits(purchase, "goods"), 10)
    await buying.bill(purchase, 10, price="4.00", name="dear")
    disputed = await buying.waits(purchase, "decision.1")
    assert (disputed.status, [found.kind for found in disputed.differences]) == ("in-dispute", ["price"])
    assert await buying.run(token_hex(4))  # it pays other suppliers, and not this one
    back = Resolution(verdict=Verdict.REFUSE, reason="We agreed on 3.33.")
    await buying.purchases.resolve_match(purchase.id, back)

    await buying.waits(purchase, "invoice.2")
    await buying.bill(purchase, 12, name="too-much")
    await buying.waits(purchase, "decision.2")
    wrong = Resolution(verdict=Verdict.CORRECT, reason="Counted again.", lines=buying.lines(11))
    with pytest.raises(InvalidInput, match=r"11 of .* are billed, and 10 came"):
        await buying.purchases.resolve_match(purchase.id, wrong)
    right = Resolution(verdict=Verdict.CORRECT, reason="Two were a slip.", lines=buying.lines(10))
    with as_person("grace"):
        await buying.purchases.resolve_match(purchase.id, right)
    await buying.waits(purchase, "payment.2")
    await buying.run(token_hex(4))
    closed = await buying.ends(purchase)

    assert [(found.owed, found.paid) for found in closed.invoices] == [(False, False), (True, True)]
    first, second = await buying.invoices(purchase)
    assert (first.status, first.refused_because) == (SupplierInvoiceStatus.REFUSED, "We agreed on 3.33.")
    assert (second.status, second.corrected) == (SupplierInvoiceStatus.PAID, True)
    assert (await buying.payment(second)).amount == euros("33.30")


async def test_an_invoice_that_is_too_dear_is_paid_when_somebody_accepts_it(buying: Purchasing) -> None:
    purchase = await buying.request(10)
    await buying.deliver(await buying.waits(purchase, "goods"), 10)
    await buying.bill(purchase, 10, price="4.00")
    await buying.waits(purchase, "decision.1")
    accepted = Resolution(verdict=Verdict.ACCEPT, reason="The price went up.")
    await buying.purchases.resolve_match(purchase.id, accepted)
    await buying.waits(purchase, "payment.1")
    await buying.run(token_hex(4))
    assert (await buying.ends(purchase)).invoices[0].total == euros("40.00")


async def test_deliveries_and_invoices_in_parts_come_to_the_whole(buying: Purchasing) -> None:
    purchase = await buying.waits(await buying.request(10), "goods")
    await buying.deliver(purchase, 4, note="1")
    await buying.bill(purchase, 4, name="1")  # before all has come
    await buying.deliver(purchase, 3, note="2")
    await buying.purchases.expect_no_more(purchase.id)  # three never come
    await buying.waits(purchase, "invoice.2")
    await buying.bill(purchase, 3, name="2")
    await buying.waits(purchase, "payment.1")
    with pytest.raises(InvalidState, match="All that came is billed already"):
        await buying.bill(purchase, 3, name="3")
    await asyncio.gather(*(buying.run(token_hex(4)) for _ in range(3)))
    assert (await buying.ends(purchase)).status == "closed"
    invoices = await buying.invoices(purchase)
    assert Money.sum((invoice.total for invoice in invoices), "EUR") == euros("23.31")
    paid = {(await buying.payment(invoice)).id for invoice in invoices}
    assert len(paid) == 1  # one payment for each supplier
    await buying.stocked(7)


async def test_what_finance_pays_in_the_erp_is_paid_here_too_and_by_no_run_again(buying: Purchasing) -> None:
    purchase = await buying.waits(await buying.request(10), "goods")
    await buying.deliver(purchase, 10)
    await buying.bill(purchase, 10)
    await buying.waits(purchase, "payment.1")
    (invoice,) = await buying.invoices(purchase)
    by_hand = await buying.erp.outgoing_payments.create(
        NewOutgoingPayment(supplier_id=buying.supplier_id, invoice_ids=(invoice.id,))
    )
    await buying.run(token_hex(4))
    await buying.ends(purchase)
    (paid,) = await buying.invoices(purchase)
    assert paid.payment_id == by_hand.id


async def test_a_purchase_is_called_off_until_goods_come(buying: Purchasing) -> None:
    early = await buying.waits(await buying.request(10, name="early"), "goods")
    await buying.bill(early, 10)
    await buying.purchases.cancel_purchase(early.id)
    assert (await buying.ends(early)).status == "cancelled"
    assert (await buying.erp.purchase_orders.get(early.id)).status is PurchaseOrderStatus.CANCELLED
    (invoice,) = await buying.invoices(early)
    assert invoice.status is SupplierInvoiceStatus.REFUSED

    late = await buying.waits(await buying.request(10, name="late"), "goods")
    await buying.deliver(late, 1)
    with pytest.raises(Conflict, match="Goods have come"):
        await buying.purchases.cancel_purchase(late.id)
    assert (await buying.purchases.purchase(late.id)).waiting


async def test_the_same_reference_is_the_same_request_and_another_one_under_it_is_refused(
    buying: Purchasing,
) -> None:
    first, again = await buying.request(3), await buying.request(3)
    assert first.id == again.id
    with pytest.raises(Conflict, match="is another purchase order"):
        await buying.request(4)


ROLES = {
    "decide_purchase": "procure-to-pay:approve",
    "receive_goods": "procure-to-pay:receive",
    "enter_invoice": "procure-to-pay:match",
    "resolve_match": "procure-to-pay:match",
    "start_payment_run": "procure-to-pay:pay",
}


@pytest.mark.parametrize("name", ROLES)
async def test_who_may_ask_for_goods_may_not_do_the_others_work(landscape: Landscape, name: str) -> None:
    (operation,) = [found for found in operations(ProcureToPay) if found.name == name]
    path = operation.api.base_path() + operation.path.replace("{purchase_id}", "pur_1")
    others = {"procure-to-pay:read", "procure-to-pay:write", *ROLES.values()} - {ROLES[name]}
    token = await landscape.token(*sorted(others))
    answer = await landscape.http.post(path, json={}, headers={**token, "idempotency-key": token_hex(8)})
    assert answer.status_code == 403, answer.text
    assert ROLES[name] in answer.json()["detail"]
