"""What scenarios above the systems begin with: somebody who buys, and something to sell."""

from typing import Any

from tests.contracts.asking import Json, Services
from tests.contracts.requesting import fresh
from triptych.canonical.base import the_example
from triptych.canonical.order import NewOrder


def somebody(services: Services) -> Json:
    """A customer."""
    return services["crm"].makes("customers")


def for_sale(services: Services) -> Json:
    """A product that the ERP, the shop and the warehouse know."""
    chai = services["erp"].makes("products")
    berlin = services["warehouse"].makes("locations")
    services["commerce"].makes("catalogue", sku=chai["sku"])
    services["warehouse"].makes("inventory", sku=chai["sku"], location_id=berlin["id"], on_hand=1000)
    return chai


def an_order(customer: Json, product: Json, **more: Any) -> Json:
    """What order-to-fulfillment is given: a dozen of the product."""
    lines = [{"sku": product["sku"], "quantity": 12}]
    new = {"customer_id": customer["id"], "external_id": fresh("external_id"), "lines": lines}
    return {**the_example(NewOrder), **new, **more}
