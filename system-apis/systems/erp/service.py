"""How the ERP system API keeps its promise."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from systems.erp.backends import ErpBackend
from systems.erp.contract import Cancellation, Correction, Erp
from systems.erp.payables import OutgoingPayments, SupplierInvoices, invoices_of
from triptych.canonical.lines import OrderLine, counted, totals
from triptych.canonical.order import ORDER_TRANSITIONS, NewOrder, Order, OrderFilter, OrderStatus
from triptych.canonical.payables import (
    SUPPLIER_INVOICE_TRANSITIONS,
    SupplierInvoice,
    SupplierInvoiceStatus,
)
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
from triptych.settings import Settings
from triptych.storage import Ruled, moved

SETTLED = (SupplierInvoiceStatus.PAID, SupplierInvoiceStatus.REFUSED)


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

    def __init__(self, backend: ErpBackend, over_receipt: Decimal) -> None:
        super().__init__(backend.goods_receipts)
        self._purchase_orders = backend.purchase_orders
        self._over_receipt = over_receipt

    async def create(self, new: NewGoodsReceipt) -> GoodsReceipt:
        """Note what a supplier delivered; raises InvalidInput for more than was ordered and may come.

        A delivery note that was noted with the same lines is that receipt. Over another company's system it
        may be there without what follows from it, which is made up for.
        """
        purchase = await self._purchase_orders.get(new.purchase_order_id)
        receipts = await self._receipts(purchase)
        receipt = next((one for one in receipts if _same(one, new)), None)
        if receipt is None:
            self._check(purchase, new, receipts)
            receipt = await self.store.add(new, received_at=new.received_at or datetime.now(UTC))
            receipts.append(receipt)
        all_came = all(quantity <= 0 for quantity in _open_quantities(purchase, receipts).values())
        if all_came and purchase.status is PurchaseOrderStatus.ORDERED:
            await self._purchase_orders.save(purchase, status=PurchaseOrderStatus.RECEIVED)
        return receipt

    def _check(self, purchase: PurchaseOrder, new: NewGoodsReceipt, receipts: Sequence[GoodsReceipt]) -> None:
        if purchase.status is not PurchaseOrderStatus.ORDERED:
            raise InvalidState(
                f"The purchase order is {purchase.status.value}; goods come to one that is ordered."
            )
        ordered, still_open = counted(purchase.lines), _open_quantities(purchase, receipts)
        for place, line in enumerate(new.lines):
            still_open[line.sku] -= line.kept
            if still_open[line.sku] < -int(ordered[line.sku] * self._over_receipt):
                pointer, detail = f"/lines/{place}/quantity", f"more of {line.sku} came than was ordered"
                raise InvalidInput.at(pointer, detail)

    async def _receipts(self, purchase: PurchaseOrder) -> list[GoodsReceipt]:
        theirs = GoodsReceiptFilter(purchase_order_id=purchase.id, limit=200)
        return [receipt async for receipt in every(self.store, theirs)]


def _same(receipt: GoodsReceipt, new: NewGoodsReceipt) -> bool:
    return (
        new.delivery_note is not None
        and receipt.delivery_note == new.delivery_note
        and receipt.lines == new.lines
    )


def _open_quantities(purchase: PurchaseOrder, receipts: Sequence[GoodsReceipt]) -> Counter[str]:
    """What is still to come of each product; less than nothing where more came."""
    quantities = counted(purchase.lines)
    for receipt in receipts:
        for line in receipt.lines:
            quantities[line.sku] -= line.kept
    return quantities


class ErpService(Erp):
    """Products, suppliers, orders, purchases and payables over whichever backend is chosen."""

    def __init__(self, backend: ErpBackend, events: Events, settings: Settings) -> None:
        self._backend = backend = _telling(backend, events)
        self.products = backend.products
        self.suppliers = backend.suppliers
        self.orders = Orders(backend)
        self.purchase_orders = PurchaseOrders(backend.purchase_orders)
        self.goods_receipts = GoodsReceipts(backend, settings.over_receipt)
        self.supplier_invoices = SupplierInvoices(backend)
        self.outgoing_payments = OutgoingPayments(backend)

    async def confirm_order(self, order_id: str) -> Order:
        return await self._order(order_id, OrderStatus.CONFIRMED)

    async def ship_order(self, order_id: str) -> Order:
        return await self._order(order_id, OrderStatus.SHIPPED)

    async def fulfill_order(self, order_id: str) -> Order:
        return await self._order(order_id, OrderStatus.FULFILLED)

    async def return_order(self, order_id: str) -> Order:
        return await self._order(order_id, OrderStatus.RETURNED)

    async def cancel_order(self, order_id: str, because: Cancellation) -> Order:
        return await self._order(order_id, OrderStatus.CANCELLED, cancelled_because=because.reason)

    async def _order(self, order_id: str, status: OrderStatus, **changes: str) -> Order:
        return await moved(self._backend.orders, order_id, ORDER_TRANSITIONS, status, **changes)

    async def order_purchase(self, purchase_order_id: str) -> PurchaseOrder:
        return await self._purchase(
            purchase_order_id, PurchaseOrderStatus.ORDERED, ordered_at=datetime.now(UTC)
        )

    async def cancel_purchase(self, purchase_order_id: str, because: Cancellation) -> PurchaseOrder:
        if await self._has_receipts(purchase_order_id):
            raise Conflict("Goods have come for this purchase order already; return them to the supplier.")
        return await self._purchase(
            purchase_order_id, PurchaseOrderStatus.CANCELLED, cancelled_because=because.reason
        )

    async def complete_purchase(self, purchase_order_id: str) -> PurchaseOrder:
        if not await self._has_receipts(purchase_order_id):
            raise Conflict("Nothing has come for this purchase order; it can be cancelled.")
        return await self._purchase(purchase_order_id, PurchaseOrderStatus.RECEIVED)

    async def close_purchase(self, purchase_order_id: str) -> PurchaseOrder:
        await self._backend.purchase_orders.get(purchase_order_id)  # locked, so that no invoice is entered
        for invoice in await invoices_of(self._backend.supplier_invoices, purchase_order_id):
            if invoice.status not in SETTLED:
                raise Conflict(f"The invoice {invoice.number} is {invoice.status.value}: settle it first.")
        return await self._purchase(purchase_order_id, PurchaseOrderStatus.CLOSED)

    async def _has_receipts(self, purchase_order_id: str) -> bool:
        await self._backend.purchase_orders.get(purchase_order_id)  # locked, so that nothing comes meanwhile
        theirs = GoodsReceiptFilter(purchase_order_id=purchase_order_id, limit=1)
        return bool((await self.goods_receipts.find(theirs)).items)

    async def _purchase(self, id: str, status: PurchaseOrderStatus, **changes: Any) -> PurchaseOrder:
        return await moved(self._backend.purchase_orders, id, PURCHASE_ORDER_TRANSITIONS, status, **changes)

    async def correct_supplier_invoice(self, invoice_id: str, correction: Correction) -> SupplierInvoice:
        invoice = await self._backend.supplier_invoices.get(invoice_id)
        if invoice.status is not SupplierInvoiceStatus.RECEIVED:
            raise InvalidState(f"The invoice is {invoice.status.value}; only an unchecked one is corrected.")
        lines = tuple(OrderLine.of(line) for line in correction.lines)
        sums = totals(lines, correction.freight)
        return await self._backend.supplier_invoices.save(
            invoice, lines=lines, freight=sums.freight, total=sums.total, corrected=True
        )

    async def match_supplier_invoice(self, invoice_id: str) -> SupplierInvoice:
        return await self._invoice(invoice_id, SupplierInvoiceStatus.MATCHED)

    async def refuse_supplier_invoice(self, invoice_id: str, because: Cancellation) -> SupplierInvoice:
        return await self._invoice(invoice_id, SupplierInvoiceStatus.REFUSED, refused_because=because.reason)

    async def _invoice(self, id: str, status: SupplierInvoiceStatus, **changes: str) -> SupplierInvoice:
        return await moved(
            self._backend.supplier_invoices, id, SUPPLIER_INVOICE_TRANSITIONS, status, **changes
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
                OrderStatus.RETURNED: Erp.order_returned,
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
                PurchaseOrderStatus.CLOSED: Erp.purchase_closed,
            },
        ),
        goods_receipts=Announced(backend.goods_receipts, events, made=Erp.goods_received),
        supplier_invoices=Announced(
            backend.supplier_invoices,
            events,
            made=Erp.supplier_invoice_entered,
            reaching={
                SupplierInvoiceStatus.MATCHED: Erp.supplier_invoice_matched,
                SupplierInvoiceStatus.REFUSED: Erp.supplier_invoice_refused,
                SupplierInvoiceStatus.PAID: Erp.supplier_invoice_paid,
            },
        ),
        outgoing_payments=Announced(backend.outgoing_payments, events, made=Erp.supplier_paid),
    )
