"""How inventory-availability keeps its promise: it adds up levels over locations."""

import asyncio
from collections import Counter

from processes.inventory_availability.contract import (
    Availability,
    AvailabilityQuery,
    InventoryAvailability,
    LocationAvailability,
)
from systems.erp.contract import Erp
from systems.warehouse.contract import Warehouse
from triptych.canonical.inventory import InventoryLevel, InventoryLevelFilter, Location, LocationFilter
from triptych.canonical.product import ProductFilter
from triptych.canonical.purchasing import GoodsReceiptFilter, PurchaseOrderFilter, PurchaseOrderStatus
from triptych.contract import Page, every
from triptych.problems import NotFound


class InventoryAvailabilityService(InventoryAvailability):
    """Stock is the warehouse's, purchases are the ERP's; nothing is kept here."""

    def __init__(self, erp: Erp, warehouse: Warehouse) -> None:
        self._erp = erp
        self._warehouse = warehouse

    async def find_availability(self, filter: AvailabilityQuery) -> Page[Availability]:
        levels, locations = await asyncio.gather(self._levels(filter.sku), self._locations())
        available = Counter[str]()
        for level in levels:
            location = locations.get(level.location_id)
            if location is not None and location.ships:
                available[level.sku] += level.available
        return Page(items=tuple(Availability(sku=sku, available=available[sku]) for sku in filter.sku))

    async def availability(self, sku: str) -> Availability:
        levels, locations, on_order = await asyncio.gather(
            self._levels((sku,)), self._locations(), self._on_order(sku)
        )
        if not levels:
            known = await self._erp.products.find(ProductFilter(sku=(sku,), limit=1))
            if not known.items:
                raise NotFound(f"There is no product {sku!r}.")
        places = tuple(
            _at(level, locations[level.location_id]) for level in levels if level.location_id in locations
        )
        return Availability(
            sku=sku,
            available=sum(place.available for place in places),
            on_order=on_order,
            locations=places,
        )

    async def _levels(self, skus: tuple[str, ...]) -> list[InventoryLevel]:
        asked = InventoryLevelFilter(sku=skus, limit=200)
        return [level async for level in every(self._warehouse.inventory, asked)]

    async def _locations(self) -> dict[str, Location]:
        found = every(self._warehouse.locations, LocationFilter(limit=200))
        return {location.id: location async for location in found}

    async def _on_order(self, sku: str) -> int:
        """How many were bought and have not come."""
        expected = 0
        ordered = PurchaseOrderFilter(status=PurchaseOrderStatus.ORDERED, limit=200)
        async for purchase in every(self._erp.purchase_orders, ordered):
            wanted = sum(line.quantity for line in purchase.lines if line.sku == sku)
            if wanted:
                receipts = GoodsReceiptFilter(purchase_order_id=purchase.id, limit=200)
                async for receipt in every(self._erp.goods_receipts, receipts):
                    wanted -= sum(line.quantity for line in receipt.lines if line.sku == sku)
                expected += max(0, wanted)
        return expected


def _at(level: InventoryLevel, location: Location) -> LocationAvailability:
    return LocationAvailability(
        location_id=location.id,
        code=location.code,
        name=location.name,
        ships=location.ships,
        on_hand=level.on_hand,
        reserved=level.reserved,
        available=level.available if location.ships else 0,
    )
