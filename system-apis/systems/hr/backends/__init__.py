"""What the HR system API stands on: a store for each noun."""

from typing import Protocol

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
from triptych.storage import Store


class HrBackend(Protocol):
    """Where employees, positions and onboarding tasks are kept."""

    employees: Store[Employee, NewEmployee, EmployeeFilter]
    positions: Store[Position, NewPosition, PositionFilter]
    onboarding_tasks: Store[OnboardingTask, NewOnboardingTask, OnboardingTaskFilter]
