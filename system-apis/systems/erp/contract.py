"""What the ERP system API promises."""

from typing import Annotated

from fastapi import Body

from triptych.canonical.base import Model, example, the_example
from triptych.canonical.fields import Id, Prose
from triptych.canonical.lines import NewLines, NewOrderLine
from triptych.canonical.money import Amount
from triptych.canonical.order import NewOrder, Order, OrderFilter
from triptych.canonical.party import NewSupplier, Supplier, SupplierFilter
from triptych.canonical.payables import (
    NewOutgoingPayment,
    NewSupplierInvoice,
    OutgoingPayment,
    OutgoingPaymentFilter,
    SupplierInvoice,
    SupplierInvoiceFilter,
)
from triptych.canonical.product import NewProduct, Product, ProductFilter
from triptych.canonical.purchasing import (
    GoodsReceipt,
    GoodsReceiptFilter,
    NewGoodsReceipt,
    NewPurchaseOrder,
    PurchaseOrder,
    PurchaseOrderFilter,
)
from triptych.contract import Collection, Creatable, Raises, SystemApi, event, post
from triptych.problems import Conflict, InvalidState, NotFound


class Cancellation(Model):
    """Why something is called off."""

    model_config = example(reason="The customer ordered twice.")

    reason: Prose
    """For whoever asks later."""


class Correction(Model):
    """What a supplier's invoice should have said."""

    model_config = example(
        reason="A box was billed twice; the supplier agrees.", lines=[the_example(NewOrderLine)]
    )

    lines: NewLines
    """What is billed, each line with its unit price."""
    freight: Amount | None = None
    """What carriage costs; by default nothing."""
    reason: Prose
    """For whoever asks later."""


class Erp(SystemApi, version=1, owner="finance-systems"):
    """Products, suppliers, orders, purchases and what is owed for them, whichever ERP keeps the books.

    A supplier's invoice is entered once under its number, checked, and paid once: the books know what is
    paid, and refuse its second payment, whoever asks for it under whichever key.
    """

    products: Collection[Product, NewProduct, ProductFilter]
    suppliers: Collection[Supplier, NewSupplier, SupplierFilter]
    orders: Creatable[Order, NewOrder, OrderFilter]
    purchase_orders: Creatable[PurchaseOrder, NewPurchaseOrder, PurchaseOrderFilter]
    goods_receipts: Annotated[
        Creatable[GoodsReceipt, NewGoodsReceipt, GoodsReceiptFilter], Raises(create=[NotFound, InvalidState])
    ]

    supplier_invoices: Annotated[
        Creatable[SupplierInvoice, NewSupplierInvoice, SupplierInvoiceFilter],
        Raises(create=[NotFound, Conflict, InvalidState]),
    ]
    outgoing_payments: Annotated[
        Creatable[OutgoingPayment, NewOutgoingPayment, OutgoingPaymentFilter],
        Raises(create=[NotFound, InvalidState]),
    ]

    order_confirmed = event(Order, "An order is binding on both sides.", customer="customer_id")
    order_shipped = event(Order, "The goods of an order are on their way.", customer="customer_id")
    order_fulfilled = event(Order, "An order is delivered and paid.", customer="customer_id")
    order_returned = event(
        Order, "Everything that was sent for an order has come back.", customer="customer_id"
    )
    order_cancelled = event(Order, "An order was called off.", customer="customer_id")
    purchase_ordered = event(PurchaseOrder, "A purchase order went to its supplier.")
    purchase_received = event(PurchaseOrder, "Everything that was ordered of a supplier has come.")
    purchase_cancelled = event(PurchaseOrder, "A purchase was called off.")
    purchase_closed = event(PurchaseOrder, "A purchase is received and settled.")
    goods_received = event(GoodsReceipt, "Goods have come from a supplier.")
    supplier_invoice_entered = event(SupplierInvoice, "A supplier's invoice has come.")
    supplier_invoice_matched = event(SupplierInvoice, "A supplier's invoice may be paid.")
    supplier_invoice_refused = event(SupplierInvoice, "A supplier's invoice was sent back.")
    supplier_invoice_paid = event(SupplierInvoice, "A supplier's invoice is paid.")
    supplier_paid = event(OutgoingPayment, "Money went to a supplier.")

    @post("/orders/{order_id}/confirm", raises=[NotFound, InvalidState])
    async def confirm_order(self, order_id: Id) -> Order:
        """Make a draft binding on both sides."""
        ...

    @post("/orders/{order_id}/ship", raises=[NotFound, InvalidState])
    async def ship_order(self, order_id: Id) -> Order:
        """Note that the goods are on their way."""
        ...

    @post("/orders/{order_id}/fulfill", raises=[NotFound, InvalidState])
    async def fulfill_order(self, order_id: Id) -> Order:
        """Note that the order is delivered and paid."""
        ...

    @post("/orders/{order_id}/return", raises=[NotFound, InvalidState])
    async def return_order(self, order_id: Id) -> Order:
        """Note that everything that was sent has come back; an order that is returned already stays so."""
        ...

    @post("/orders/{order_id}/cancel", raises=[NotFound, InvalidState])
    async def cancel_order(self, order_id: Id, because: Annotated[Cancellation, Body()]) -> Order:
        """Call an order off, and say why; one that is cancelled already stays as it is."""
        ...

    @post("/purchase-orders/{purchase_order_id}/order", raises=[NotFound, InvalidState])
    async def order_purchase(self, purchase_order_id: Id) -> PurchaseOrder:
        """Send a drafted purchase order to its supplier."""
        ...

    @post("/purchase-orders/{purchase_order_id}/cancel", raises=[NotFound, Conflict])
    async def cancel_purchase(
        self, purchase_order_id: Id, because: Annotated[Cancellation, Body()]
    ) -> PurchaseOrder:
        """Call a purchase off; impossible once goods came."""
        ...

    @post("/purchase-orders/{purchase_order_id}/complete", raises=[NotFound, Conflict, InvalidState])
    async def complete_purchase(self, purchase_order_id: Id) -> PurchaseOrder:
        """Take what has come of a purchase for all of it; impossible while nothing has come."""
        ...

    @post("/purchase-orders/{purchase_order_id}/close", raises=[NotFound, Conflict, InvalidState])
    async def close_purchase(self, purchase_order_id: Id) -> PurchaseOrder:
        """Note that a received purchase is settled; impossible while an invoice for it is open."""
        ...

    @post("/supplier-invoices/{invoice_id}/correct", raises=[NotFound, InvalidState])
    async def correct_supplier_invoice(
        self, invoice_id: Id, correction: Annotated[Correction, Body()]
    ) -> SupplierInvoice:
        """Put right what an invoice says that is not checked yet."""
        ...

    @post("/supplier-invoices/{invoice_id}/match", raises=[NotFound, InvalidState])
    async def match_supplier_invoice(self, invoice_id: Id) -> SupplierInvoice:
        """Free a checked invoice to be paid; one that is free already stays so."""
        ...

    @post("/supplier-invoices/{invoice_id}/refuse", raises=[NotFound, InvalidState])
    async def refuse_supplier_invoice(
        self, invoice_id: Id, because: Annotated[Cancellation, Body()]
    ) -> SupplierInvoice:
        """Send an invoice back that is not checked yet; one that is sent back already stays so."""
        ...
