"""The process engine: business processes written as sentences, that survive anything."""

from triptych.engine.decided import Decided
from triptych.engine.engine import ProcessEngine
from triptych.engine.former import Former
from triptych.engine.instances import Carried
from triptych.engine.saga import Saga
from triptych.engine.sentence import Part, Patience, Reminders, Repeat, Step, Wait
from triptych.engine.shown import Told, told
from triptych.engine.status import RESTING, Phase, ProcessStatus, StepStatus
from triptych.engine.timetable import Schedule

__all__ = [
    "RESTING",
    "Carried",
    "Decided",
    "Former",
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
    "Told",
    "Wait",
    "told",
]
