"""What quote-to-cash promises."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from fastapi import Body, Query
from pydantic import Field, model_validator

from processes.quote_to_cash.shown import Due, Milestone, QuoteProgress, QuoteState
from triptych.canonical.base import Model, example, the_example
from triptych.canonical.fields import Code, Flag, Id, Prose
from triptych.canonical.money import Amount
from triptych.canonical.party import Address
from triptych.canonical.sales import NewQuote
from triptych.contract import ProcessApi, flow, get, post
from triptych.problems import Conflict, InvalidInput, InvalidState, NotFound

__all__ = [
    "Answer",
    "Decision",
    "DrawUpQuote",
    "Due",
    "Milestone",
    "MilestoneReached",
    "PaymentReceived",
    "QuoteProgress",
    "QuoteState",
    "QuoteToCash",
    "Work",
]

Number = Annotated[int, Field(strict=True, ge=1, le=24)]


class DrawUpQuote(Model):
    """A quote, where it would go, and how it would be paid."""

    model_config = example(
        quote=the_example(NewQuote),
        ship_to=the_example(Address),
        milestones=[
            {"name": "On order", "share": "0.3", "due": "on-order", "days": 14},
            the_example(Milestone),
        ],
    )

    quote: NewQuote
    """What is offered, to whom; a line without a price has that of the product."""
    ship_to: Address
    """Where it goes."""
    milestones: Annotated[tuple[Milestone, ...], Field(min_length=1, max_length=24)] = (
        Milestone(name="On order", share=Decimal(1)),
    )
    """How the price is paid; their shares come to 1."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        shares = sum((each.share for each in self.milestones), Decimal(0))
        if shares != 1 or not all(each.share for each in self.milestones):
            raise ValueError(
                f"the shares of the milestones come to {shares}: make them 1, and none of them 0"
            )
        return self


class Decision(Model):
    """What is decided about a quote over the threshold."""

    model_config = example(approved=True, reason="A new customer that we want.")

    approved: Flag
    """Whether it may be offered."""
    reason: Prose | None = None
    """Why, or why not."""


class Answer(Model):
    """What the customer says to a quote."""

    model_config = example(accepted=True)

    accepted: Flag
    """Whether they take it."""
    reason: Prose | None = None
    """Why not."""


class MilestoneReached(Model):
    """That a milestone is reached."""

    model_config = example(milestone=2)

    milestone: Number
    """Which one, from 1."""


class PaymentReceived(Model):
    """Money that came for a milestone's invoice."""

    model_config = example(
        milestone=1, amount={"amount_minor": 6479, "currency": "EUR"}, bank_reference="BANK-2026-4711"
    )

    milestone: Number
    """Which one, from 1."""
    amount: Amount
    """How much; the invoice's total."""
    bank_reference: Code
    """What the bank calls it."""


class Work(StrEnum):
    """For what quotes wait."""

    APPROVAL = "approval"
    ANSWER = "answer"
    REACHED = "reached"
    PAYMENT = "payment"


class QuoteToCash(ProcessApi, version=1, owner="sales-operations"):
    """From a quote to the last payment.

    A quote over the threshold is approved first; the customer takes it or not while it stands; what is taken
    is ordered, invoiced milestone by milestone, and paid, with reminders where that takes too long.
    """

    quotes = flow(
        "A quote goes into the CRM, to whoever approves it, and to the customer.",
        pace="near-real-time",
        owner="sales-operations",
        failure="Customers wait for their offer, and buy elsewhere.",
        within=timedelta(minutes=5),
    )
    orders = flow(
        "An accepted quote becomes an order in the ERP.",
        pace="near-real-time",
        owner="order-management",
        failure="What was promised for a day is not delivered on that day.",
        within=timedelta(minutes=5),
        share=0.995,
    )
    invoices = flow(
        "A milestone that is due becomes an invoice, a payment settles it, and the customer is reminded.",
        pace="near-real-time",
        owner="finance-systems",
        failure="Money comes in late: interest on the invoice's total for each day.",
        within=timedelta(hours=1),
    )

    @post("/quotes", status=202, location="/quotes/{id}", raises=[InvalidInput, Conflict], timeout=15)
    async def draw_up_quote(self, new: Annotated[DrawUpQuote, Body()]) -> QuoteProgress:
        """Draw a quote up. From now on it comes to its end, however many weeks that takes."""
        ...

    @get("/waiting")
    async def waiting(
        self,
        work: Annotated[Work | None, Query(description="Those that wait for this.")] = None,
        limit: Annotated[int, Query(ge=1, le=200, description="How many at most.")] = 50,
    ) -> tuple[QuoteProgress, ...]:
        """Quotes that wait for somebody, the most urgent first, without their timelines."""
        ...

    @get("/quotes/{quote_id}", raises=[NotFound])
    async def quote(self, quote_id: Id) -> QuoteProgress:
        """One quote, how far it has come, and what was done for it."""
        ...

    @post(
        "/quotes/{quote_id}/decision",
        status=202,
        location="/quotes/{id}",
        scope="quote-to-cash:approve",
        raises=[NotFound, InvalidState],
    )
    async def decide_quote(self, quote_id: Id, decision: Annotated[Decision, Body()]) -> QuoteProgress:
        """Approve a quote over the threshold, or not."""
        ...

    @post("/quotes/{quote_id}/answer", status=202, location="/quotes/{id}", raises=[NotFound, InvalidState])
    async def answer_quote(self, quote_id: Id, answer: Annotated[Answer, Body()]) -> QuoteProgress:
        """Note what the customer says."""
        ...

    @post(
        "/quotes/{quote_id}/milestones",
        status=202,
        location="/quotes/{id}",
        raises=[NotFound, InvalidState],
    )
    async def reach_milestone(
        self, quote_id: Id, reached: Annotated[MilestoneReached, Body()]
    ) -> QuoteProgress:
        """Report that a milestone is reached: it is invoiced when those before it are paid."""
        ...

    @post(
        "/quotes/{quote_id}/payments",
        status=202,
        location="/quotes/{id}",
        raises=[NotFound, InvalidState, InvalidInput],
    )
    async def receive_payment(
        self, quote_id: Id, payment: Annotated[PaymentReceived, Body()]
    ) -> QuoteProgress:
        """Note that the money for a milestone's invoice has come."""
        ...

    @post("/quotes/{quote_id}/cancel", status=202, location="/quotes/{id}", raises=[NotFound, InvalidState])
    async def cancel_quote(self, quote_id: Id) -> QuoteProgress:
        """Withdraw a quote, and call off what came of it. Impossible once its order is confirmed."""
        ...

    @get("/quotes/{quote_id}/events", raises=[NotFound])
    def follow_quote(self, quote_id: Id, last_event_id: str = "") -> AsyncIterator[QuoteProgress]:
        """The quote now, and again after each change, until it has come to its end."""
        ...
