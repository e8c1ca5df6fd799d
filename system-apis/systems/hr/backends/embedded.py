"""The personnel files of a company that has no system for them, in the service's own database."""

from sqlalchemy import Text

from triptych.canonical.employment import (
    EmploymentChange,
    EmploymentChangeFilter,
    Erasure,
    ErasureFilter,
    Leaving,
    LeavingFilter,
    NewEmploymentChange,
    NewErasure,
    NewLeaving,
    NewOffer,
    Offer,
    OfferFilter,
    PlanStatus,
)
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
from triptych.storage import INDEXED, UNIQUE, Database, EmbeddedStore, Indexed, entity_table

EMPLOYEES = entity_table(
    "employees",
    Employee,
    indexed={
        "external_id": UNIQUE,
        "tax_id": UNIQUE,
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


def _day(change: EmploymentChange) -> str | None:
    """One change of somebody's work takes effect on a day."""
    withdrawn = change.status is PlanStatus.WITHDRAWN
    return None if withdrawn else f"{change.employee_id} {change.takes_effect_on}"


def _end(leaving: Leaving) -> str | None:
    """One leaving is planned for an employee."""
    return leaving.employee_id if leaving.status is PlanStatus.PLANNED else None


OFFERS = entity_table(
    "offers",
    Offer,
    indexed={"external_id": UNIQUE, "position_id": INDEXED, "employee_id": INDEXED, "status": INDEXED},
)
EMPLOYMENT_CHANGES = entity_table(
    "employment_changes",
    EmploymentChange,
    indexed={
        "employee_id": INDEXED,
        "status": INDEXED,
        "day": Indexed(of=_day, unique=True, type=Text()),
    },
)
LEAVINGS = entity_table(
    "leavings",
    Leaving,
    indexed={
        "employee_id": INDEXED,
        "status": INDEXED,
        "ending": Indexed(of=_end, unique=True, type=Text()),
    },
)
ERASURES = entity_table("erasures", Erasure, indexed={"subject_id": UNIQUE})


class EmbeddedHr:
    """Implements HrBackend over one database."""

    def __init__(self, database: Database) -> None:
        self.employees = EmbeddedStore(database, EMPLOYEES, new=NewEmployee, filter=EmployeeFilter)
        self.positions = EmbeddedStore(database, POSITIONS, new=NewPosition, filter=PositionFilter)
        self.onboarding_tasks = EmbeddedStore(
            database, ONBOARDING_TASKS, new=NewOnboardingTask, filter=OnboardingTaskFilter
        )
        self.offers = EmbeddedStore(database, OFFERS, new=NewOffer, filter=OfferFilter)
        self.employment_changes = EmbeddedStore(
            database, EMPLOYMENT_CHANGES, new=NewEmploymentChange, filter=EmploymentChangeFilter
        )
        self.leavings = EmbeddedStore(database, LEAVINGS, new=NewLeaving, filter=LeavingFilter)
        self.erasures = EmbeddedStore(database, ERASURES, new=NewErasure, filter=ErasureFilter)
