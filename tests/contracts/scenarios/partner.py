"""Partners: they look at what there is, order it, call an order off, and send goods back."""

from tests.contracts.asking import Json, Service, Services
from tests.contracts.scenarios.supplies import for_sale, somebody
from triptych.problems import Conflict, Forbidden, InvalidInput, InvalidState


def story(services: Services) -> None:
    alfreds, chai = somebody(services), for_sale(services)
    partner = services["partner"].seen_by(alfreds["id"])
    partner.does("find_products", limit=1)
    assert partner.does("product", chai["sku"])["available"] > 0
    assert partner.does("inventory", chai["sku"])["available"] > 0

    an_order_is_completed(partner, services["order-to-fulfillment"], chai)
    called_off(partner, chai)
    some_of_an_order_comes_back(partner, services["order-to-fulfillment"], chai)
    partner.does("find_orders", limit=1)


def some(product: Json) -> list[Json]:
    """The lines of an order."""
    return [{"sku": product["sku"], "quantity": 12}]


def an_order_is_completed(partner: Service, fulfilment: Service, chai: Json) -> None:
    partner.refuses("place_order", because=InvalidInput, lines=some({"sku": "sku-of-nobody"}))
    partner.seen_by("").refuses("place_order", because=Forbidden, lines=some(chai))
    order = partner.does("place_order", lines=some(chai))
    fulfilment.follows("follow_order", order)
    assert partner.does("order", order)["status"] == "completed"
    partner.refuses("cancel_order", order, because=InvalidState)


def some_of_an_order_comes_back(partner: Service, fulfilment: Service, chai: Json) -> None:
    order = partner.does("place_order", lines=some(chai), partial_delivery=True)
    fulfilment.follows("follow_order", order)
    (parcel,) = partner.does("deliveries", order)["parcels"]
    assert (parcel["lines"], parcel["charged"]) == (some(chai), order["total"])
    too_many = [{"sku": chai["sku"], "quantity": 13}]
    partner.refuses("request_return", order, because=Conflict, lines=too_many)
    asked = partner.does("request_return", order, lines=some(chai))
    assert [found["id"] for found in partner.does("returns", order)] == [asked["id"]]
    assert partner.does("customer_return", asked)["status"] == "requested"
    partner.refuses("request_return", called_off(partner, chai), because=InvalidState, lines=some(chai))


def called_off(partner: Service, chai: Json) -> Json:
    """An order of which nothing was sent."""
    with partner.served.nothing_is_written_to("warehouse"):  # so that it is not sent meanwhile
        order = partner.does("place_order", lines=some(chai))
        partner.does("cancel_order", order)
    return order
