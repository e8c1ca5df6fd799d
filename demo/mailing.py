"""Mailing: who gets which news, with whose consent, and what customers were told about their orders."""

from datetime import UTC, datetime

from demo.people import ACME, JONAS, MARA, customer, is_firm
from demo.seeder import Made, Seeder
from demo.sizes import MESSAGES, ORDERS, at_least, dice
from systems.marketing.contract import Appointment, Marketing
from triptych.canonical.marketing import (
    NewAudience,
    NewAudienceMember,
    NewCampaign,
    NewConsent,
)
from triptych.canonical.messages import NewMessage

CIRCLE, NEWSLETTER, WHOLESALE = range(3)
AUDIENCES = (
    NewAudience(
        external_id="LIST-1",
        name="Tea tasting circle",
        description="The first customers, who are asked about every new tea.",
    ),
    NewAudience(external_id="LIST-2", name="Newsletter", description="Everybody who buys in the shop."),
    NewAudience(external_id="LIST-3", name="Wholesale prices", description="Cafés, tea rooms and grocers."),
)
IN_THE_CIRCLE = 20
SENT_ON = datetime(2026, 6, 1, 7, tzinfo=UTC)
TO_BE_SENT_ON = datetime(2027, 3, 1, 7, tzinfo=UTC)


async def audiences(seeder: Seeder, made: Made, count: int) -> None:
    """The lists."""
    marketing = seeder.client(Marketing)

    async def write(number: int) -> str:
        return (await marketing.audiences.create(AUDIENCES[number])).id

    made.audiences = await seeder.each("audiences", count, write)


async def members(seeder: Seeder, made: Made, count: int) -> None:
    """Each customer on a list, and whether they consent to being written to: three in four do."""
    marketing = seeder.client(Marketing)

    async def write(number: int) -> None:
        who = customer(number)
        assert who.email is not None
        customer_id = made.customers[number] if made.customers else None
        consent = await marketing.consents.create(
            NewConsent(
                email=who.email,
                customer_id=customer_id,
                granted=number in (ACME, MARA, JONAS) or dice("consent", number).random() < 0.75,
                source="wholesale-terms" if is_firm(number) else "checkout",
                given_at=SENT_ON.replace(month=1),
            )
        )
        await marketing.audience_members.create(
            NewAudienceMember(
                audience_id=made.audiences[_audience(number)],
                email=who.email,
                name=who.name,
                customer_id=customer_id,
                consent_id=consent.id,
            )
        )

    await seeder.each("audience members", count, write, at_once=4)


def _audience(number: int) -> int:
    if number < IN_THE_CIRCLE:
        return CIRCLE
    return WHOLESALE if is_firm(number) else NEWSLETTER


async def campaigns(seeder: Seeder, made: Made, count: int) -> None:
    """One that went out, one that is to go out, one that is being written."""
    marketing = seeder.client(Marketing)
    drafts = (
        NewCampaign(
            external_id="CMP-1",
            name="First flush",
            audience_id=made.audiences[CIRCLE],
            subject="The first Darjeeling is here",
            body="Hello {name},\n\nthe first flush has come, and we would like to know what you think of it.",
        ),
        NewCampaign(
            external_id="CMP-2",
            name="Spring cleaning",
            audience_id=made.audiences[NEWSLETTER],
            subject="Descale your kettle",
            body="Hello {name},\n\nthis week every kettle comes with a bag of citric acid.",
        ),
        NewCampaign(
            external_id="CMP-3",
            name="Autumn price list",
            audience_id=made.audiences[WHOLESALE],
            subject="Prices from October",
        ),
    )

    async def write(number: int) -> None:
        campaign = await marketing.campaigns.create(drafts[number])
        if number < 2:
            at = (SENT_ON, TO_BE_SENT_ON)[number]
            await marketing.schedule_campaign(campaign.id, Appointment(scheduled_for=at))
        if number == 0:
            await marketing.send_campaign(campaign.id)

    await seeder.each("campaigns", count, write)


async def messages(seeder: Seeder, made: Made, count: int) -> None:
    """What some customers were told of their orders; the last of each five is still to be sent."""
    marketing = seeder.client(Marketing)

    async def write(number: int) -> None:
        order = made.orders[at_least(ORDERS, number=number, each=MESSAGES) - 1]
        number_of_order = order.external_id or order.id
        message = await marketing.messages.create(
            NewMessage(
                customer_id=order.customer_id,
                order_id=order.id,
                subject=f"Your order {number_of_order}",
                body=f"We have received your order over {order.total}. Thank you!",
            )
        )
        if number % 5 != 4:
            await marketing.mark_sent(message.id)

    await seeder.each("messages", count, write)
