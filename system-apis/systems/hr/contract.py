"""What the HR system API promises."""

from typing import Annotated

from fastapi import Body

from triptych.canonical.base import Model, example
from triptych.canonical.fields import Id
from triptych.canonical.moments import Day
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
from triptych.contract import Collection, Raises, SystemApi, event, post
from triptych.problems import Conflict, InvalidState, NotFound, PreconditionFailed


class Departure(Model):
    """When somebody leaves."""

    model_config = example(left_on="2026-09-30")

    left_on: Day
    """The last day."""


class Hr(SystemApi, version=1, owner="people-operations"):
    """Employees, positions and onboarding tasks, whichever system keeps the files.

    A position is filled by one employee at a time, and open again when that one leaves.
    """

    employees: Collection[Employee, NewEmployee, EmployeeFilter]
    positions: Collection[Position, NewPosition, PositionFilter]
    onboarding_tasks: Annotated[
        Collection[OnboardingTask, NewOnboardingTask, OnboardingTaskFilter],
        Raises(create=[], update=[NotFound, PreconditionFailed]),
    ]

    employee_hired = event(Employee, "Somebody was hired.")
    employee_changed = event(Employee, "What is known of an employee has changed.")
    employee_left = event(Employee, "Somebody has left.")

    @post("/employees/{employee_id}/activate", raises=[NotFound, Conflict, InvalidState])
    async def activate_employee(self, employee_id: Id) -> Employee:
        """Begin the work: onboarding is over, or the leave is. Fills the employee's position."""
        ...

    @post("/employees/{employee_id}/leave", raises=[NotFound, InvalidState])
    async def start_leave(self, employee_id: Id) -> Employee:
        """Note that somebody is away for a while."""
        ...

    @post("/employees/{employee_id}/depart", raises=[NotFound])
    async def depart_employee(self, employee_id: Id, departure: Annotated[Departure, Body()]) -> Employee:
        """Note that somebody leaves, and open the position again."""
        ...

    @post("/positions/{position_id}/close", raises=[NotFound])
    async def close_position(self, position_id: Id) -> Position:
        """Give a position up."""
        ...

    @post("/onboarding-tasks/{task_id}/complete", raises=[NotFound, InvalidState])
    async def complete_task(self, task_id: Id) -> OnboardingTask:
        """Say that a task is done."""
        ...

    @post("/onboarding-tasks/{task_id}/cancel", raises=[NotFound, InvalidState])
    async def cancel_task(self, task_id: Id) -> OnboardingTask:
        """Say that a task is not needed."""
        ...
