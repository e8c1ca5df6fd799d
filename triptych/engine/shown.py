"""What the engine knows of a process, in the words of its contract."""

from typing import Generic, TypedDict

from triptych.contract.progress import Event, State, Trouble, Waiting
from triptych.engine.status import ProcessStatus


class Told(TypedDict, Generic[State]):
    """The fields of a `Progress` that every process has: `OrderProgress(**told(status, OrderState), …)`."""

    id: str
    status: State
    waiting: Waiting | None
    cancelling: bool
    timeline: tuple[Event[State], ...]
    problem: Trouble | None
    event_id: int


def told(status: ProcessStatus, states: type[State]) -> Told[State]:
    """What a status tells. `states` are those that the process's sentence reaches, and its ends."""
    waits, problem = status.waits, status.problem
    return Told(
        id=status.about,
        status=states(status.state),
        waiting=Waiting(what=waits.step, since=waits.started, until=waits.until) if waits else None,
        cancelling=status.cancelling,
        timeline=tuple(
            Event[states](
                step=step.step,
                undone=step.undo,
                outcome=step.outcome,
                state=states(step.state) if step.state else None,
                started=step.started,
                ended=step.ended,
                attempts=step.attempts,
                until=step.until,
            )
            for step in status.timeline
        ),
        problem=problem
        and Trouble(type=problem.type, title=problem.title, detail=problem.detail, extra=problem.extra),
        event_id=len(status.timeline) + status.resting,
    )
