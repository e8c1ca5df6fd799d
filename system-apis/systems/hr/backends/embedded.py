"""The personnel files of a company that has no system for them, in the service's own database."""

from triptych.canonical.people import (
    Employee,
    EmployeeFilter,
    NewEmployee,
    NewOnboardingTask,
    NewPosition,
    OnboardingTask,
    OnboardingTaskFilter,
    Position,
    PositionFilter,
)
from triptych.storage import INDEXED, UNIQUE, Database, EmbeddedStore, entity_table

EMPLOYEES = entity_table(
    "employees",
    Employee,
    indexed={
        "external_id": UNIQUE,
        "email": INDEXED,
        "position_id": INDEXED,
        "manager_id": INDEXED,
        "status": INDEXED,
    },
    search=["name", "email", "external_id"],
)
POSITIONS = entity_table(
    "positions", Position, indexed={"code": UNIQUE, "department": INDEXED, "status": INDEXED}
)
ONBOARDING_TASKS = entity_table(
    "onboarding_tasks",
    OnboardingTask,
    indexed={"employee_id": INDEXED, "department": INDEXED, "status": INDEXED, "due_on": INDEXED},
)


class EmbeddedHr:
    """Implements HrBackend over one database."""

    def __init__(self, database: Database) -> None:
        self.employees = EmbeddedStore(database, EMPLOYEES, new=NewEmployee, filter=EmployeeFilter)
        self.positions = EmbeddedStore(database, POSITIONS, new=NewPosition, filter=PositionFilter)
        self.onboarding_tasks = EmbeddedStore(
            database, ONBOARDING_TASKS, new=NewOnboardingTask, filter=OnboardingTaskFilter
        )
