"""Reads what is kept of a process into its status."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from triptych.canonical.base import thaw
from triptych.engine.database import Fate, version_of
from triptych.engine.saga import Saga
from triptych.engine.sentence import Line, Step, lines
from triptych.engine.status import Phase, ProcessStatus, StepRecord, StepStatus, Trouble, moment
from triptych.problems import InternalError

if TYPE_CHECKING:
    from dbos import WorkflowStatus

Which = Literal["running", "waiting", "parked", "finished"]
KEPT_AS: Mapping[Which, list[str]] = {
    "running": ["PENDING", "ENQUEUED"],
    "waiting": ["DELAYED"],
    "parked": ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "CANCELLED"],
    "finished": ["SUCCESS"],
}
"""DBOS's words for where a process is; one that DBOS cancelled or gave up waits for an operator too."""

Facts = tuple[Fate | None, StepStatus | None]


def view(
    row: "WorkflowStatus", records: Sequence[StepRecord], facts: Facts, saga: Saga[Any] | None
) -> ProcessStatus:
    """The status of a process. There is no saga where this OS process does not know it."""
    fate, struggle = facts
    process, version = version_of(row.name)
    document, origin = arguments_of(row)
    # DBOS keeps whole seconds on SQLite
    created = datetime.fromisoformat(origin["began"]) if "began" in origin else moment(row.created_at)
    began_with = {**document}
    for record in records:
        document.update(thaw(record.adds))
    phase = _phase(row, records, fate)
    turning = next((record for record in records if record.turn != "on" and not record.undo), None)
    timeline = [record.shown() for record in records]
    if phase in ("running", "unwinding") and row.status == "PENDING" and saga:
        ahead, done = _place(saga, began_with, records)
        timeline += _at_work(created, records, struggle, ahead, done, phase)
    reached = [record.state for record in records if record.state]
    changed = [created, moment(row.updated_at), *(record.ended for record in records if record.ended)]
    return ProcessStatus(
        id=row.workflow_id,
        process=process,
        version=version,
        about=row.workflow_id.partition(":")[2],
        phase=phase,
        state=phase if phase in ("rejected", "cancelled") else [origin.get("begins", ""), *reached][-1],
        cancelling=fate == "cancel",
        created=created,
        updated=max(changed),
        timeline=tuple(timeline),
        problem=_problem(row, records, turning, phase),
        data=document,
    )


def arguments_of(row: "WorkflowStatus") -> tuple[dict[str, Any], dict[str, str]]:
    """The state that a process began with, as JSON, and who began it."""
    if row.input is None:
        return {}, {}
    _, document, origin = row.input["args"]
    return {**document}, {**origin}


def _phase(row: "WorkflowStatus", records: Sequence[StepRecord], fate: Fate | None) -> Phase:
    if row.status == "SUCCESS":
        if fate == "discard":
            return "discarded"
        return row.output or "completed"
    if row.status in KEPT_AS["parked"]:
        return "parked"
    back = any(
        each.turn in ("cancel", "reject") or (each.turn == "park" and fate == "cancel") for each in records
    )
    waits = records and records[-1].outcome in ("waiting", "reminded")
    return "unwinding" if back else "waiting" if waits else "running"


def _problem(
    row: "WorkflowStatus", records: Sequence[StepRecord], turning: StepRecord | None, phase: Phase
) -> Trouble | None:
    if phase == "parked":
        if records and records[-1].turn == "park":
            return records[-1].problem
        cause = f"the engine gave up running it ({row.status})"
        if isinstance(row.error, Exception) or not row.error:
            return Trouble.of(InternalError(cause))
        return Trouble.model_validate(row.error)
    return turning.problem if turning else None


def _place(
    saga: Saga[Any], document: dict[str, Any], records: Sequence[StepRecord]
) -> tuple[Line[Any] | None, list[Line[Any]]]:
    """Where a process is in its sentence: the line that comes next, and those that it has done."""
    kept: dict[str, list[StepRecord]] = {}
    for record in records:
        if not record.undo:
            kept.setdefault(record.step, []).append(record)
    done: list[Line[Any]] = []
    for line in lines(saga.sentence, lambda: saga.of(document)):
        if line.name not in kept:
            return line, done
        for record in kept[line.name]:
            document.update(thaw(record.adds))
        if kept[line.name][-1].outcome not in ("refused", "skipped"):
            done.append(line)
    return None, done


def _at_work(
    created: datetime,
    records: Sequence[StepRecord],
    struggle: StepStatus | None,
    ahead: Line[Any] | None,
    done: Sequence[Line[Any]],
    phase: Phase,
) -> list[StepStatus]:
    """The line of the step that is being done or undone at this moment, if that can be told."""
    kept = {(record.step, record.undo) for record in records}
    if struggle and (struggle.step, struggle.undo) not in kept:
        return [struggle]
    undo = phase == "unwinding"
    undoing = [
        line
        for line in reversed(done)
        if isinstance(line.part, Step) and line.part.undo and (line.name, True) not in kept
    ]
    line = (undoing[0] if undoing else None) if undo else ahead
    if line is None:
        return []
    started = (records[-1].ended if records else None) or created
    return [StepStatus(step=line.name, undo=undo, outcome="running", started=started)]
