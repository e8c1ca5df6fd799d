"""What hire-to-retire is asked and told."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import model_validator

from triptych.canonical.base import Model, Personal, Timestamp, example
from triptych.canonical.employment import LeavingReason
from triptych.canonical.fields import (
    Code,
    Email,
    Flag,
    Id,
    Name,
    PersonalCode,
    PersonName,
    Phone,
    Prose,
)
from triptych.canonical.moments import Day
from triptych.canonical.money import Amount


class OfferWork(Model):
    """Whom we want, for which position, from when on, and until when they may answer."""

    model_config = example(
        name="Nancy Davolio",
        email="nancy@davolio.example",
        tax_id="86095742719",
        position_id="pos_01jd3k7m9vq8x2c4n6b8d0f2hg",
        location="Berlin",
        salary={"amount_minor": 5400000, "currency": "EUR"},
        starts_on="2030-10-01",
        answer_by="2030-08-15T00:00:00Z",
    )

    reference: Code | None = None
    """Its number in the books; offering the same again under it is the same offer."""
    name: PersonName
    """Who is offered the work."""
    email: Email | None = None
    """Their own address."""
    phone: Phone | None = None
    """Where to call."""
    tax_id: PersonalCode | None = None
    """Their number with the tax office or the social insurance, by which a former employee is found."""
    position_id: Id
    """Which position they would hold."""
    manager_id: Id | None = None
    """To whom they would report."""
    department: Name | None = None
    """Where they would belong; by default where the position does."""
    location: Name | None = None
    """Where they would work."""
    salary: Annotated[Amount | None, Personal()] = None
    """What they would earn in a year."""
    starts_on: Day
    """First day of work, today at the earliest."""
    answer_by: Timestamp
    """Until when they may accept it; before the end of the first day."""


class Decision(Model):
    """What is decided about an offer, a change or a leaving."""

    model_config = example(approved=True, reason="We have looked for a year.")

    approved: Flag
    """Whether it goes on."""
    reason: Prose | None = None
    """Why, or why not."""


class Answer(Model):
    """What a candidate says to an offer."""

    model_config = example(accepted=True)

    accepted: Flag
    """Whether they take it."""


class ChangeWork(Model):
    """What changes of somebody's work, and from when on; what is not named stays as it is."""

    model_config = example(
        employee_id="emp_01jd3k7m9vq8x2c4n6b8d0f2hg", takes_effect_on="2030-10-01", location="Hamburg"
    )

    employee_id: Id
    """Whose work changes."""
    takes_effect_on: Day
    """From which day on, today at the earliest."""
    position_id: Id | None = None
    """The position that they hold then."""
    manager_id: Id | None = None
    """To whom they report then."""
    department: Name | None = None
    """Where they belong then."""
    location: Name | None = None
    """Where they work then."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not (self.position_id or self.manager_id or self.department or self.location):
            raise ValueError("a change names a position, a manager, a department or a location")
        return self


class EndWork(Model):
    """Who leaves, when and why."""

    model_config = example(
        employee_id="emp_01jd3k7m9vq8x2c4n6b8d0f2hg", last_day="2030-09-30", reason="resignation"
    )

    employee_id: Id
    """Who leaves."""
    last_day: Day
    """Last day of work; their access ends with it. One in the past is entered late."""
    reason: LeavingReason
    """Why."""
    at_once: Flag = False
    """Whether every access is locked now, before anybody approves it: an immediate dismissal."""

    @model_validator(mode="after")
    def _dismissed(self) -> Self:
        if self.at_once and self.reason is not LeavingReason.DISMISSAL:
            raise ValueError("only who is dismissed is locked out at once")
        return self


class Fate(StrEnum):
    """What becomes of a piece of equipment whose holder has left."""

    RETURNED = "returned"
    """It is in stock again."""
    WRITTEN_OFF = "written-off"
    """It does not come back."""


class EquipmentSettled(Model):
    """What became of a piece of equipment."""

    model_config = example(handout_id="hnd_01jd3k7m9vq8x2c4n6b8d0f2hg", fate="returned")

    handout_id: Id
    """Which piece."""
    fate: Fate
    """What became of it."""
    reason: Prose | None = None
    """Why it does not come back."""

    @model_validator(mode="after")
    def _explained(self) -> Self:
        if (self.fate is Fate.WRITTEN_OFF) != (self.reason is not None):
            raise ValueError("what is written off needs a reason, and what comes back has none")
        return self


class Work(StrEnum):
    """For what people's work waits."""

    APPROVAL = "approval"
    ANSWER = "answer"
    START = "start"
    SUPPLY = "supply"
    DAY = "day"
    LAST_DAY = "last-day"
    ITEM = "item"
    RETENTION = "retention"
