"""The shop's catalogue, and what is offered and ordered on other people's marketplaces."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from demo import assortment
from demo.people import person
from demo.seeder import Made, Seeder
from demo.sizes import BAZAAR_ORDERS
from systems.commerce.contract import Commerce
from systems.marketplace.contract import Marketplace, Refusal
from triptych.canonical.commerce import NewCatalogueItem
from triptych.canonical.lines import NewOrderLine
from triptych.canonical.marketplace import NewListing, NewMarketplaceOrder
from triptych.canonical.money import Money
from triptych.canonical.party import Contact

BAZAAR = "bazaar"
DEARER = Decimal("1.10")
"""What a marketplace takes for itself is added to the price."""
FREIGHT = Money(amount_minor=590, currency=assortment.CURRENCY)
BEGUN = datetime(2026, 6, 1, 12, tzinfo=UTC)


async def catalogue(seeder: Seeder, made: Made, count: int) -> None:
    """Everything is shown but the tea measures, which wait for their photographs."""
    commerce = seeder.client(Commerce)

    async def write(number: int) -> None:
        await commerce.catalogue.create(
            NewCatalogueItem(
                sku=assortment.sku(number),
                name=assortment.name(number),
                description=f"{assortment.idea(number).description} {assortment.idea(number).unit}.",
                category=assortment.idea(number).category,
                price=assortment.price(number),
                published=assortment.idea(number).sku != "KIT-SPOON-4",
            )
        )

    await seeder.each("catalogue items", count, write)


async def listings(seeder: Seeder, made: Made, count: int) -> None:
    """On offer, every fifth one paused for the time being."""
    marketplace = seeder.client(Marketplace)

    async def write(number: int) -> None:
        listing = await marketplace.listings.create(
            NewListing(
                marketplace=BAZAAR,
                external_id=f"BZ-{55001 + number}",
                sku=assortment.sku(number),
                title=f"{assortment.name(number)}, {assortment.idea(number).unit}",
                price=assortment.price(number).times(DEARER),
                quantity=20 if assortment.in_stock(number) == number else 0,
            )
        )
        await marketplace.activate_listing(listing.id)
        if number % 5 == 4:
            await marketplace.pause_listing(listing.id)

    await seeder.each("listings", count, write)


async def marketplace_orders(seeder: Seeder, made: Made, count: int) -> None:
    """New ones that nobody has looked at; every fourth one could not be taken."""
    marketplace = seeder.client(Marketplace)

    async def write(number: int) -> None:
        order = await marketplace.orders.create(_order(number))
        if number % 4 == 3:
            await marketplace.reject_order(order.id, Refusal(reason="The last one was sold in the shop."))

    await seeder.each("marketplace orders", count, write)


def _order(number: int) -> NewMarketplaceOrder:
    buyer = person("bazaar buyer", number)
    return NewMarketplaceOrder(
        marketplace=BAZAAR,
        external_id=f"BZ-ORD-{90001 + number}",
        buyer=Contact(name=buyer.name, email=f"x{number}@buyers.bazaar.example"),
        ship_to=buyer.address,
        ordered_at=BEGUN + timedelta(hours=number % 2000),
        lines=tuple(
            NewOrderLine(
                sku=assortment.sku(one),
                quantity=quantity,
                name=assortment.name(one),
                unit_price=assortment.price(one).times(DEARER),
            )
            for one, quantity in assortment.bought("bazaar order", number, BAZAAR_ORDERS, lines=2)
        ),
        freight=FREIGHT,
    )
