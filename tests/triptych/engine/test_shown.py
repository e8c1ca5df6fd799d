"""What the engine knows of a process, as its contract shows it."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest

from triptych.contract.progress import Progress, Trouble, Waiting
from triptych.engine import ProcessStatus, StepStatus, told
from triptych.engine.status import Trouble as Kept
from triptych.problems import InsufficientStock

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


class LeaseState(StrEnum):
    """Where a lease stands."""

    ASKED = "asked"
    SIGNED = "signed"
    REJECTED = "rejected"


class Lease(Progress[LeaseState]):
    """A lease, and how far it has come."""

    months: int


def a_status(*timeline: StepStatus, phase: str = "running", state: str = "asked") -> ProcessStatus:
    """A status of the lease `lea_1`, as the engine makes it."""
    return ProcessStatus.model_validate(
        {
            "id": "leasing.let:lea_1",
            "process": "leasing.let",
            "version": 1,
            "about": "lea_1",
            "phase": phase,
            "state": state,
            "created": NOON,
            "updated": NOON,
            "timeline": timeline,
        }
    )


def test_each_line_keeps_its_attempts_its_deadline_and_its_state() -> None:
    signed = StepStatus(
        step="sign", outcome="done", started=NOON, ended=NOON, attempts=3, state="signed", until=NOON
    )
    undone = StepStatus(step="sign", undo=True, outcome="running", started=NOON)

    lease = Lease(**told(a_status(signed, undone, state="signed"), LeaseState), months=12)

    assert (lease.id, lease.status, lease.event_id) == ("lea_1", LeaseState.SIGNED, 2)
    first, second = lease.timeline
    assert (first.attempts, first.until, first.state) == (3, NOON, LeaseState.SIGNED)
    assert (second.undone, second.state, second.ended) == (True, None, None)


def test_only_what_waits_says_what_it_waits_for() -> None:
    line = StepStatus(step="sign.2", outcome="waiting", started=NOON, until=NOON + timedelta(days=1))

    waiting = told(a_status(line, phase="waiting"), LeaseState)["waiting"]
    going_on = told(a_status(line), LeaseState)["waiting"]

    assert waiting == Waiting(what="sign.2", since=NOON, until=NOON + timedelta(days=1))
    assert going_on is None


def test_what_went_wrong_is_said_without_the_class_of_the_exception() -> None:
    short = Kept.of(InsufficientStock("Too little.", sku="CHAI-10"))
    status = a_status(phase="rejected", state="rejected").model_copy(update={"problem": short})

    lease = told(status, LeaseState)

    assert lease["problem"] == Trouble(
        type=short.type, title=short.title, detail="Too little.", extra={"sku": "CHAI-10"}
    )
    assert lease["event_id"] == 1  # its end counts, so that a stream tells of it


def test_a_state_that_the_contract_does_not_name_is_an_error() -> None:
    with pytest.raises(ValueError, match="evicted"):
        told(a_status(state="evicted"), LeaseState)
