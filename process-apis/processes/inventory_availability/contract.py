"""What inventory-availability promises."""

from datetime import timedelta
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field

from triptych.canonical.base import Model, example
from triptych.canonical.fields import Code, Id, Name, Skus
from triptych.contract import Filter, Page, ProcessApi, flow, get
from triptych.problems import NotFound


class LocationAvailability(Model):
    """What one location can send."""

    model_config = example(
        location_id="loc_01jd3k7m9vq8x2c4n6b8d0f2hg", code="BER-1", on_hand=39, reserved=12, available=22
    )

    location_id: Id
    """Which location."""
    code: Code
    """Its short name."""
    name: Name | None = None
    """Its name."""
    ships: bool = True
    """Whether orders are sent from there; if not, nothing there counts as available."""
    on_hand: int
    """How many lie there."""
    reserved: int
    """How many of them are promised."""
    available: int = Field(ge=0)
    """How many more can be promised from there."""


class Availability(Model):
    """Available-to-promise of one product (APICS ATP): on hand less promised less safety stock."""

    model_config = example(sku="CHAI-10", available=22, on_order=40)

    sku: Code
    """Which product."""
    available: int = Field(ge=0)
    """How many can be promised now, over all locations that ship."""
    on_order: int = Field(default=0, ge=0)
    """How many more suppliers are to bring."""
    locations: tuple[LocationAvailability, ...] = ()
    """Where they are; only when one product is asked for."""


class AvailabilityQuery(Filter):
    """Which products are asked for."""

    sku: Skus
    """Up to a hundred; one that is kept nowhere is answered with none available."""


class InventoryAvailability(ProcessApi, version=1, owner="order-management"):
    """How many of each product can be promised, over all locations."""

    availability_to_promise = flow(
        "What lies in the warehouses and what is promised of it goes to every place that sells.",
        pace="real-time",
        owner="order-management",
        failure="What is not there is sold, or what is there is not; orders are refused after the checkout.",
        within=timedelta(seconds=1),
        share=0.995,
    )

    @get("/availability")
    async def find_availability(self, filter: Annotated[AvailabilityQuery, Query()]) -> Page[Availability]:
        """Several products at once, in the order asked for."""
        ...

    @get("/availability/{sku}", raises=[NotFound])
    async def availability(
        self, sku: Annotated[Code, Path(description="Stock keeping unit.")]
    ) -> Availability:
        """One product, location by location, with what suppliers are to bring."""
        ...
