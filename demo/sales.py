"""Sales: customers, those who may become some, and what firms were offered."""

from datetime import UTC, datetime

from demo import assortment
from demo.people import customer, firm, firm_before, person
from demo.seeder import Made, Seeder
from demo.sizes import CUSTOMERS, PRODUCTS, QUOTES, at_least, dice
from systems.crm.contract import Crm, Disqualification
from triptych.canonical.leads import NewLead
from triptych.canonical.lines import NewOrderLine
from triptych.canonical.sales import NewQuote

SOURCES = ("trade-fair", "web", "recommendation")
VALID_UNTIL = datetime(2027, 12, 31, tzinfo=UTC)


async def customers(seeder: Seeder, made: Made, count: int) -> None:
    """Everybody who buys."""
    crm = seeder.client(Crm)

    async def write(number: int) -> str:
        return (await crm.customers.create(customer(number))).id

    made.customers = await seeder.each("customers", count, write)


async def leads(seeder: Seeder, made: Made, count: int) -> None:
    """New ones, every second one looked into: worth pursuing, or not."""
    crm = seeder.client(Crm)

    async def write(number: int) -> None:
        somebody = person("lead", number)
        lead = await crm.leads.create(
            NewLead(
                external_id=f"LEAD-{301 + number}",
                name=somebody.name,
                company=firm("lead", number, somebody),
                email=somebody.email,
                phone=somebody.phone,
                source=SOURCES[number % len(SOURCES)],
                score=dice("score", number).randrange(5, 100, 5),
                notes="Asked for samples and the wholesale price list.",
            )
        )
        if number % 4 == 1:
            await crm.qualify_lead(lead.id)
        elif number % 4 == 3:
            await crm.disqualify_lead(lead.id, Disqualification(reason="Buys from a competitor until 2028."))

    await seeder.each("leads", count, write)


async def quotes(seeder: Seeder, made: Made, count: int) -> None:
    """Offers to firms: drafts, some sent, of these some accepted or declined."""
    crm = seeder.client(Crm)

    async def write(number: int) -> None:
        quote = await crm.quotes.create(_quote(number, made))
        if number % 4 == 0:
            return
        await crm.send_quote(quote.id)
        if number % 4 == 2:
            await crm.accept_quote(quote.id)
        elif number % 4 == 3:
            await crm.decline_quote(quote.id)

    await seeder.each("quotes", count, write)


def _quote(number: int, made: Made) -> NewQuote:
    chance = dice("quote", number)
    known = at_least(PRODUCTS, number=number, each=QUOTES)
    buyer = firm_before(chance.randrange(at_least(CUSTOMERS, number=number, each=QUOTES)))
    offered = chance.sample(range(known), min(known, chance.randint(1, 4)))
    return NewQuote(
        reference=f"ENQ-{number + 1:03}",
        external_id=f"Q-{2001 + number}",
        customer_id=made.customers[buyer],
        valid_until=None if number % 4 == 2 else VALID_UNTIL,
        lines=tuple(
            NewOrderLine(
                sku=assortment.sku(one),
                quantity=chance.randrange(10, 60, 10),
                name=assortment.name(one),
                unit_price=assortment.price(one),
            )
            for one in offered
        ),
        notes="Delivered free of charge.",
    )
