"""The shop: carts are filled, merged and checked out, and web orders come to one end or another."""

from tests.contracts.asking import Json, Service, Services
from triptych.problems import Conflict, InvalidInput, InvalidState, NotFound


def story(services: Services) -> None:
    commerce = services["commerce"]
    chai = commerce.makes("catalogue")
    commerce.keeps("catalogue", apart_by="sku")
    commerce.keeps("carts")

    a_cart_is_filled(commerce, chai)
    two_carts_are_merged(commerce, chai)
    a_cart_is_checked_out(commerce, chai)
    web_orders_come_to_an_end(commerce, chai)


def a_cart_is_filled(commerce: Service, chai: Json) -> None:
    cart = commerce.makes("carts")
    commerce.does("set_cart_line", cart, chai["sku"], quantity=2)
    commerce.refuses("set_cart_line", cart, chai["sku"], quantity=1_000_001, because=InvalidInput)
    in_yen = commerce.makes("catalogue", price={"amount_minor": 1800, "currency": "JPY"})
    commerce.refuses("set_cart_line", cart, in_yen["sku"], because=InvalidInput)
    dear = commerce.makes("catalogue", price={"amount_minor": 2**53 - 1, "currency": "EUR"})
    commerce.refuses("set_cart_line", cart, dear["sku"], quantity=2, because=InvalidInput)
    hidden = commerce.makes("catalogue", published=False)
    commerce.refuses("set_cart_line", cart, hidden["sku"], because=NotFound)


def filled(commerce: Service, chai: Json, quantity: int = 2) -> Json:
    """A cart with so many of the product."""
    return commerce.does("set_cart_line", commerce.makes("carts"), chai["sku"], quantity=quantity)


def two_carts_are_merged(commerce: Service, chai: Json) -> None:
    guests, mine = filled(commerce, chai), filled(commerce, chai)
    commerce.refuses("merge_cart", mine, into=mine["id"], because=Conflict)
    merged = commerce.does("merge_cart", guests, into=mine["id"])
    assert [line["quantity"] for line in merged["lines"]] == [4]
    commerce.refuses("merge_cart", guests, into=mine["id"], because=InvalidState)
    commerce.refuses("set_cart_line", guests, chai["sku"], because=InvalidState)
    full = filled(commerce, chai, 1_000_000)
    commerce.refuses("merge_cart", mine, into=full["id"], because=InvalidInput)


def a_cart_is_checked_out(commerce: Service, chai: Json) -> None:
    commerce.refuses("web_orders.create", because=InvalidInput, cart_id=commerce.makes("carts")["id"])
    cart = filled(commerce, chai)
    placed = commerce.makes("web_orders", cart_id=cart["id"])
    assert commerce.does("web_orders.get", placed) == placed
    commerce.does("web_orders.find")
    commerce.does("web_orders.changes")
    commerce.refuses("web_orders.create", because=InvalidState, cart_id=cart["id"])


def web_orders_come_to_an_end(commerce: Service, chai: Json) -> None:
    completed, rejected, cancelled = (
        commerce.makes("web_orders", cart_id=filled(commerce, chai)["id"]) for _ in range(3)
    )
    commerce.refuses("complete_web_order", completed, because=InvalidState)  # nobody has accepted it
    commerce.does("accept_web_order", completed)
    commerce.does("complete_web_order", completed)
    commerce.does("reject_web_order", rejected)
    commerce.does("cancel_web_order", cancelled)
    commerce.refuses("accept_web_order", rejected, because=InvalidState)
    commerce.refuses("reject_web_order", cancelled, because=InvalidState)
    commerce.refuses("cancel_web_order", completed, because=InvalidState)
