"""The process engine: business processes written as sentences, that survive anything."""

from triptych.engine.engine import ProcessEngine
from triptych.engine.saga import Saga
from triptych.engine.sentence import Part, Patience, Reminders, Repeat, Step, Wait
from triptych.engine.status import RESTING, Phase, ProcessStatus, StepStatus
from triptych.engine.timetable import Schedule

__all__ = [
    "RESTING",
    "Part",
    "Patience",
    "Phase",
    "ProcessEngine",
    "ProcessStatus",
    "Reminders",
    "Repeat",
    "Saga",
    "Schedule",
    "Step",
    "StepStatus",
    "Wait",
]
