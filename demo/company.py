"""Meridian Goods, traders in tea, coffee and kitchenware: a whole company, made up, the same each time."""

from dataclasses import replace

from demo import care, mailing, partner_orders, purchasing, sales, shop, sizes, staff, stock, trade
from demo.access import access
from demo.seeder import Made, Part, Seeder, together
from processes.order_to_fulfillment.contract import OrderToFulfillment
from systems.billing.contract import Billing
from systems.commerce.contract import Commerce
from systems.crm.contract import Crm
from systems.erp.contract import Erp
from systems.hr.contract import Hr
from systems.marketing.contract import Marketing
from systems.marketplace.contract import Marketplace
from systems.support.contract import Support
from systems.warehouse.contract import Warehouse
from triptych.assembly.platform import Platform
from triptych.running.front import DemoAccess, Progress
from triptych.settings import Settings

STAGES = [
    [
        Part("suppliers", (Erp,), 0, purchasing.suppliers, least=len(purchasing.SUPPLIERS)),
        Part("locations", (Warehouse,), 0, stock.locations, least=len(stock.LOCATIONS)),
        Part("customers", (Crm,), sizes.CUSTOMERS, sales.customers, least=3),
        Part("catalogue items", (Commerce,), sizes.PRODUCTS, shop.catalogue),
        Part("positions", (Hr,), sizes.POSITIONS, staff.positions),
        Part("listings", (Marketplace,), sizes.LISTINGS, shop.listings),
        Part("audiences", (Marketing,), 0, mailing.audiences, least=len(mailing.AUDIENCES)),
    ],
    [
        Part("products", (Erp,), sizes.PRODUCTS, purchasing.products),
        Part("stock", (Warehouse,), sizes.PRODUCTS, stock.stock),
        Part("leads", (Crm,), sizes.LEADS, sales.leads),
        Part("employees", (Hr,), sizes.EMPLOYEES, staff.employees),
        Part("marketplace orders", (Marketplace,), sizes.BAZAAR_ORDERS, shop.marketplace_orders),
        Part("audience members", (Marketing,), sizes.CUSTOMERS, mailing.members, least=3),
    ],
    [
        Part("orders", (Crm, Erp), sizes.ORDERS, trade.orders),
        Part("quotes", (Crm,), sizes.QUOTES, sales.quotes),
    ],
    [
        Part(
            "partner orders",
            (Crm, Erp, Warehouse, Billing, OrderToFulfillment),
            sizes.PARTNER_ORDERS,
            partner_orders.partner_orders,
        ),
        Part("purchases", (Erp,), sizes.PURCHASES, purchasing.purchases),
        Part("tickets", (Support,), sizes.TICKETS, care.tickets),
        Part("messages", (Marketing, Crm, Erp), sizes.MESSAGES, mailing.messages),
        Part("campaigns", (Marketing,), 0, mailing.campaigns, least=3),
    ],
]
"""What there is, stage by stage: what one part refers to was made in a stage before it."""


async def seed(platform: Platform, settings: Settings, progress: Progress) -> DemoAccess:
    """Write the company into the services that run here, and say who may use it; see `Demo`."""
    scale = settings.seed_scale
    stages = [[part for part in stage if _runs(part, platform)] for stage in STAGES]
    counts = {part.what: part.count(scale) for stage in stages for part in stage}
    seeder, made = Seeder(platform, progress, sum(counts.values())), Made()
    for stage in stages:
        await together(*(part.fill(seeder, made, counts[part.what]) for part in stage))
    return replace(access(made), facts={what: str(count) for what, count in counts.items()})


def _runs(part: Part, platform: Platform) -> bool:
    return all(api.name in platform.services for api in part.needs)
