"""Purchasing: suppliers, what they sell us, and what is on its way from them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from demo import assortment
from demo.people import person
from demo.seeder import Made, Seeder
from demo.sizes import PRODUCTS, PURCHASES, at_least, dice
from systems.erp.contract import Erp
from triptych.canonical.lines import NewOrderLine
from triptych.canonical.party import Contact, NewSupplier
from triptych.canonical.purchasing import (
    NewGoodsReceipt,
    NewPurchaseOrder,
    PurchaseOrder,
    ReceiptLine,
)

SUPPLIERS = (
    "Bergamot & Leaf Import",
    "Uji Chaen",
    "Kräuterhof Steigerwald",
    "Kaffeekontor Alsterufer",
    "Finca Directa",
    "Steingut Nordsee",
    "Kessel & Kanne",
    "Vorratskammer",
)
BEGUN = datetime(2026, 3, 2, 8, tzinfo=UTC)
COST = Decimal("0.55")
"""Share of our price that a supplier asks."""


async def suppliers(seeder: Seeder, made: Made, count: int) -> None:
    """Those who sell us what is in the assortment."""
    erp = seeder.client(Erp)

    async def write(number: int) -> str:
        agent = person("supplier", number)
        supplier = await erp.suppliers.create(
            NewSupplier(
                external_id=f"S-{101 + number}",
                name=SUPPLIERS[number],
                email=f"sales@supplier{number}.example",
                phone=agent.phone,
                contacts=(Contact(name=agent.name, role="Sales"),),
                address=agent.address.model_copy(update={"name": SUPPLIERS[number]}),
                website=f"https://supplier{number}.example",
                currency=assortment.CURRENCY,
            )
        )
        return supplier.id

    made.suppliers = await seeder.each("suppliers", count, write)


async def products(seeder: Seeder, made: Made, count: int) -> None:
    """The assortment."""
    erp = seeder.client(Erp)

    async def write(number: int) -> None:
        supplier_id = made.suppliers[assortment.idea(number).supplier]
        await erp.products.create(assortment.product(number, supplier_id))

    await seeder.each("products", count, write)


async def purchases(seeder: Seeder, made: Made, count: int) -> None:
    """Purchase orders: the first of each four has come, two are on their way, the last is a draft."""
    erp = seeder.client(Erp)

    async def write(number: int) -> None:
        purchase = await erp.purchase_orders.create(_purchase(number, made))
        if number % 4 == 3:
            return
        await erp.order_purchase(purchase.id)
        if number % 4 == 0:
            await erp.goods_receipts.create(_receipt(number, purchase))

    await seeder.each("purchases", count, write)


def _purchase(number: int, made: Made) -> NewPurchaseOrder:
    """From one supplier, what else it sells us; what is scarce is ordered before anything else."""
    chance = dice("purchase", number)
    known = min(at_least(PRODUCTS, number=number, each=PURCHASES), PRODUCTS)
    wanted = [one for one in range(known) if assortment.scarce(one) or assortment.sold_out(one)]
    first = chance.choice(wanted) if wanted and number % 4 else chance.randrange(known)
    supplier = assortment.idea(first).supplier
    others = [one for one in range(known) if assortment.idea(one).supplier == supplier and one != first]
    return NewPurchaseOrder(
        external_id=f"PO-{7001 + number}",
        supplier_id=made.suppliers[supplier],
        location_id=made.locations[0] if made.locations else None,
        expected_at=BEGUN + timedelta(days=14 * (number % 12), hours=3),
        lines=tuple(
            NewOrderLine(
                sku=assortment.sku(one),
                quantity=chance.randrange(20, 120, 10),
                name=assortment.name(one),
                unit_price=assortment.price(one).times(COST),
            )
            for one in [first, *chance.sample(others, min(len(others), 2))]
        ),
    )


def _receipt(number: int, purchase: PurchaseOrder) -> NewGoodsReceipt:
    return NewGoodsReceipt(
        purchase_order_id=purchase.id,
        location_id=purchase.location_id,
        delivery_note=f"DN-{88001 + number}",
        lines=tuple(ReceiptLine(sku=line.sku, quantity=line.quantity) for line in purchase.lines),
        received_at=purchase.expected_at,
    )
