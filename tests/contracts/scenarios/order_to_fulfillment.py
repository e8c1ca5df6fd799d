"""Order-to-fulfillment: an order comes to its end, is called off in time, or too late; some comes back."""

from time import monotonic, sleep
from typing import Any

from tests.contracts.asking import Json, Service, Services
from tests.contracts.requesting import fresh
from tests.contracts.scenarios.supplies import an_order, for_sale, somebody
from triptych.problems import Conflict, InvalidInput, InvalidState


def story(services: Services) -> None:
    alfreds, chai = somebody(services), for_sale(services)
    an_order_is_completed(services, alfreds, chai)
    an_order_is_called_off(services, alfreds, chai)
    the_rest_of_an_order_is_called_off(services, alfreds)
    some_of_an_order_comes_back(services, alfreds, chai)


def an_order_is_completed(services: Services, alfreds: Json, chai: Json) -> None:
    orders = services["order-to-fulfillment"]
    nobodys = {"id": "cus_nobody"}
    orders.refuses("place_order", because=InvalidInput, order=an_order(nobodys, chai))
    wanted = an_order(alfreds, chai)
    order = orders.does("place_order", order=wanted)
    assert orders.follows("follow_order", order)["status"] == "completed"
    assert orders.does("order", order)["status"] == "completed"
    assert len(orders.does("find_orders", customer_id=alfreds["id"])["items"]) == 1
    orders.refuses("cancel_order", order, because=InvalidState)
    orders.refuses("place_order", because=Conflict, order=wanted)  # its number in the books is taken


def an_order_is_called_off(services: Services, alfreds: Json, chai: Json) -> None:
    orders = services["order-to-fulfillment"]
    with orders.served.nothing_is_written_to("warehouse"):  # so that it is not sent meanwhile
        order = orders.does("place_order", order=an_order(alfreds, chai))
        orders.does("cancel_order", order)
    assert orders.follows("follow_order", order)["status"] == "cancelled"


def waits(orders: Service, operation: str, thing: Json) -> Json:
    """The order or return once it waits for something."""
    until = monotonic() + 30.0
    while True:
        found: Json = orders.does(operation, thing)
        waiting: Any = found["waiting"]
        if waiting:
            return found
        assert monotonic() < until, f"does not wait: {found}"
        sleep(0.02)


def the_rest_of_an_order_is_called_off(services: Services, alfreds: Json) -> None:
    orders, chai = services["order-to-fulfillment"], for_sale(services)
    wanted = an_order(alfreds, chai, partial_delivery=True)
    wanted["lines"] = [{"sku": chai["sku"], "quantity": 1001}]
    order = waits(orders, "order", orders.does("place_order", order=wanted))
    assert [line["sku"] for line in order["back_ordered"]] == [chai["sku"]]
    orders.does("cancel_order", order)
    done = orders.follows("follow_order", order)
    assert (done["status"], done["called_off"]) == ("completed", order["back_ordered"])
    orders.refuses("cancel_order", order, because=InvalidState)


def some_of_an_order_comes_back(services: Services, alfreds: Json, chai: Json) -> None:
    orders = services["order-to-fulfillment"]
    order = orders.does("place_order", order=an_order(alfreds, chai))
    orders.follows("follow_order", order)
    one, more = ([{"sku": chai["sku"], "quantity": many}] for many in (1, 13))
    orders.refuses("request_return", order, because=Conflict, lines=more)
    draft = services["erp"].makes(
        "orders", lines=an_order(alfreds, chai)["lines"], external_id=fresh("external_id")
    )
    orders.refuses("request_return", draft, because=InvalidState, lines=one)
    asked = waits(orders, "customer_return", orders.does("request_return", order, lines=one))
    assert asked["id"] in {found["id"] for found in orders.does("waiting_returns", work="decision")}
    came: Json = {"lines": [{**one[0], "restocked": 0}], "location_id": None}
    orders.does("decide_return", asked, approved=True)
    orders.refuses("decide_return", asked, because=InvalidState, approved=False)
    waits(orders, "customer_return", asked)
    wrong: Json = {"lines": [{**more[0], "restocked": 0}], "location_id": None}
    orders.refuses("take_in_return", asked, because=InvalidInput, **wrong)
    orders.does("take_in_return", asked, **came)
    until = monotonic() + 30.0
    while orders.does("customer_return", asked)["status"] != "closed":
        assert monotonic() < until, "the return does not come to its end"
        sleep(0.02)
    orders.refuses("cancel_return", asked, because=InvalidState)
    other: Json = {"lines": [{**one[0], "restocked": 1}], "location_id": None}
    orders.refuses("take_in_return", asked, because=InvalidState, **other)  # it was inspected already
    another = orders.does("request_return", order, lines=one)
    orders.does("cancel_return", another)
