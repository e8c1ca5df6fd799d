"""Procure-to-pay: a purchase is approved, comes, is billed and paid; is disputed; is called off in time."""

from time import monotonic, sleep

from tests.contracts.asking import Json, Service, Services
from tests.contracts.requesting import fresh
from tests.contracts.scenarios.supplies import PATIENCE, waits
from triptych.problems import Conflict, Forbidden, InvalidInput, InvalidState


def story(services: Services) -> None:
    uji = services["erp"].makes("suppliers")
    a_purchase_is_paid(services, uji)
    a_purchase_is_disputed(services, uji)
    a_purchase_comes_in_part(services, uji)
    a_purchase_is_called_off(services, uji)


def line(quantity: int, price: int = 333) -> Json:
    """So much tea at so many cents."""
    return {
        "sku": "TEA-P2P",
        "quantity": quantity,
        "unit_price": {"amount_minor": price, "currency": "EUR"},
    }


def a_request(supplier: Json, quantity: int) -> Json:
    """What is asked for, under a number of its own."""
    return {
        "supplier_id": supplier["id"],
        "reference": fresh("reference"),
        "lines": [line(quantity)],
        "location_id": None,
    }


def pays(purchases: Service) -> Json:
    """A payment run, at its end."""
    run: Json = purchases.does("start_payment_run", run=fresh("run"), until=None)
    until = monotonic() + PATIENCE
    while run["status"] != "paid":
        assert monotonic() < until, f"the run does not end: {run}"
        sleep(0.02)
        run = purchases.does("payment_run", run)
    return run


def comes(purchases: Service, purchase: Json, quantity: int) -> None:
    """So much of it comes, and all of it stays."""
    waits(purchases, "purchase", purchase, "goods")
    came = {"sku": "TEA-P2P", "quantity": quantity, "rejected": 0}
    purchases.does("receive_goods", purchase, lines=[came], delivery_note=fresh("note"))


def a_purchase_is_paid(services: Services, uji: Json) -> None:
    purchases = services["procure-to-pay"]
    purchases.refuses("request_goods", because=InvalidInput, **a_request({"id": "sup_nobody"}, 1))
    wanted = a_request(uji, 4000)
    purchase = purchases.does("request_goods", **wanted)
    purchases.refuses("request_goods", because=Conflict, **{**wanted, "lines": [line(1)]})
    waits(purchases, "purchase", purchase, "approval")
    assert purchase["id"] in {found["id"] for found in purchases.does("waiting", work="approval", limit=200)}
    purchases.refuses("decide_purchase", purchase, because=Forbidden, approved=True)  # who asked for it
    purchases.asked_by("grace").does("decide_purchase", purchase, approved=True)
    waits(purchases, "purchase", purchase, "second-approval")
    purchases.asked_by("linus").does("decide_purchase", purchase, approved=True)
    waits(purchases, "purchase", purchase, "goods")
    purchases.asked_by("linus").refuses("decide_purchase", purchase, because=Forbidden, approved=True)
    purchases.refuses("resolve_match", purchase, because=InvalidState)
    came = {"sku": "TEA-P2P", "quantity": 4000, "rejected": 0}
    too_much = {**came, "quantity": 4001}
    purchases.refuses("receive_goods", purchase, because=InvalidInput, lines=[too_much], delivery_note="L-1")
    purchases.does("receive_goods", purchase, lines=[came], delivery_note="L-2")
    purchases.refuses("receive_goods", purchase, because=Conflict, lines=[too_much], delivery_note="L-2")
    waits(purchases, "purchase", purchase, "invoice.1")
    purchases.refuses("receive_goods", purchase, because=InvalidState, lines=[came], delivery_note="L-3")
    number = fresh("number")
    purchases.does("enter_invoice", purchase, number=number, lines=[line(4000)])
    purchases.refuses("enter_invoice", purchase, because=Conflict, number=number, lines=[line(1)])
    waits(purchases, "purchase", purchase, "payment.1")
    late: Json = {"number": fresh("number"), "lines": [line(1)]}
    purchases.refuses("enter_invoice", purchase, because=InvalidState, **late)
    purchases.refuses("expect_no_more", purchase, because=InvalidState)
    purchases.does("start_payment_run", run=fresh("run"), until="2031-01-01T00:00:00Z")
    assert purchases.follows("follow_purchase", purchase)["status"] == "closed"
    assert purchases.does("payment_runs", limit=1)
    purchases.refuses("cancel_purchase", purchase, because=Conflict)


def a_purchase_is_disputed(services: Services, uji: Json) -> None:
    purchases = services["procure-to-pay"]
    purchase = purchases.does("request_goods", **a_request(uji, 10))
    purchases.asked_by("grace").refuses("decide_purchase", purchase, because=InvalidState, approved=True)
    comes(purchases, purchase, 10)
    purchases.does("enter_invoice", purchase, number=fresh("number"), lines=[line(10, 400)])
    disputed = waits(purchases, "purchase", purchase, "decision.1")
    assert [found["kind"] for found in disputed["differences"]] == ["price"]
    correction: Json = {"verdict": "correct", "lines": [line(11)]}
    purchases.refuses("resolve_match", purchase, because=InvalidInput, **correction)
    purchases.does("resolve_match", purchase, verdict="accept", lines=None)
    waits(purchases, "purchase", purchase, "payment.1")
    pays(purchases)


def a_purchase_comes_in_part(services: Services, uji: Json) -> None:
    purchases = services["procure-to-pay"]
    purchase = purchases.does("request_goods", **a_request(uji, 10))
    waits(purchases, "purchase", purchase, "goods")
    purchases.refuses("expect_no_more", purchase, because=Conflict)  # nothing has come
    comes(purchases, purchase, 7)
    purchases.does("expect_no_more", purchase)
    waits(purchases, "purchase", purchase, "invoice.1")
    purchases.does("expect_no_more", purchase)
    assert purchases.follows("follow_purchase", purchase)["status"] == "closed"


def a_purchase_is_called_off(services: Services, uji: Json) -> None:
    purchases = services["procure-to-pay"]
    purchase = purchases.does("request_goods", **a_request(uji, 10))
    waits(purchases, "purchase", purchase, "goods")
    purchases.does("cancel_purchase", purchase)
    assert purchases.follows("follow_purchase", purchase)["status"] == "cancelled"
    assert services["erp"].does("purchase_orders.get", purchase)["status"] == "cancelled"
