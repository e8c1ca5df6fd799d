"""What can be seen of a process, while it runs and afterwards: where it stands, and its timeline."""

from datetime import UTC, datetime
from typing import Literal

import orjson
from pydantic import ConfigDict, Field

from triptych.canonical.base import Extensions, Model, Timestamp, example, the_example
from triptych.contract.progress import RESTING, Phase
from triptych.problems import InternalError, Problem

Outcome = Literal[
    "running", "retrying", "waiting", "reminded", "skipped", "done", "late", "cancelled", "refused", "failed"
]
Turn = Literal["on", "cancel", "reject", "park"]


class Trouble(Model):
    """What a step answered instead of a result, in the terms of RFC 9457."""

    model_config = example(
        type="/problems/unavailable",
        title="Unavailable",
        status=503,
        detail="warehouse does not answer",
        error="Unavailable",
    )

    type: str
    """Problem type, a URI reference."""
    title: str
    status: int
    detail: str
    extra: Extensions = Field(default_factory=dict)
    """Further members of the problem, such as the `sku` that was short."""
    error: str = ""
    """Class of the exception: `Unavailable`, `KeyError`."""

    @classmethod
    def of(cls, error: BaseException) -> "Trouble":
        """The trouble that an exception tells of; what is no Problem counts as an internal error."""
        if isinstance(error, Problem):
            return cls(
                type=error.type_uri,
                title=error.title,
                status=error.status,
                detail=error.detail,
                extra=orjson.loads(orjson.dumps(error.extra, default=str)),
                error=type(error).__name__,
            )
        detail = f"{type(error).__name__}: {error}"[:500]
        return cls(
            type=InternalError.type_uri,
            title=InternalError.title,
            status=500,
            detail=detail,
            error=type(error).__name__,
        )


class StepStatus(Model):
    """One line of the timeline: a step, or the undoing of one."""

    model_config = example(
        step="reserve",
        outcome="done",
        started="2026-07-01T09:29:58Z",
        ended="2026-07-01T09:29:59Z",
        attempts=1,
        state="reserved",
    )

    step: str
    undo: bool = False
    """Whether this line is the undoing of the step."""
    outcome: Outcome
    """`done`; `refused` by the business; `failed` after every attempt; `skipped`, since it was not needed;
    `running` or `retrying` at present. A wait is `waiting` from its beginning on, `reminded` each time that
    its deadline passed, and in the end `done`, `late` (the process goes on), `refused` or `cancelled`."""
    started: Timestamp
    ended: Timestamp | None = None
    until: Timestamp | None = None
    """The deadline of a wait, if it has one."""
    attempts: int = 1
    state: str | None = None
    """The state that the process reached with it."""
    problem: Trouble | None = None
    """What the last attempt that failed answered."""


class ProcessStatus(Model):
    """Where a process stands."""

    model_config = example(
        id="order-to-fulfillment.fulfil:ord_01jd3k7m9vq8x2c4n6b8d0f2hg",
        process="order-to-fulfillment.fulfil",
        version=1,
        about="ord_01jd3k7m9vq8x2c4n6b8d0f2hg",
        phase="completed",
        state="completed",
        created="2026-07-01T09:29:58Z",
        updated="2026-07-01T09:30:02Z",
        timeline=[the_example(StepStatus)],
        data={"order_id": "ord_01jd3k7m9vq8x2c4n6b8d0f2hg"},
    )

    id: str
    """Id of the process in the engine: `order-to-fulfillment.fulfil:ord_…`."""
    process: str
    """Its name: `order-to-fulfillment.fulfil`."""
    version: int
    """Version of the sentence that it follows."""
    about: str
    """The id that it was started with, usually that of the entity it is about."""
    phase: Phase
    state: str
    """Where it stands in the business's words: the last state reached, `rejected` or `cancelled`."""
    cancelling: bool = False
    """Whether a cancellation was accepted, so that it will end as `cancelled`."""
    created: Timestamp
    updated: Timestamp
    timeline: tuple[StepStatus, ...] = ()
    """What was done and undone, in order; the step at work comes last."""
    problem: Trouble | None = None
    """Why it is rejected, parked, or being unwound."""
    data: Extensions = Field(default_factory=dict)
    """The state of the process as JSON: its input and what the steps added."""

    @property
    def flow(self) -> str:
        """Its sentence's name in the engine, with the version: `order-to-fulfillment.fulfil.v1`."""
        return f"{self.process}.v{self.version}"

    @property
    def waits(self) -> StepStatus | None:
        """What it waits for and until when, if it waits."""
        return self.timeline[-1] if self.phase == "waiting" else None

    @property
    def resting(self) -> bool:
        """Whether it changes no more by itself."""
        return self.phase in RESTING


class StepRecord(StepStatus):
    """What is kept of a step when it ends: the checkpoint that a restarted process goes on from."""

    # replicas of two releases share a database: an older one leaves alone what a newer one kept beside this
    model_config = ConfigDict(extra="ignore")

    turn: Turn = "on"
    """Where the process goes from here; decided once, when the step ended."""
    adds: Extensions = Field(default_factory=dict)
    """Fields of the state that the step set, as JSON."""
    code: str = ""
    """Version of the code that did it."""
    calls: str = ""
    """What its calls asked and were answered, packed (`triptych.engine.calls`)."""

    def shown(self) -> StepStatus:
        """The line of the timeline that this record makes."""
        return StepStatus.model_validate(self.model_dump(exclude={"turn", "adds", "code", "calls"}))


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


def moment(epoch_ms: int | None) -> datetime:
    """The moment that a number of milliseconds since 1970 means."""
    return datetime.fromtimestamp((epoch_ms or 0) / 1000, UTC)
