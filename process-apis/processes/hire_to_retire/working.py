"""What is known of people's work on its way: ids, days and who decided; whose it is, only HR knows.

What a process keeps outlives the records that are erased, so nothing in here is a person's data.
"""

from datetime import datetime

from triptych.canonical.base import Model, Timestamp
from triptych.canonical.directory import Groups
from triptych.canonical.employment import ErasedRecords, LeavingReason
from triptych.canonical.fields import Code, Id, Name, PersonName
from triptych.canonical.moments import Day


class DayCame(Model):
    """That a day has come. The clock says it, and nobody else."""


class StockCame(Model):
    """That there is more of something that is missing."""


class ItemSettled(Model):
    """That a piece of equipment came back, or was written off."""

    handout_id: Id


class Answered(Model):
    """What a candidate said."""

    accepted: bool


class Hiring(Model):
    """The state of the process of one offer."""

    offer_id: Id
    reference: Code | None = None
    requested_by: PersonName
    approved_by: Name | None = None
    starts_on: Day
    answer_by: Timestamp
    accepted: bool | None = None
    employee_id: Id | None = None
    formerly_until: Day | None = None
    account_id: Id | None = None
    groups: Groups = ()


class Article(Model):
    """One piece of equipment that somebody needs."""

    place: int
    sku: Code


class Equipping(Model):
    """The state of the process that equips a new colleague."""

    offer_id: Id
    person_id: Id
    requested_by: PersonName
    starts_on: Day
    missing: tuple[Article, ...] = ()
    """The next one to hand out comes first."""
    tried: int = 0
    """How many of these were not in stock when they were last looked for."""
    handouts: tuple[Id, ...] = ()
    reminders: int = 0


class Changing(Model):
    """The state of the process of one change."""

    change_id: Id
    employee_id: Id
    requested_by: PersonName
    approved_by: Name | None = None
    takes_effect_on: Day
    account_id: Id | None = None
    granted: Groups = ()
    owed: Groups = ()
    """What the work that they have now gives them, and they have not got."""
    revoked: Groups = ()


class Leave(Model):
    """The state of the process of one leaving."""

    leaving_id: Id
    employee_id: Id
    requested_by: PersonName
    approved_by: Name | None = None
    last_day: Day
    reason: LeavingReason
    at_once: bool = False
    kept_until: Day
    account_id: Id | None = None
    groups: Groups = ()
    """Where they were before they were locked out."""
    revoked_at: datetime | None = None
    items: tuple[Id, ...] = ()
    settled: int = 0
    held: bool = False
    """Whether the present item is still with them."""
    reminders: int = 0
    came_back: bool = False
    erasure_id: Id | None = None
    erased: tuple[ErasedRecords, ...] = ()
