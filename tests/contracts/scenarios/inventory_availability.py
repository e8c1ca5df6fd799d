"""Inventory-availability: how many of a product can be had."""

from tests.contracts.asking import Services
from tests.contracts.scenarios.supplies import for_sale


def story(services: Services) -> None:
    availability, chai = services["inventory-availability"], for_sale(services)
    (found,) = availability.does("find_availability", sku=chai["sku"])["items"]
    assert found["available"] == availability.does("availability", chai["sku"])["available"] > 0
