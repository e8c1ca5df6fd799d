"""What restocking promises."""

from datetime import timedelta
from typing import Annotated

from fastapi import Body

from triptych.canonical.base import Model, example
from triptych.canonical.fields import Code, Count, Quantity
from triptych.canonical.purchasing import PurchaseOrder
from triptych.contract import ProcessApi, flow, get, post
from triptych.problems import InvalidInput, NotFound


class Shortage(Model):
    """A product of which less is available than it should be."""

    model_config = example(sku="CHAI-10", available=3, reorder_level=10)

    sku: Code
    """Which product."""
    available: Count
    """How many can be promised."""
    reorder_level: Count
    """At how many it is bought again."""


class Restock(Model):
    """What is to be bought."""

    model_config = example(sku="CHAI-10", quantity=40)

    sku: Code
    """Which product."""
    quantity: Quantity
    """How many."""


class Restocking(ProcessApi, version=1, owner="acme-purchasing"):
    """What should be bought again, and buying it."""

    purchases = flow(
        "What runs short goes to its supplier as a purchase order.",
        pace="real-time",
        owner="acme-purchasing",
        failure="Shelves stay empty until somebody notices.",
        within=timedelta(seconds=5),
    )

    @get("/shortages")
    async def shortages(self) -> tuple[Shortage, ...]:
        """Products at or under their reorder level."""
        ...

    @post("/purchases", status=201, raises=[NotFound, InvalidInput])
    async def buy(self, restock: Annotated[Restock, Body()]) -> PurchaseOrder:
        """Order more of a product from its supplier."""
        ...
