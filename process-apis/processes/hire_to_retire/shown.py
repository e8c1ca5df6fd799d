"""Offers, equipment, changes and leavings on their way, as they are shown."""

from enum import StrEnum

from triptych.canonical.base import Model, Timestamp, example, the_example
from triptych.canonical.directory import Groups
from triptych.canonical.employment import ErasedRecords, LeavingReason
from triptych.canonical.fields import Code, Flag, Id, Name, PersonName
from triptych.canonical.moments import Day
from triptych.contract.progress import Progress, Waiting, example_of_progress


class OfferState(StrEnum):
    """Where an offer stands on its way to a colleague."""

    DRAFT = "draft"
    IN_APPROVAL = "in-approval"
    APPROVED = "approved"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    HIRED = "hired"
    PROVISIONED = "provisioned"
    WELCOMED = "welcomed"
    EMPLOYED = "employed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class EquipmentState(StrEnum):
    """Where somebody's equipment stands."""

    BEGUN = "begun"
    AWAITED = "awaited"
    HANDED_OUT = "handed-out"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class ChangeState(StrEnum):
    """Where a change of somebody's work stands."""

    REQUESTED = "requested"
    IN_APPROVAL = "in-approval"
    PLANNED = "planned"
    EFFECTIVE = "effective"
    CLOSED = "closed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class LeavingState(StrEnum):
    """Where somebody's leaving stands, until nothing is kept of them."""

    ENTERED = "entered"
    LOCKED = "locked"
    IN_APPROVAL = "in-approval"
    PLANNED = "planned"
    REVOKED = "revoked"
    LEFT = "left"
    EQUIPMENT_OUT = "equipment-out"
    SETTLED = "settled"
    RETAINED = "retained"
    ERASED = "erased"
    KEPT = "kept"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class Equipment(Model):
    """What a new colleague is given, and how far that has come."""

    model_config = example(status="awaited", missing=["LAPTOP-14"], handed_out=[], reminders=1)

    status: EquipmentState
    """Where it stands."""
    missing: tuple[Code, ...] = ()
    """Products that were not in stock."""
    handed_out: tuple[Id, ...] = ()
    """The handouts."""
    reminders: int = 0
    """How often somebody was reminded of what is missing."""


class OfferProgress(Progress[OfferState]):
    """An offer, and how far it has come. Whose it is, HR says."""

    model_config = example(
        **example_of_progress("off_01jd3k7m9vq8x2c4n6b8d0f2hg", "in-approval"),
        waiting=the_example(Waiting),
        reference="OFF-2026-17",
        requested_by="ada",
        starts_on="2030-10-01",
        answer_by="2030-08-15T00:00:00Z",
    )

    reference: Code | None = None
    """Its number in the books."""
    requested_by: PersonName
    """Who wants to hire them."""
    approved_by: Name | None = None
    """Who approved it."""
    starts_on: Day
    """First day of work."""
    answer_by: Timestamp
    """Until when it could be accepted."""
    employee_id: Id | None = None
    """The employee that came of it."""
    formerly_until: Day | None = None
    """Last day of their employment before this one, where somebody comes back."""
    account_id: Id | None = None
    """Their account."""
    equipment: Equipment | None = None
    """What they are given; only where one offer is asked for."""


class ChangeProgress(Progress[ChangeState]):
    """A change of somebody's work, and how far it has come."""

    model_config = example(
        **example_of_progress("ech_01jd3k7m9vq8x2c4n6b8d0f2hg", "planned"),
        waiting={**the_example(Waiting), "what": "day"},
        employee_id="emp_01jd3k7m9vq8x2c4n6b8d0f2hg",
        requested_by="ada",
        takes_effect_on="2030-10-01",
    )

    employee_id: Id
    """Whose work changes."""
    requested_by: PersonName
    """Who asked for it."""
    approved_by: Name | None = None
    """Who approved it."""
    takes_effect_on: Day
    """From which day on."""
    granted: Groups = ()
    """The groups that they were put into for it."""
    revoked: Groups = ()
    """The groups that they were taken out of after it."""


class LeavingProgress(Progress[LeavingState]):
    """Somebody's leaving, and how far it has come."""

    model_config = example(
        **example_of_progress("lea_01jd3k7m9vq8x2c4n6b8d0f2hg", "planned"),
        waiting={**the_example(Waiting), "what": "last-day"},
        employee_id="emp_01jd3k7m9vq8x2c4n6b8d0f2hg",
        requested_by="ada",
        last_day="2030-09-30",
        reason="resignation",
        kept_until="2040-09-30",
    )

    employee_id: Id
    """Who leaves; an id that leads nowhere once they are erased."""
    requested_by: PersonName
    """Who entered it."""
    approved_by: Name | None = None
    """Who approved it."""
    last_day: Day
    """Last day of work."""
    reason: LeavingReason
    """Why."""
    at_once: Flag = False
    """Whether every access was locked before anybody approved it."""
    revoked_at: Timestamp | None = None
    """When every access was revoked for good."""
    open_items: tuple[Id, ...] = ()
    """Equipment of theirs that nobody has settled, by its handouts."""
    reminders: int = 0
    """How often somebody was reminded of it."""
    kept_until: Day
    """Until when the records are kept."""
    came_back: Flag = False
    """Whether they were employed again before that, so that their records are kept on."""
    erasure_id: Id | None = None
    """The proof that the records were erased, in HR."""
    erased: tuple[ErasedRecords, ...] = ()
    """What was erased, without what it said."""


class Waits(Model):
    """What waits for somebody."""

    model_config = example(
        kind="leave", id="lea_01jd3k7m9vq8x2c4n6b8d0f2hg", requested_by="ada", waiting=the_example(Waiting)
    )

    kind: Code
    """`hire`, `equip`, `change` or `leave`."""
    id: Id
    """The id of the offer, the change or the leaving; of equipment that of the offer."""
    requested_by: PersonName
    """Who asked for it."""
    waiting: Waiting
    """For what, since when, and until when."""
