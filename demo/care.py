"""Customer care: what customers asked about their orders, and what they were answered."""

from dataclasses import dataclass

from demo.people import customer
from demo.seeder import Made, Seeder
from demo.sizes import CUSTOMERS, ORDERS, TICKETS, at_least, dice
from demo.staff import AGENT
from systems.support.contract import Support
from triptych.canonical.support import (
    AuthorKind,
    NewComment,
    NewTicket,
    TicketChannel,
    TicketPriority,
)


@dataclass(frozen=True, slots=True)
class Matter:
    """What somebody wrote in about, and how it went on; our answers and the customer's by turns."""

    subject: str
    question: str
    replies: tuple[str, ...] = ()
    tag: str = "other"
    priority: TicketPriority = TicketPriority.NORMAL
    channel: TicketChannel = TicketChannel.EMAIL
    solved: bool = False


MATTERS = (
    Matter(
        "One tin arrived dented",
        "The tea in it is fine, but it was meant as a present. Could you send another tin?",
        ("I am sorry to read that. A new tin leaves Hamburg today.", "It came this morning. Thank you!"),
        tag="damage",
        solved=True,
    ),
    Matter(
        "Invoice with our new address",
        "We have moved. Please send the last invoice again with the address that I mailed you in May.",
        ("Of course. Could you confirm the house number? We have two of them on file.",),
        tag="invoice",
    ),
    Matter(
        "When will the Yixing teapot be back?",
        "It has been sold out for weeks. I would take two.",
        ("The next kiln is opened in autumn. Shall I put your name on the list?",),
        tag="stock",
        priority=TicketPriority.LOW,
        channel=TicketChannel.WEB,
    ),
    Matter(
        "The parcel is at a neighbour's, but at which?",
        "The carrier's page says that it was handed over next door. Nobody here has it.",
        tag="delivery",
        priority=TicketPriority.URGENT,
        channel=TicketChannel.PHONE,
    ),
    Matter(
        "Grind for a moka pot",
        "How many clicks do you recommend on the hand mill for a moka pot?",
        ("Start at twelve clicks and go finer if it runs through too fast.",),
        tag="advice",
        priority=TicketPriority.LOW,
        channel=TicketChannel.CHAT,
        solved=True,
    ),
    Matter(
        "Charged twice?",
        "My statement shows the amount two times on the same day.",
        (
            "The first line is the reservation, which your bank takes back within a week.",
            "The bank says the same now. All good.",
        ),
        tag="payment",
        priority=TicketPriority.HIGH,
        solved=True,
    ),
    Matter(
        "Wholesale terms for three cafés",
        "We open a third café in spring. What do you offer from 50 kg of House Blend a month?",
        ("With pleasure. Our sales team will call you on Thursday.",),
        tag="sales",
        priority=TicketPriority.HIGH,
    ),
    Matter(
        "A filter is missing",
        "The box of filters held 99. I counted because my daughter is learning to.",
        ("Then we owe her one. It is in the mail, with a gold star.",),
        tag="delivery",
        channel=TicketChannel.WEB,
        solved=True,
    ),
)


async def tickets(seeder: Seeder, made: Made, count: int) -> None:
    """Tickets in every state: open, waiting for the customer, solved, and every eighth closed."""
    support = seeder.client(Support)

    async def write(number: int) -> None:
        matter = MATTERS[number % len(MATTERS)]
        ticket = await support.tickets.create(_ticket(number, matter, made))
        name = customer(_asker(number)).name
        for place, text in enumerate(matter.replies):
            ours = place % 2 == 0
            await support.comments.create(
                NewComment(
                    ticket_id=ticket.id,
                    author=AGENT if ours else name,
                    author_kind=AuthorKind.STAFF if ours else AuthorKind.CUSTOMER,
                    body=text,
                )
            )
        if matter.solved:
            await support.solve_ticket(ticket.id)
        if matter.solved and number % 8 == 0:
            await support.close_ticket(ticket.id)

    await seeder.each("tickets", count, write)


def _asker(number: int) -> int:
    return dice("asker", number).randrange(at_least(CUSTOMERS, number=number, each=TICKETS))


def _ticket(number: int, matter: Matter, made: Made) -> NewTicket:
    """About an order of the one who asks, where there are orders and one of them is theirs."""
    asker = _asker(number)
    customer_id = made.customers[asker] if made.customers else None
    known = made.orders[: at_least(ORDERS, number=number, each=TICKETS)]
    theirs = [order.id for order in known if order.customer_id == customer_id]
    return NewTicket(
        external_id=f"HD-{20801 + number}",
        customer_id=customer_id,
        requester_email=customer(asker).email,
        order_id=theirs[-1] if theirs else None,
        subject=matter.subject,
        description=matter.question,
        priority=matter.priority,
        channel=matter.channel,
        tags=(matter.tag,),
        assignee=AGENT if matter.replies else None,
    )
