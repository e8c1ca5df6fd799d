"""Order-to-fulfillment: an order comes to its end, is called off in time, or too late."""

from tests.contracts.asking import Json, Services
from tests.contracts.scenarios.supplies import an_order, for_sale, somebody
from triptych.problems import Conflict, InvalidInput, InvalidState


def story(services: Services) -> None:
    alfreds, chai = somebody(services), for_sale(services)
    an_order_is_completed(services, alfreds, chai)
    an_order_is_called_off(services, alfreds, chai)


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
