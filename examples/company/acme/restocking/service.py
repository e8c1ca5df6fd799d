"""How restocking keeps its promise."""

from collections import Counter

from acme.restocking.contract import Restock, Restocking, Shortage
from systems.erp.contract import Erp
from systems.warehouse.contract import Warehouse
from triptych.canonical.inventory import InventoryLevelFilter
from triptych.canonical.lines import NewOrderLine
from triptych.canonical.product import ProductFilter
from triptych.canonical.purchasing import NewPurchaseOrder, PurchaseOrder
from triptych.contract import every
from triptych.problems import InvalidInput, NotFound


class RestockingService(Restocking):
    """Products and purchases are the ERP's, stock is the warehouse's."""

    def __init__(self, erp: Erp, warehouse: Warehouse) -> None:
        self._erp = erp
        self._warehouse = warehouse

    async def shortages(self) -> tuple[Shortage, ...]:
        available = Counter[str]()
        async for level in every(self._warehouse.inventory, InventoryLevelFilter(limit=200)):
            available[level.sku] += level.available
        return tuple(
            [
                Shortage(
                    sku=product.sku, available=available[product.sku], reorder_level=product.reorder_level
                )
                async for product in every(self._erp.products, ProductFilter(discontinued=False, limit=200))
                if available[product.sku] <= product.reorder_level
            ]
        )

    async def buy(self, restock: Restock) -> PurchaseOrder:
        page = await self._erp.products.find(ProductFilter(sku=(restock.sku,), limit=1))
        if not page.items:
            raise NotFound(f"There is no product {restock.sku!r}.")
        product = page.items[0]
        if product.supplier_id is None:
            raise InvalidInput(f"{product.sku} has no supplier; say in the ERP who sells it.")
        line = NewOrderLine(sku=product.sku, quantity=restock.quantity, unit_price=product.price)
        purchase = await self._erp.purchase_orders.create(
            NewPurchaseOrder(supplier_id=product.supplier_id, lines=(line,))
        )
        return await self._erp.order_purchase(purchase.id)
