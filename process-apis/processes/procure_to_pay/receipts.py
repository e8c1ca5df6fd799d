"""What came of a purchase, as the ERP's receipts say."""

from collections.abc import AsyncIterator

from processes.procure_to_pay.matching import Quantities
from systems.erp.contract import Erp
from triptych.canonical.purchasing import GoodsReceipt, GoodsReceiptFilter
from triptych.contract import every


async def receipts_of(erp: Erp, purchase_id: str) -> AsyncIterator[GoodsReceipt]:
    """The receipts of a purchase, in the order in which they came."""
    async for receipt in every(
        erp.goods_receipts, GoodsReceiptFilter(purchase_order_id=purchase_id, limit=200)
    ):
        yield receipt


async def came(erp: Erp, purchase_id: str) -> Quantities:
    """How many of each product came and were not sent back."""
    found = Quantities()
    async for receipt in receipts_of(erp, purchase_id):
        for line in receipt.lines:
            found[line.sku] += line.kept
    return found
