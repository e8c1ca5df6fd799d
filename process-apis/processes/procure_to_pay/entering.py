"""What people enter into the ERP through procure-to-pay: once, however often they enter it.

The ERP's answer may be lost, and not every ERP knows a key again. So what was entered under the same number
is looked for before it is entered again.
"""

from processes.procure_to_pay.asked import Delivery, InvoiceReceived, RequestGoods
from processes.procure_to_pay.receipts import receipts_of
from systems.erp.contract import Erp
from triptych.canonical.lines import NewOrderLine, OrderLine
from triptych.canonical.party import Supplier
from triptych.canonical.payables import NewSupplierInvoice, SupplierInvoiceFilter
from triptych.canonical.purchasing import (
    NewGoodsReceipt,
    NewPurchaseOrder,
    PurchaseOrder,
    PurchaseOrderFilter,
)
from triptych.problems import Conflict, FieldError, InvalidInput, NotFound


async def open_request(erp: Erp, new: RequestGoods, requested_by: str) -> PurchaseOrder:
    """The purchase order that a request becomes, a draft at first.

    Raises Conflict when its number stands for something else; InvalidInput without such a supplier.
    """
    await _supplier(erp, new.supplier_id)
    wanted = NewPurchaseOrder(
        external_id=new.reference,
        supplier_id=new.supplier_id,
        location_id=new.location_id,
        expected_at=new.expected_at,
        cost_centre=new.cost_centre,
        reason=new.reason,
        requested_by=requested_by,
        lines=new.lines,
    )
    if found := await _under(erp, wanted):
        return found
    return await erp.purchase_orders.create(wanted)


async def _supplier(erp: Erp, supplier_id: str) -> Supplier:
    try:
        return await erp.suppliers.get(supplier_id)
    except NotFound as problem:
        error = FieldError(pointer="/supplier_id", detail="there is no such supplier")
        raise InvalidInput(f"/supplier_id: {problem.detail}", errors=[error]) from problem


async def _under(erp: Erp, wanted: NewPurchaseOrder) -> PurchaseOrder | None:
    """What was asked for before under the same number."""
    if wanted.external_id is None:
        return None
    found = (await erp.purchase_orders.find(PurchaseOrderFilter(external_id=wanted.external_id))).items
    if not found:
        return None
    (purchase,) = found
    given = wanted.model_dump(exclude={"lines", "extensions"})
    same = purchase.model_dump(include=set(given)) == given
    if not same or not _same_lines(purchase.lines, wanted.lines):
        raise Conflict(f"{wanted.external_id} is another purchase order: {purchase.id}.")
    return purchase


async def enter_receipt(erp: Erp, purchase_id: str, delivery: Delivery) -> None:
    """Enter what came; the ERP takes a delivery note once, and completes what it left undone of it.

    Raises Conflict when the delivery note was entered with something else.
    """
    async for receipt in receipts_of(erp, purchase_id):
        if receipt.delivery_note == delivery.delivery_note and receipt.lines != delivery.lines:
            raise Conflict(f"The delivery note {delivery.delivery_note} was entered with other lines.")
    await erp.goods_receipts.create(
        NewGoodsReceipt(
            purchase_order_id=purchase_id,
            delivery_note=delivery.delivery_note,
            lines=delivery.lines,
            received_at=delivery.received_at,
        )
    )


async def is_entered(erp: Erp, purchase_id: str, invoice: InvoiceReceived) -> bool:
    """Whether an invoice was entered before. Raises Conflict when its number is that of another one."""
    numbered = SupplierInvoiceFilter(purchase_order_id=purchase_id, number=invoice.number)
    for found in (await erp.supplier_invoices.find(numbered)).items:
        if found.due_at != invoice.due_at or not (found.corrected or _same_lines(found.lines, invoice.lines)):
            raise Conflict(f"The number {invoice.number} was entered with other terms: {found.id}.")
        return True
    return False


async def enter_invoice(erp: Erp, purchase_id: str, invoice: InvoiceReceived) -> None:
    """Enter an invoice. Raises Conflict when the supplier gave its number before."""
    await erp.supplier_invoices.create(
        NewSupplierInvoice(
            purchase_order_id=purchase_id,
            number=invoice.number,
            issued_at=invoice.issued_at,
            due_at=invoice.due_at,
            early_payment=invoice.early_payment,
            lines=invoice.lines,
            freight=invoice.freight,
        )
    )


def _same_lines(kept: tuple[OrderLine, ...], asked: tuple[NewOrderLine, ...]) -> bool:
    return kept == tuple(OrderLine.of(line) for line in asked)
