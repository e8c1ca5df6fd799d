"""What becomes of people's work here: offers, changes, leavings, and what is erased in the end."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from triptych.canonical.base import Entity, Model, New, Personal, Timestamp, example, example_of, the_example
from triptych.canonical.fields import Code, Count, Email, Id, Name, PersonalCode, PersonName, Phone
from triptych.canonical.moments import Day
from triptych.canonical.money import Amount
from triptych.canonical.states import Transitions
from triptych.contract.values import Filter, History


class OfferStatus(StrEnum):
    """How far an offer of work has come."""

    DRAFT = "draft"
    SENT = "sent"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    """By us: it was not approved, not answered in time, or called off."""


OFFER_TRANSITIONS = Transitions(
    "offer",
    {
        OfferStatus.DRAFT: {OfferStatus.SENT, OfferStatus.WITHDRAWN},
        OfferStatus.SENT: {OfferStatus.ACCEPTED, OfferStatus.DECLINED, OfferStatus.WITHDRAWN},
        OfferStatus.ACCEPTED: {OfferStatus.WITHDRAWN},
        OfferStatus.DECLINED: set(),
        OfferStatus.WITHDRAWN: set(),
    },
)


class NewOffer(New):
    """What can be given of an offer."""

    model_config = example(
        external_id="OFF-2026-17",
        name="Nancy Davolio",
        email="nancy@davolio.example",
        tax_id="86095742719",
        position_id="pos_01jd3k7m9vq8x2c4n6b8d0f2hg",
        department="Sales",
        location="Berlin",
        salary={"amount_minor": 5400000, "currency": "EUR"},
        starts_on="2026-10-01",
        answer_by="2026-08-15T00:00:00Z",
        requested_by="ada",
    )

    external_id: Code | None = None
    """Its number in the books."""
    name: PersonName
    """Who is offered the work."""
    email: Email | None = None
    """Their own address."""
    phone: Phone | None = None
    """Where to call."""
    tax_id: PersonalCode | None = None
    """Their number with the tax office or the social insurance, by which they are found again."""
    position_id: Id
    """Which position they would hold."""
    manager_id: Id | None = None
    """To whom they would report."""
    department: Name | None = None
    """Where they would belong; by default where the position does."""
    location: Name | None = None
    """Where they would work."""
    salary: Annotated[Amount | None, Personal()] = None
    """What they would earn in a year (schema.org baseSalary)."""
    starts_on: Day
    """First day of work (schema.org jobStartDate)."""
    answer_by: Timestamp
    """Until when they can accept it (schema.org validThrough)."""
    requested_by: PersonName
    """Who wants to hire them."""


class Offer(NewOffer, Entity, prefix="off"):
    """An offer of work to one person (schema.org JobPosting, Offer)."""

    model_config = example_of(NewOffer, "off_01jd3k7m9vq8x2c4n6b8d0f2hg", status="sent")

    status: OfferStatus = OfferStatus.DRAFT
    """How far it has come."""
    employee_id: Id | None = None
    """The employee that came of it."""
    formerly_from: Day | None = None
    """First day of their employment before this one, if they come back."""
    formerly_until: Day | None = None
    """Last day of that."""


class OfferFilter(History):
    """Which offers to list."""

    external_id: Code | None = None
    position_id: Id | None = None
    employee_id: Id | None = None
    status: OfferStatus | None = None


class PlanStatus(StrEnum):
    """How far something has come that is to happen on a day."""

    PLANNED = "planned"
    DONE = "done"
    WITHDRAWN = "withdrawn"


PLAN_TRANSITIONS = Transitions(
    "plan",
    {
        PlanStatus.PLANNED: {PlanStatus.DONE, PlanStatus.WITHDRAWN},
        PlanStatus.DONE: set(),
        PlanStatus.WITHDRAWN: set(),
    },
)


class NewEmploymentChange(New):
    """What can be given of a change of somebody's work; what it does not name stays as it is."""

    model_config = example(
        employee_id="emp_01jd3k7m9vq8x2c4n6b8d0f2hg",
        takes_effect_on="2026-10-01",
        location="Hamburg",
        requested_by="ada",
    )

    employee_id: Id
    """Whose work changes."""
    takes_effect_on: Day
    """From which day on."""
    position_id: Id | None = None
    """The position that they hold then."""
    manager_id: Id | None = None
    """To whom they report then."""
    department: Name | None = None
    """Where they belong then."""
    location: Name | None = None
    """Where they work then."""
    requested_by: PersonName
    """Who asked for it."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not (self.position_id or self.manager_id or self.department or self.location):
            raise ValueError("a change names a position, a manager, a department or a location")
        return self


class EmploymentChange(NewEmploymentChange, Entity, prefix="ech"):
    """A change of somebody's work from a day on (schema.org Role, startDate)."""

    model_config = example_of(NewEmploymentChange, "ech_01jd3k7m9vq8x2c4n6b8d0f2hg", status="planned")

    status: PlanStatus = PlanStatus.PLANNED
    """How far it has come."""


class EmploymentChangeFilter(History):
    """Which changes to list."""

    employee_id: Id | None = None
    status: PlanStatus | None = None


class LeavingReason(StrEnum):
    """Why somebody leaves."""

    RESIGNATION = "resignation"
    DISMISSAL = "dismissal"
    END_OF_TERM = "end-of-term"
    RETIREMENT = "retirement"
    OTHER = "other"


class NewLeaving(New):
    """What can be given of somebody's leaving."""

    model_config = example(
        employee_id="emp_01jd3k7m9vq8x2c4n6b8d0f2hg",
        last_day="2026-09-30",
        reason="resignation",
        requested_by="ada",
    )

    employee_id: Id
    """Who leaves."""
    last_day: Day
    """Last day of work (schema.org endDate)."""
    reason: LeavingReason
    """Why."""
    requested_by: PersonName
    """Who entered it."""


class Leaving(NewLeaving, Entity, prefix="lea"):
    """The end of somebody's employment."""

    model_config = example_of(NewLeaving, "lea_01jd3k7m9vq8x2c4n6b8d0f2hg", status="planned")

    status: PlanStatus = PlanStatus.PLANNED
    """How far it has come."""


class LeavingFilter(History):
    """Which leavings to list."""

    employee_id: Id | None = None
    status: PlanStatus | None = None


class ErasedRecords(Model):
    """What was erased of one kind, without what it said."""

    model_config = example(kind="offer", count=1, fields=["email", "name", "tax_id"])

    kind: Code
    """Of which kind."""
    count: Count
    """How many records."""
    fields: Annotated[tuple[Code, ...], Field(max_length=50)]
    """Which personal data they had, by the fields' names."""


class NewErasure(New):
    """What is said of an erasure."""

    model_config = example(
        subject_id="emp_01jd3k7m9vq8x2c4n6b8d0f2hg",
        ended_on="2026-09-30",
        records=[the_example(ErasedRecords)],
    )

    subject_id: Id
    """Whose records they were: an id that leads nowhere any more."""
    ended_on: Day
    """When that person's employment ended."""
    records: Annotated[tuple[ErasedRecords, ...], Field(max_length=20)]
    """What was erased."""


class Erasure(NewErasure, Entity, prefix="ers"):
    """That a person's records were erased, and which, without the data (GDPR articles 5 and 17)."""

    model_config = example_of(NewErasure, "ers_01jd3k7m9vq8x2c4n6b8d0f2hg")


class ErasureFilter(Filter):
    """Which erasures to list."""

    subject_id: Id | None = None
