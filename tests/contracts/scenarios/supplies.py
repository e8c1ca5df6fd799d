"""What scenarios above the systems begin with: somebody who buys, and something to sell."""

from time import monotonic, sleep
from typing import Any

from tests.contracts.asking import Json, Service, Services
from tests.contracts.requesting import fresh
from triptych.canonical.base import the_example
from triptych.canonical.order import NewOrder

PATIENCE = 30.0
"""Seconds that something may take to come to where it is waited for."""


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


def waits(service: Service, operation: str, thing: Json, what: str) -> Json:
    """What a process carries out, asked for by that operation, once it waits for this."""
    until = monotonic() + PATIENCE
    while True:
        found: Json = service.does(operation, thing)
        waiting: Any = found["waiting"]
        if waiting and waiting["what"] == what:
            return found
        assert monotonic() < until, f"does not wait for {what}: {found}"
        sleep(0.02)
