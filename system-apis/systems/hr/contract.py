"""What the HR system API promises."""

from typing import Annotated

from fastapi import Body

from triptych.canonical.base import Model, example
from triptych.canonical.employment import (
    EmploymentChange,
    EmploymentChangeFilter,
    Erasure,
    ErasureFilter,
    Leaving,
    LeavingFilter,
    NewEmploymentChange,
    NewLeaving,
    NewOffer,
    Offer,
    OfferFilter,
)
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
from triptych.contract import Collection, Creatable, Raises, ReadOnly, SystemApi, event, post
from triptych.problems import Conflict, InvalidInput, InvalidState, NotFound, PreconditionFailed


class Departure(Model):
    """When somebody leaves."""

    model_config = example(left_on="2026-09-30")

    left_on: Day
    """The last day."""


class Retention(Model):
    """Whose records are erased: those of an employment that ended on a day."""

    model_config = example(left_on="2026-09-30")

    left_on: Day
    """The last day, as it is on file: somebody who has come back since keeps their records."""


class Hr(SystemApi, version=1, owner="people-operations"):
    """Employees and all that becomes of them, whichever system keeps the files.

    A position is filled by one employee at a time, and open again when that one leaves. One change of
    somebody's work takes effect on a day, and one leaving is planned at a time.
    """

    employees: Collection[Employee, NewEmployee, EmployeeFilter]
    positions: Collection[Position, NewPosition, PositionFilter]
    onboarding_tasks: Annotated[
        Collection[OnboardingTask, NewOnboardingTask, OnboardingTaskFilter],
        Raises(create=[], update=[NotFound, PreconditionFailed]),
    ]

    offers: Annotated[Creatable[Offer, NewOffer, OfferFilter], Raises(create=[Conflict, InvalidInput])]
    employment_changes: Annotated[
        Creatable[EmploymentChange, NewEmploymentChange, EmploymentChangeFilter],
        Raises(create=[Conflict, InvalidInput]),
    ]
    leavings: Annotated[
        Creatable[Leaving, NewLeaving, LeavingFilter], Raises(create=[Conflict, InvalidInput])
    ]
    erasures: ReadOnly[Erasure, ErasureFilter]

    employee_hired = event(Employee, "Somebody was hired.")
    employee_changed = event(Employee, "What is known of an employee has changed.")
    employee_left = event(Employee, "Somebody has left.")
    records_erased = event(Erasure, "What was kept of somebody who has left was erased.")

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

    @post("/offers/{offer_id}/send", raises=[NotFound, InvalidState])
    async def send_offer(self, offer_id: Id) -> Offer:
        """Make an offer binding on us."""
        ...

    @post("/offers/{offer_id}/accept", raises=[NotFound, InvalidState])
    async def accept_offer(self, offer_id: Id) -> Offer:
        """Note that the candidate takes it."""
        ...

    @post("/offers/{offer_id}/decline", raises=[NotFound, InvalidState])
    async def decline_offer(self, offer_id: Id) -> Offer:
        """Note that the candidate does not take it."""
        ...

    @post("/offers/{offer_id}/withdraw", raises=[NotFound, InvalidState])
    async def withdraw_offer(self, offer_id: Id) -> Offer:
        """Call an offer off, and the employment that came of it, as long as nobody has begun to work."""
        ...

    @post("/offers/{offer_id}/hire", raises=[NotFound, Conflict, InvalidState])
    async def hire_candidate(self, offer_id: Id) -> Offer:
        """Employ the candidate who accepted; by the tax id a former employee is found, who comes back."""
        ...

    @post("/employment-changes/{change_id}/apply", raises=[NotFound, Conflict, InvalidState])
    async def apply_change(self, change_id: Id) -> EmploymentChange:
        """Have a change take effect; what is done already stays so."""
        ...

    @post("/employment-changes/{change_id}/withdraw", raises=[NotFound, InvalidState])
    async def withdraw_change(self, change_id: Id) -> EmploymentChange:
        """Call a change off."""
        ...

    @post("/leavings/{leaving_id}/complete", raises=[NotFound, InvalidState])
    async def complete_leaving(self, leaving_id: Id) -> Leaving:
        """Note that somebody has left, on the day that was planned, and open the position again."""
        ...

    @post("/leavings/{leaving_id}/withdraw", raises=[NotFound, InvalidState])
    async def withdraw_leaving(self, leaving_id: Id) -> Leaving:
        """Note that somebody stays."""
        ...

    @post("/employees/{employee_id}/erase", raises=[NotFound, InvalidState])
    async def erase_employee(self, employee_id: Id, retention: Annotated[Retention, Body()]) -> Erasure:
        """Erase all that is kept of somebody who has left, for good; what was erased is answered again."""
        ...
