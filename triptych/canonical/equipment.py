"""What people are given to work with, out of the warehouse's stock."""

from enum import StrEnum

from triptych.canonical.base import Entity, New, Timestamp, example, example_of
from triptych.canonical.fields import Code, Id, Prose
from triptych.canonical.states import Transitions
from triptych.contract.values import History


class HandoutStatus(StrEnum):
    """Where a piece of equipment is."""

    HELD = "held"
    """With the person."""
    RETURNED = "returned"
    """In stock again."""
    WRITTEN_OFF = "written-off"
    """Lost, broken, or left to the person."""


HANDOUT_TRANSITIONS = Transitions(
    "handout",
    {
        HandoutStatus.HELD: {HandoutStatus.RETURNED, HandoutStatus.WRITTEN_OFF},
        HandoutStatus.RETURNED: set(),
        HandoutStatus.WRITTEN_OFF: set(),
    },
)


class NewHandout(New):
    """What can be given of a handout."""

    model_config = example(
        external_id="off_01jd3k7m9vq8x2c4n6b8d0f2hg.1",
        person_id="emp_01jd3k7m9vq8x2c4n6b8d0f2hg",
        sku="LAPTOP-14",
        location_id="loc_01jd3k7m9vq8x2c4n6b8d0f2hg",
    )

    external_id: Code | None = None
    """What it is for; nothing is handed out twice for the same."""
    person_id: Id
    """Who is given it."""
    sku: Code
    """Which product; one piece of it."""
    location_id: Id | None = None
    """From where; by default from where most of it lies."""
    serial_number: Code | None = None
    """Which piece (schema.org serialNumber)."""


class Handout(NewHandout, Entity, prefix="hnd"):
    """One piece of equipment that a person was given (schema.org LendAction)."""

    model_config = example_of(NewHandout, "hnd_01jd3k7m9vq8x2c4n6b8d0f2hg", status="held")

    status: HandoutStatus = HandoutStatus.HELD
    """Where it is."""
    settled_at: Timestamp | None = None
    """When it came back, or was written off."""
    written_off_because: Prose | None = None
    """Why it does not come back."""


class HandoutFilter(History):
    """Which handouts to list."""

    external_id: Code | None = None
    person_id: Id | None = None
    sku: Code | None = None
    status: HandoutStatus | None = None
