"""How the HR system API keeps its promise."""

from datetime import UTC, date, datetime

from systems.hr.backends import HrBackend
from systems.hr.contract import Departure, Hr, Retention
from systems.hr.employment import (
    BEGUN,
    EmploymentChanges,
    Leavings,
    Offers,
    dismiss_before_the_first_day,
    employ,
    erase,
)
from triptych.canonical.employment import (
    OFFER_TRANSITIONS,
    PLAN_TRANSITIONS,
    EmploymentChange,
    Erasure,
    Leaving,
    Offer,
    OfferStatus,
    PlanStatus,
)
from triptych.canonical.people import (
    EMPLOYEE_TRANSITIONS,
    ONBOARDING_TASK_TRANSITIONS,
    POSITION_TRANSITIONS,
    Employee,
    EmployeeFilter,
    EmployeeStatus,
    OnboardingTask,
    OnboardingTaskStatus,
    Position,
    PositionStatus,
)
from triptych.events import Announced, Events, announcing
from triptych.problems import Conflict, InvalidState
from triptych.storage import moved


class HrService(Hr):
    """Employees and what becomes of them, over whichever backend is chosen."""

    def __init__(self, backend: HrBackend, events: Events) -> None:
        self._backend = backend = _telling(backend, events)
        self.employees = backend.employees
        self.positions = backend.positions
        self.onboarding_tasks = backend.onboarding_tasks
        self.offers = Offers(backend)
        self.employment_changes = EmploymentChanges(backend)
        self.leavings = Leavings(backend)
        self.erasures = backend.erasures

    async def activate_employee(self, employee_id: str) -> Employee:
        employee = await self.employees.get(employee_id)
        if employee.position_id is not None:
            await self._fill(employee, employee.position_id)
        return await self._employee(employee_id, EmployeeStatus.ACTIVE)

    async def _fill(self, employee: Employee, position_id: str) -> None:
        position = await self.positions.get(position_id)
        if position.status is PositionStatus.CLOSED:
            raise Conflict(f"{position.title} ({position.code}) was given up.")
        if position.status is PositionStatus.FILLED:
            holders = await self.employees.find(EmployeeFilter(position_id=position.id, limit=200))
            if any(holder.id != employee.id and holder.status in BEGUN for holder in holders.items):
                raise Conflict(f"{position.title} ({position.code}) is filled by somebody else.")
        else:
            await self._backend.positions.save(position, status=PositionStatus.FILLED)

    async def start_leave(self, employee_id: str) -> Employee:
        return await self._employee(employee_id, EmployeeStatus.ON_LEAVE)

    async def depart_employee(self, employee_id: str, departure: Departure) -> Employee:
        await self._vacate(await self.employees.get(employee_id))
        return await self._employee(employee_id, EmployeeStatus.LEFT, left_on=departure.left_on)

    async def _vacate(self, employee: Employee) -> None:
        """Open the position again of somebody who holds one."""
        if employee.position_id is not None and employee.status in BEGUN:
            position = await self.positions.get(employee.position_id)
            if position.status is PositionStatus.FILLED:
                await self._backend.positions.save(position, status=PositionStatus.OPEN)

    async def _employee(self, employee_id: str, status: EmployeeStatus, **changes: date) -> Employee:
        return await moved(self._backend.employees, employee_id, EMPLOYEE_TRANSITIONS, status, **changes)

    async def close_position(self, position_id: str) -> Position:
        return await moved(self._backend.positions, position_id, POSITION_TRANSITIONS, PositionStatus.CLOSED)

    async def complete_task(self, task_id: str) -> OnboardingTask:
        return await self._task(task_id, OnboardingTaskStatus.DONE, done_at=datetime.now(UTC))

    async def cancel_task(self, task_id: str) -> OnboardingTask:
        return await self._task(task_id, OnboardingTaskStatus.CANCELLED)

    async def _task(self, task_id: str, status: OnboardingTaskStatus, **changes: datetime) -> OnboardingTask:
        return await moved(
            self._backend.onboarding_tasks, task_id, ONBOARDING_TASK_TRANSITIONS, status, **changes
        )

    # --- offers ---

    async def send_offer(self, offer_id: str) -> Offer:
        return await self._offer(offer_id, OfferStatus.SENT)

    async def accept_offer(self, offer_id: str) -> Offer:
        return await self._offer(offer_id, OfferStatus.ACCEPTED)

    async def decline_offer(self, offer_id: str) -> Offer:
        return await self._offer(offer_id, OfferStatus.DECLINED)

    async def withdraw_offer(self, offer_id: str) -> Offer:
        await dismiss_before_the_first_day(self._backend, await self.offers.get(offer_id))
        return await self._offer(offer_id, OfferStatus.WITHDRAWN)

    async def _offer(self, offer_id: str, status: OfferStatus) -> Offer:
        return await moved(self._backend.offers, offer_id, OFFER_TRANSITIONS, status)

    async def hire_candidate(self, offer_id: str) -> Offer:
        offer = await self.offers.get(offer_id)
        if offer.status is not OfferStatus.ACCEPTED:
            raise InvalidState(f"{offer_id} is {offer.status.value}: only who accepted an offer is hired.")
        return offer if offer.employee_id else await employ(self._backend, offer)

    # --- changes and leavings ---

    async def apply_change(self, change_id: str) -> EmploymentChange:
        change = await self.employment_changes.get(change_id)
        if change.status is not PlanStatus.DONE:
            PLAN_TRANSITIONS.check(change.status, PlanStatus.DONE)
            await self._apply(change)
        return await self._change(change_id, PlanStatus.DONE)

    async def _apply(self, change: EmploymentChange) -> None:
        employee = await self.employees.get(change.employee_id)
        if employee.status is EmployeeStatus.LEFT:
            raise InvalidState(f"{employee.id} has left: nothing of their work changes.")
        if change.position_id not in (None, employee.position_id):
            assert change.position_id is not None
            if employee.status in BEGUN:
                await self._fill(employee, change.position_id)
                await self._vacate(employee)
        work = change.model_dump(
            include={"position_id", "manager_id", "department", "location"}, exclude_none=True
        )
        await self._backend.employees.save(employee, **work)

    async def withdraw_change(self, change_id: str) -> EmploymentChange:
        return await self._change(change_id, PlanStatus.WITHDRAWN)

    async def _change(self, change_id: str, status: PlanStatus) -> EmploymentChange:
        return await moved(self._backend.employment_changes, change_id, PLAN_TRANSITIONS, status)

    async def complete_leaving(self, leaving_id: str) -> Leaving:
        leaving = await self.leavings.get(leaving_id)
        if leaving.status is PlanStatus.PLANNED:
            await self.depart_employee(leaving.employee_id, Departure(left_on=leaving.last_day))
        return await self._leaving(leaving_id, PlanStatus.DONE)

    async def withdraw_leaving(self, leaving_id: str) -> Leaving:
        return await self._leaving(leaving_id, PlanStatus.WITHDRAWN)

    async def _leaving(self, leaving_id: str, status: PlanStatus) -> Leaving:
        return await moved(self._backend.leavings, leaving_id, PLAN_TRANSITIONS, status)

    async def erase_employee(self, employee_id: str, retention: Retention) -> Erasure:
        return await erase(self._backend, employee_id, retention.left_on)


def _telling(backend: HrBackend, events: Events) -> HrBackend:
    """The backend, with everything told that is done to its employees."""
    employees = Announced(
        backend.employees,
        events,
        made=Hr.employee_hired,
        changed=Hr.employee_changed,
        reaching={EmployeeStatus.LEFT: Hr.employee_left},
    )
    erasures = Announced(backend.erasures, events, made=Hr.records_erased)
    return announcing(backend, employees=employees, erasures=erasures)
