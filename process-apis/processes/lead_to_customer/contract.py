"""What lead-to-customer promises."""

from collections.abc import AsyncIterator
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self

from fastapi import Body, Query
from pydantic import model_validator

from processes.lead_to_customer.shown import LeadProgress, LeadState, Points
from triptych.canonical.base import Model, example
from triptych.canonical.fields import Flag, Id, Prose
from triptych.canonical.leads import NewInquiry
from triptych.contract import ProcessApi, flow, get, post
from triptych.problems import Conflict, InvalidInput, InvalidState, NotFound

__all__ = [
    "Decision",
    "LeadProgress",
    "LeadState",
    "LeadToCustomer",
    "Outcome",
    "Points",
    "Work",
]


class Decision(Model):
    """What is decided about a lead."""

    model_config = example(qualified=True, reason="They open three tea houses next year.")

    qualified: Flag
    """Whether it is worth pursuing."""
    reason: Prose | None = None
    """Why, or why not."""

    @model_validator(mode="after")
    def _said_why(self) -> Self:
        if not self.qualified and self.reason is None:
            raise ValueError("who does not pursue a lead says why")
        return self


class Outcome(Model):
    """What came of a qualified lead."""

    model_config = example(won=True)

    won: Flag
    """Whether they buy."""
    reason: Prose | None = None
    """Why not."""

    @model_validator(mode="after")
    def _said_why(self) -> Self:
        if not self.won and self.reason is None:
            raise ValueError("who has lost a lead says why")
        return self


class Work(StrEnum):
    """For what leads wait."""

    RESPONSE = "response"
    REVIEW = "review"
    OUTCOME = "outcome"
    FIRST_CONTACT = "first-contact"


class LeadToCustomer(ProcessApi, version=1, owner="sales-operations"):
    """From what somebody asked to a customer who was called.

    Whoever asks again is the same lead, by e-mail, phone or company number, and adds to what is known. A lead
    is scored by declared rules, given to whoever looks after its country, and written to with its consent
    until it answers, its score is enough, or a person decides. Who buys becomes a customer once, or is one
    already; then there is a billing account, a welcome, and a call to make.
    """

    inquiries = flow(
        "What somebody asked goes into the CRM, as a new lead or to the one that is there.",
        pace="real-time",
        owner="sales-operations",
        failure="Somebody who wants to buy is never called back.",
        within=timedelta(minutes=1),
        share=0.999,
    )
    consents = flow(
        "To what somebody said yes or no goes into marketing, with its moment and its source.",
        pace="near-real-time",
        owner="marketing",
        failure="Somebody is written to who said no: a complaint, and a fine.",
        within=timedelta(minutes=1),
        share=0.999,
    )
    nurturing = flow(
        "Leads are written to in their time, and what they do with it changes their score.",
        pace="near-real-time",
        owner="marketing",
        failure="Leads grow cold.",
        within=timedelta(hours=4),
    )
    conversions = flow(
        "Who buys goes as a customer into the CRM, and to billing and the help desk.",
        pace="near-real-time",
        owner="sales-operations",
        failure="A customer's first order cannot be invoiced, and nobody calls them.",
        within=timedelta(minutes=5),
    )

    @post("/leads", status=202, location="/leads/{id}", raises=[InvalidInput, Conflict], timeout=15)
    async def capture_lead(self, new: Annotated[NewInquiry, Body()]) -> LeadProgress:
        """Take an inquiry. Its lead is answered, which comes to its end from now on, or is on its way."""
        ...

    @get("/waiting")
    async def waiting(
        self,
        work: Annotated[Work | None, Query(description="Those that wait for this.")] = None,
        limit: Annotated[int, Query(ge=1, le=200, description="How many at most.")] = 50,
    ) -> tuple[LeadProgress, ...]:
        """Leads that wait for somebody, the most urgent first, without their timelines."""
        ...

    @get("/leads/{lead_id}", raises=[NotFound])
    async def lead(self, lead_id: Id) -> LeadProgress:
        """One lead, how far it has come, and what was done for it."""
        ...

    @post(
        "/leads/{lead_id}/decision",
        status=202,
        location="/leads/{id}",
        scope="lead-to-customer:qualify",
        raises=[NotFound, InvalidState],
    )
    async def decide_lead(self, lead_id: Id, decision: Annotated[Decision, Body()]) -> LeadProgress:
        """Qualify a lead, or do not pursue it, while its score has not decided that; no mail follows."""
        ...

    @post(
        "/leads/{lead_id}/outcome",
        status=202,
        location="/leads/{id}",
        raises=[NotFound, InvalidState],
    )
    async def close_lead(self, lead_id: Id, outcome: Annotated[Outcome, Body()]) -> LeadProgress:
        """Note that a qualified lead is won, or lost and why."""
        ...

    @post("/leads/{lead_id}/cancel", status=202, location="/leads/{id}", raises=[NotFound, InvalidState])
    async def cancel_lead(self, lead_id: Id) -> LeadProgress:
        """Withdraw a lead: its mail is stopped, and the CRM gives it up. Impossible once it is converted."""
        ...

    @get("/leads/{lead_id}/events", raises=[NotFound])
    def follow_lead(self, lead_id: Id, last_event_id: str = "") -> AsyncIterator[LeadProgress]:
        """The lead now, and again after each change, until it has come to its end."""
        ...
