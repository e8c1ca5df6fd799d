"""The shop front: guests and customers look, fill their carts, and buy."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import httpx
import pytest

from tests.contracts.asking import Json, Service, Services
from tests.contracts.scenarios.supplies import for_sale, somebody
from triptych.problems import Conflict, Forbidden, InvalidInput, InvalidState, NotFound


def story(services: Services) -> None:
    alfreds, chai = somebody(services), for_sale(services)
    guest, customer = services["storefront"].seen_by(""), services["storefront"].seen_by(alfreds["id"])
    guest.does("find_products", limit=1)
    assert guest.does("product", chai["sku"])["available"] > 0

    a_guest_buys(guest, chai)
    a_customer_buys(customer, alfreds, chai)
    a_customer_sends_goods_back(customer, guest, services["order-to-fulfillment"], chai)
    a_guest_signs_in(guest, customer, services["commerce"], chai)
    two_carts_are_too_late(guest, customer, chai)
    who_is_no_customer_has_nothing(guest, chai)


def with_a_cart(shop: Service, chai: Json, *, session: str | None = None) -> None:
    """Put something into the cart."""
    whose = {} if session is None else {"session": session}
    cart = shop.does("set_line", chai["sku"], quantity=2, **whose)
    assert cart["count"] >= 2


def a_session(guest: Service, chai: Json) -> str:
    """A guest's session, with something in its cart."""
    session: str = guest.does("start_session")["session"]
    with_a_cart(guest, chai, session=session)
    return session


def a_guest_buys(guest: Service, chai: Json) -> None:
    session = a_session(guest, chai)
    guest.refuses("check_out", because=InvalidInput, session=session, buyer=None)  # who is it?
    order = guest.does("check_out", session=session)
    assert guest.follows("follow_order", order, session=session)["status"] == "completed"
    assert guest.does("order", order, session=session)["status"] == "completed"
    guest.refuses("order", order, because=NotFound)  # nobody sees it from outside of the session
    assert guest.does("cart", session=session)["count"] == 0


def a_customer_buys(customer: Service, alfreds: Json, chai: Json) -> None:
    with_a_cart(customer, chai)
    order = customer.does("check_out", buyer=None)
    assert [found["id"] for found in customer.does("find_orders")["items"]] == [order["id"]]
    assert customer.does("me")["customer_id"] == alfreds["id"]
    assert customer.hears("follow_news")["kind"] == "here"


def a_customer_sends_goods_back(customer: Service, guest: Service, fulfilment: Service, chai: Json) -> None:
    with_a_cart(customer, chai)
    with customer.served.nothing_is_written_to("warehouse"):  # so that nothing is sent meanwhile
        order = customer.does("check_out", buyer=None, partial_delivery=True)
        one, more = ([{"sku": chai["sku"], "quantity": many}] for many in (1, 100))
        customer.refuses("request_return", order, because=InvalidState, lines=one)
    assert len(customer.follows("follow_order", order)["parcels"]) == 1
    customer.refuses("request_return", order, because=Conflict, lines=more)
    asked = customer.does("request_return", order, lines=one)
    assert customer.does("customer_return", asked)["lines"] == one
    assert [found["id"] for found in customer.does("order", order)["returns"]] == [asked["id"]]
    guest.refuses("customer_return", asked, because=NotFound)  # it is somebody else's


def a_guest_signs_in(guest: Service, customer: Service, commerce: Service, chai: Json) -> None:
    merged = customer.does("merge_guest_cart", session=a_session(guest, chai))
    assert merged["count"] == 2
    seldom = commerce.makes("catalogue")
    session = a_session(guest, seldom)
    commerce.does("catalogue.update", seldom, published=False)
    customer.refuses("merge_guest_cart", session=session, because=NotFound)


def two_carts_are_too_late(guest: Service, customer: Service, chai: Json) -> None:
    def merging() -> Callable[[], httpx.Response]:
        with_a_cart(customer, chai)
        session = a_session(guest, chai)
        return lambda: customer.send(customer.request("merge_guest_cart", session=session))

    def buying() -> Callable[[], httpx.Response]:
        with_a_cart(customer, chai)
        return lambda: customer.send(customer.request("check_out"))

    one_of_two_is_too_late(customer, merging)
    one_of_two_is_too_late(customer, buying)


def one_of_two_is_too_late(shop: Service, beginning: Callable[[], Callable[[], httpx.Response]]) -> None:
    """Ask twice at once: both find the cart open, and wait until the shop lets them write.

    How long they take to come that far nobody tells, so the wait grows until it was enough.
    """
    for seconds in (0.1, 0.3, 1, 3):
        ask = beginning()
        with ThreadPoolExecutor(2) as two:
            with shop.served.nothing_is_written_to("commerce"):
                asked = [two.submit(ask) for _ in range(2)]
                sleep(seconds)
            answers = [each.result() for each in asked]
        problems = [answer.json()["type"] for answer in answers if answer.is_error]
        if problems == [InvalidState.type_uri]:
            return
    pytest.fail(f"nobody was too late, but {[answer.text for answer in answers]}")


def who_is_no_customer_has_nothing(guest: Service, chai: Json) -> None:
    guest.refuses("cart", because=Forbidden)
    guest.refuses("set_line", chai["sku"], because=Forbidden)
    guest.refuses("check_out", because=Forbidden)
    guest.refuses("merge_guest_cart", because=Forbidden)
    guest.refuses("find_orders", because=Forbidden)
    guest.refuses("follow_news", because=Forbidden)
    guest.refuses("me", because=Forbidden)
    guest.seen_by("cus_nobody").refuses("me", because=NotFound)
