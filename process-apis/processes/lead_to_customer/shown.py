"""A lead on its way, as it is shown: what a person is called, and where to reach them, the CRM says."""

from enum import StrEnum

from triptych.canonical.base import Model, example, the_example
from triptych.canonical.fields import Code, Count, Flag, Id, Name, Prose
from triptych.contract.progress import Progress, Waiting, example_of_progress


class LeadState(StrEnum):
    """Where a lead stands on its way to a customer."""

    CAPTURED = "captured"
    SCORED = "scored"
    ASSIGNED = "assigned"
    NURTURING = "nurturing"
    IN_REVIEW = "in-review"
    QUALIFIED = "qualified"
    CONVERTED = "converted"
    ONBOARDING = "onboarding"
    ONBOARDED = "onboarded"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class Points(Model):
    """What a rule gave, or took."""

    model_config = example(rule="asked again", points=20)

    rule: Name
    """The rule that held."""
    points: int
    """How many; below zero where it took them."""


class LeadProgress(Progress[LeadState]):
    """A lead, and how far it has come."""

    model_config = example(
        **example_of_progress("led_01jd3k7m9vq8x2c4n6b8d0f2hg", "in-review"),
        waiting=the_example(Waiting),
        source="web",
        score=35,
        points=[{"rule": "known firm", "points": 15}, the_example(Points)],
        owner_id="rep_01jd3k7m9vq8x2c4n6b8d0f2hg",
        mailings=1,
    )

    source: Code
    """Where it was first asked."""
    score: Count = 0
    """How promising, 0 to 100."""
    points: tuple[Points, ...] = ()
    """How it came to that: the rules that held, in their order."""
    owner_id: Id | None = None
    """The sales representative who looks after it; none where nobody looks after its country."""
    mailings: Count = 0
    """How often it was written to."""
    mailable: Flag = True
    """Whether it may be written to, as far as was heard."""
    decided_by: Name | None = None
    """Who decided whether it is pursued, where the score did not."""
    reason: Prose | None = None
    """Why it is lost, or not pursued."""
    customer_id: Id | None = None
    """The customer that it became."""
    known: Flag = False
    """Whether that customer was there already."""
    account_id: Id | None = None
    """The customer's billing account."""
    ticket_id: Id | None = None
    """The task at the help desk to call the customer."""
