"""How far a process has come, as its contract shows it: one shape for all of them.

A process API has an enum of the states that its entity goes through, and shows the entity as
`class OrderProgress(Progress[OrderState])` with its own fields; `triptych.engine.told` fills in the rest.
"""

from typing import Any, Generic, Literal, TypeVar

from pydantic import Field

from triptych.canonical.base import NOTHING, Extensions, Model, Timestamp, example, the_example
from triptych.canonical.fields import Id

State = TypeVar("State", bound=str)
E = TypeVar("E")

Phase = Literal[
    "running", "waiting", "unwinding", "completed", "rejected", "cancelled", "parked", "discarded"
]
"""`running` goes forward, `waiting` does so once it is told what it waits for, `unwinding` undoes what was
done; `rejected` (a step was refused) and `cancelled` are ends with everything undone; `parked` waits as a
dead letter for an operator, who has given up a `discarded` one."""

RESTING: frozenset[Phase] = frozenset({"completed", "rejected", "cancelled", "parked", "discarded"})
"""The phases that a process does not leave by itself."""


class Trouble(Model):
    """Why it did not go through, or needs an operator (RFC 9457)."""

    model_config = example(
        type="/problems/insufficient-stock",
        title="Insufficient stock",
        detail="20 of CHAI-10 were asked for, 3 are available.",
        extra={"sku": "CHAI-10"},
    )

    type: str
    """The kind of problem."""
    title: str
    """The kind in words."""
    detail: str
    """What happened."""
    extra: Extensions = Field(default_factory=lambda: NOTHING)
    """More for programs, such as the `sku` that was short."""


class Event(Model, Generic[State]):
    """One line of a timeline."""

    model_config = example(
        step="reserve", outcome="done", started="2026-07-01T09:30:00Z", ended="2026-07-01T09:30:00Z"
    )

    step: str
    """What was done, or waited for; `invoice.2` is that of the second round."""
    undone: bool = False
    """Whether this line is the undoing of that."""
    outcome: str
    """`done`, `refused`, `failed`, `running`, `retrying` or `skipped`; of what is waited for `waiting`,
    `reminded`, `late` or `cancelled` too."""
    state: State | None = None
    """The state that was reached with it."""
    started: Timestamp
    """When it began."""
    ended: Timestamp | None = None
    """When it ended."""
    attempts: int = 1
    """How often it was tried."""
    until: Timestamp | None = None
    """The deadline of what is waited for."""


class Waiting(Model):
    """What is waited for."""

    model_config = example(what="approval", since="2026-07-01T09:30:00Z", until="2026-07-06T09:30:00Z")

    what: str
    """The line of the timeline: `approval`, or `payment.2` in the second round."""
    since: Timestamp
    """When that began."""
    until: Timestamp | None = None
    """When the time is up."""


class Progress(Model, Generic[State]):
    """Something that a process carries out, and how far it has come. Subclasses add what it is."""

    id: Id
    """Its id."""
    status: State
    """Where it stands."""
    waiting: Waiting | None = None
    """What it waits for, if it does."""
    cancelling: bool = False
    """Whether a cancellation was accepted and is being carried out."""
    timeline: tuple[Event[State], ...] = ()
    """What was done for it, in order."""
    problem: Trouble | None = None
    """Why it did not go through, if it did not."""
    event_id: int = 0
    """Counts the changes; a stream of updates goes on from here."""


class Asked(Model):
    """What a process is begun for. Subclasses add what it needs to know, and then an example of their own."""

    model_config = example(id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg")

    id: Id
    """What it is about. There is one process for each: beginning it again answers where it stands."""


class Instance(Progress[str], Generic[E]):
    """One process of a kind that needs no words of its own: what is known of it, and how far it has come."""

    phase: Phase
    """`running` forward, `waiting` or `unwinding`; at rest once it is `completed`, `rejected`, `cancelled`,
    `parked` for an operator, or `discarded` by one."""
    data: E
    """What was asked for, and what its steps added."""


def example_of_event(state: str) -> dict[str, Any]:
    """The example of a line of a timeline, with the state that was reached."""
    return {**the_example(Event), "state": state}


def example_of_progress(id: str, status: str, **more: Any) -> dict[str, Any]:
    """The example of something that is on its way: `model_config = example(**example_of_progress(…))`."""
    return {"id": id, "status": status, **more, "timeline": [example_of_event(status)], "event_id": 1}
