"""How the ERP system API keeps its promise."""

from collections import Counter
from datetime import UTC, datetime

from systems.erp.backends import ErpBackend
from systems.erp.contract import Cancellation, Erp
from triptych.canonical.lines import OrderLine, totals
from triptych.canonical.order import ORDER_TRANSITIONS, NewOrder, Order, OrderFilter, OrderStatus
from triptych.canonical.product import Product, ProductFilter
from triptych.canonical.purchasing import (
    PURCHASE_ORDER_TRANSITIONS,
    GoodsReceipt,
    GoodsReceiptFilter,
    NewGoodsReceipt,
    NewPurchaseOrder,
    PurchaseOrder,
    PurchaseOrderFilter,
    PurchaseOrderStatus,
)
from triptych.contract import every
from triptych.events import Announced, Events, announcing
from triptych.problems import Conflict, FieldError, InvalidInput, InvalidState
from triptych.storage import Ruled, moved


class Orders(Ruled[Order, NewOrder, OrderFilter]):
    """Orders, priced when they are made: a line without a price takes the product's."""

    def __init__(self, backend: ErpBackend) -> None:
        super().__init__(backend.orders)
        self._products = backend.products

    async def create(self, new: NewOrder) -> Order:
        """Enter an order as a draft; raises InvalidInput for a SKU that is unknown or sold no longer."""
        ordered_at = new.ordered_at or datetime.now(UTC)
        products = await self._products_of(new)
        lines = tuple(
            OrderLine.of(line, product.name, product.unit_price(line.quantity, ordered_at))
            for line, product in zip(new.lines, products, strict=True)
        )
        sums = totals(lines, new.freight)
        return await self.store.add(
            new,
            lines=lines,
            subtotal=sums.subtotal,
            freight=sums.freight,
            total=sums.total,
            ordered_at=ordered_at,
        )

    async def _products_of(self, new: NewOrder) -> list[Product]:
        wanted = sorted({line.sku for line in new.lines})
        known: dict[str, Product] = {}
        for start in range(0, len(wanted), 100):
            some = ProductFilter(sku=tuple(wanted[start : start + 100]), limit=100)
            known |= {product.sku: product async for product in every(self._products, some)}
        errors: list[FieldError] = []
        for place, line in enumerate(new.lines):
            product = known.get(line.sku)
            if product is None:
                errors.append(
                    FieldError(pointer=f"/lines/{place}/sku", detail=f"there is no product {line.sku}")
                )
            elif product.discontinued and line.unit_price is None:
                errors.append(
                    FieldError(pointer=f"/lines/{place}/sku", detail=f"{line.sku} is sold no longer")
                )
        if errors:
            raise InvalidInput(f"{errors[0]['pointer']}: {errors[0]['detail']}.", errors=errors)
        return [known[line.sku] for line in new.lines]


class PurchaseOrders(Ruled[PurchaseOrder, NewPurchaseOrder, PurchaseOrderFilter]):
    """Purchase orders, whose totals are worked out when they are made."""

    async def create(self, new: NewPurchaseOrder) -> PurchaseOrder:
        """Draw a purchase order up; a line needs its unit price."""
        lines = tuple(OrderLine.of(line) for line in new.lines)
        return await self.store.add(new, lines=lines, total=totals(lines).total)


class GoodsReceipts(Ruled[GoodsReceipt, NewGoodsReceipt, GoodsReceiptFilter]):
    """Goods receipts; the last one that was missing makes its purchase order received."""

    def __init__(self, backend: ErpBackend) -> None:
        super().__init__(backend.goods_receipts)
        self._purchase_orders = backend.purchase_orders

    async def create(self, new: NewGoodsReceipt) -> GoodsReceipt:
        """Note what a supplier delivered; raises InvalidInput for more than was ordered."""
        purchase = await self._purchase_orders.get(new.purchase_order_id)
        if purchase.status is not PurchaseOrderStatus.ORDERED:
            raise InvalidState(
                f"The purchase order is {purchase.status.value}; goods come to one that is ordered."
            )
        open_quantities = await self._open_quantities(purchase)
        for place, line in enumerate(new.lines):
            open_quantities[line.sku] -= line.quantity
            if open_quantities[line.sku] < 0:
                pointer, detail = f"/lines/{place}/quantity", f"more of {line.sku} came than was ordered"
                raise InvalidInput(
                    f"{pointer}: {detail}.", errors=[FieldError(pointer=pointer, detail=detail)]
                )
        receipt = await self.store.add(new, received_at=new.received_at or datetime.now(UTC))
        if not any(open_quantities.values()):
            await self._purchase_orders.save(purchase, status=PurchaseOrderStatus.RECEIVED)
        return receipt

    async def _open_quantities(self, purchase: PurchaseOrder) -> Counter[str]:
        quantities = Counter[str]()
        for line in purchase.lines:
            quantities[line.sku] += line.quantity
        async for receipt in every(self.store, GoodsReceiptFilter(purchase_order_id=purchase.id, limit=200)):
            for line in receipt.lines:
                quantities[line.sku] -= line.quantity
        return quantities


class ErpService(Erp):
    """Products, suppliers, orders and purchases over whichever backend is chosen."""

    def __init__(self, backend: ErpBackend, events: Events) -> None:
        self._backend = backend = _telling(backend, events)
        self.products = backend.products
        self.suppliers = backend.suppliers
        self.orders = Orders(backend)
        self.purchase_orders = PurchaseOrders(backend.purchase_orders)
        self.goods_receipts = GoodsReceipts(backend)

    async def confirm_order(self, order_id: str) -> Order:
        return await self._order(order_id, OrderStatus.CONFIRMED)

    async def ship_order(self, order_id: str) -> Order:
        return await self._order(order_id, OrderStatus.SHIPPED)

    async def fulfill_order(self, order_id: str) -> Order:
        return await self._order(order_id, OrderStatus.FULFILLED)

    async def cancel_order(self, order_id: str, because: Cancellation) -> Order:
        return await self._order(order_id, OrderStatus.CANCELLED, cancelled_because=because.reason)

    async def _order(self, order_id: str, status: OrderStatus, **changes: str) -> Order:
        return await moved(self._backend.orders, order_id, ORDER_TRANSITIONS, status, **changes)

    async def order_purchase(self, purchase_order_id: str) -> PurchaseOrder:
        return await moved(
            self._backend.purchase_orders,
            purchase_order_id,
            PURCHASE_ORDER_TRANSITIONS,
            PurchaseOrderStatus.ORDERED,
            ordered_at=datetime.now(UTC),
        )

    async def cancel_purchase(self, purchase_order_id: str, because: Cancellation) -> PurchaseOrder:
        receipts = await self.goods_receipts.find(
            GoodsReceiptFilter(purchase_order_id=purchase_order_id, limit=1)
        )
        if receipts.items:
            raise Conflict("Goods have come for this purchase order already; return them to the supplier.")
        return await moved(
            self._backend.purchase_orders,
            purchase_order_id,
            PURCHASE_ORDER_TRANSITIONS,
            PurchaseOrderStatus.CANCELLED,
            cancelled_because=because.reason,
        )


def _telling(backend: ErpBackend, events: Events) -> ErpBackend:
    """The backend, with everything told that is done to its orders, purchases and receipts."""
    return announcing(
        backend,
        orders=Announced(
            backend.orders,
            events,
            reaching={
                OrderStatus.CONFIRMED: Erp.order_confirmed,
                OrderStatus.SHIPPED: Erp.order_shipped,
                OrderStatus.FULFILLED: Erp.order_fulfilled,
                OrderStatus.CANCELLED: Erp.order_cancelled,
            },
        ),
        purchase_orders=Announced(
            backend.purchase_orders,
            events,
            reaching={
                PurchaseOrderStatus.ORDERED: Erp.purchase_ordered,
                PurchaseOrderStatus.RECEIVED: Erp.purchase_received,
                PurchaseOrderStatus.CANCELLED: Erp.purchase_cancelled,
            },
        ),
        goods_receipts=Announced(backend.goods_receipts, events, made=Erp.goods_received),
    )
