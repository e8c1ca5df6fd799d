"""Partners: they look at what there is, order it, and call an order off."""

from tests.contracts.asking import Json, Service, Services
from tests.contracts.scenarios.supplies import for_sale, somebody
from triptych.problems import Forbidden, InvalidInput, InvalidState


def story(services: Services) -> None:
    alfreds, chai = somebody(services), for_sale(services)
    partner = services["partner"].seen_by(alfreds["id"])
    partner.does("find_products", limit=1)
    assert partner.does("product", chai["sku"])["available"] > 0
    assert partner.does("inventory", chai["sku"])["available"] > 0

    an_order_is_completed(partner, services["order-to-fulfillment"], chai)
    an_order_is_called_off(partner, chai)
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


def an_order_is_called_off(partner: Service, chai: Json) -> None:
    with partner.served.nothing_is_written_to("warehouse"):  # so that it is not sent meanwhile
        partner.does("cancel_order", partner.does("place_order", lines=some(chai)))
