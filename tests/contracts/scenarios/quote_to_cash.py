"""Quote-to-cash: a quote is approved, taken and paid; declined; withdrawn in time, or too late."""

from tests.contracts.asking import Json, Service, Services
from tests.contracts.requesting import fresh
from tests.contracts.scenarios.supplies import for_sale, somebody, waits
from triptych.canonical.base import the_example
from triptych.canonical.sales import NewQuote
from triptych.problems import Conflict, InvalidInput, InvalidState, NotFound


def story(services: Services) -> None:
    alfreds, chai = somebody(services), for_sale(services)
    a_quote_is_paid(services, alfreds, chai)
    a_quote_is_declined(services, alfreds, chai)
    a_quote_is_withdrawn(services, alfreds, chai)


def a_quote(customer: Json, product: Json, quantity: int) -> Json:
    """What is offered: so many of a product at 18 EUR."""
    price = {"amount_minor": 1800, "currency": "EUR"}
    lines = [{"sku": product["sku"], "quantity": quantity, "unit_price": price}]
    terms: Json = {"customer_id": customer["id"], "external_id": fresh("external_id"), "lines": lines}
    return {**the_example(NewQuote), **terms, "valid_until": None}


def a_quote_is_paid(services: Services, alfreds: Json, chai: Json) -> None:
    quotes = services["quote-to-cash"]
    quotes.refuses("draw_up_quote", because=InvalidInput, quote=a_quote({"id": "cus_nobody"}, chai, 1))
    wanted = a_quote(alfreds, chai, 600)
    quote = quotes.does("draw_up_quote", quote=wanted)
    quotes.refuses("draw_up_quote", because=Conflict, quote=wanted)  # its number in the books is taken
    waits(quotes, "quote", quote, "approval")
    assert quote["id"] in {found["id"] for found in quotes.does("waiting", work="approval")}
    quotes.does("decide_quote", quote, approved=True)
    quotes.refuses("decide_quote", quote, because=InvalidState, approved=False)
    waits(quotes, "quote", quote, "answer")
    quotes.does("answer_quote", quote, accepted=True)
    quotes.refuses("answer_quote", quote, because=InvalidState, accepted=False)
    the_money_comes(quotes, waits(quotes, "quote", quote, "payment.1"))
    assert quotes.follows("follow_quote", quote)["status"] == "paid"
    quotes.refuses("cancel_quote", quote, because=InvalidState)


def the_money_comes(quotes: Service, quote: Json) -> None:
    first, second = (milestone["amount"] for milestone in quote["milestones"])
    quotes.refuses("receive_payment", quote, milestone=2, because=InvalidState, amount=second)
    quotes.refuses("receive_payment", quote, milestone=1, because=InvalidInput, amount=second)
    quotes.refuses("receive_payment", quote, milestone=3, because=NotFound, amount=second)
    quotes.does("receive_payment", quote, milestone=1, amount=first)
    waits(quotes, "quote", quote, "reached.2")
    quotes.refuses("reach_milestone", quote, milestone=1, because=InvalidState)
    quotes.refuses("reach_milestone", quote, milestone=3, because=NotFound)
    quotes.does("reach_milestone", quote, milestone=2)
    waits(quotes, "quote", quote, "payment.2")
    quotes.does("receive_payment", quote, milestone=2, amount=second)


def a_quote_is_declined(services: Services, alfreds: Json, chai: Json) -> None:
    quotes = services["quote-to-cash"]
    quote = quotes.does("draw_up_quote", quote=a_quote(alfreds, chai, 1))
    quotes.does("answer_quote", quote, accepted=False, reason="Too dear.")
    assert quotes.follows("follow_quote", quote)["status"] == "rejected"
    assert services["crm"].does("quotes.get", quote)["status"] == "declined"


def a_quote_is_withdrawn(services: Services, alfreds: Json, chai: Json) -> None:
    quotes = services["quote-to-cash"]
    quote = quotes.does("draw_up_quote", quote=a_quote(alfreds, chai, 2))
    waits(quotes, "quote", quote, "answer")
    quotes.does("cancel_quote", quote)
    assert quotes.follows("follow_quote", quote)["status"] == "cancelled"
    assert services["crm"].does("quotes.get", quote)["status"] == "expired"
