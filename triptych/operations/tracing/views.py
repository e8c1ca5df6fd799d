"""What is told of the processes that had to do with an order, a person or a vendor's record."""

from typing import Annotated

from pydantic import Field

from triptych.canonical.base import Model, Timestamp, example, the_example
from triptych.contract import Filter
from triptych.engine.calls import Call
from triptych.engine.letters import Intervention
from triptych.engine.status import Phase, ProcessStatus, StepStatus, Trouble

PRINTED = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"
"""No control characters, and something besides blanks."""
Term = Annotated[str, Field(min_length=1, max_length=300, pattern=PRINTED)]


class WhereFilter(Filter):
    """What to look for."""

    term: Annotated[
        Term,
        Field(
            description="An order number or any other id, reference or number, ours or a vendor's; an e-mail "
            "address; a process's, a request's or a trace's id. Capitals do not matter.",
            examples=["PO-2026-0815"],
        ),
    ]
    limit: int = Field(default=20, ge=1, le=100)
    """How many processes a page holds at most."""


class Hop(Model):
    """One step of a process, or the undoing of one, with what it asked of whom."""

    model_config = example(step=the_example(StepStatus), calls=[the_example(Call)])

    step: StepStatus
    calls: tuple[Call, ...] = ()
    """What it asked, and what it was answered, in order."""


class TracedProcess(Model):
    """A process that had to do with what was looked for."""

    model_config = example(
        **{
            name: value
            for name, value in the_example(ProcessStatus).items()
            if name not in ("timeline", "data")
        },
        hops=[the_example(Hop)],
        interventions=[],
        next=[],
    )

    id: str
    """Id of the process in the engine: `order-to-fulfillment.fulfil:ord_…`."""
    process: str
    """Its name: `order-to-fulfillment.fulfil`."""
    version: int
    """Version of the sentence that it follows."""
    about: str
    """The id that it was started with."""
    phase: Phase
    state: str
    """Where it stands in the business's words."""
    created: Timestamp
    updated: Timestamp
    problem: Trouble | None = None
    """Why it is rejected, parked, or being unwound."""
    hops: tuple[Hop, ...]
    """Its steps in order; one that is at work has no calls yet."""
    interventions: tuple[Intervention, ...]
    """What operators did to it."""
    next: tuple[str, ...]
    """The commands that mend it, in order, where it is a dead letter."""
