"""How the HR system API keeps its promise."""

from datetime import UTC, date, datetime

from systems.hr.backends import HrBackend
from systems.hr.contract import Departure, Hr
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
from triptych.problems import Conflict
from triptych.storage import moved


class HrService(Hr):
    """Employees, positions and onboarding tasks over whichever backend is chosen."""

    def __init__(self, backend: HrBackend, events: Events) -> None:
        self._backend = backend = _telling(backend, events)
        self.employees = backend.employees
        self.positions = backend.positions
        self.onboarding_tasks = backend.onboarding_tasks

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
            busy = (EmployeeStatus.ACTIVE, EmployeeStatus.ON_LEAVE)
            if any(holder.id != employee.id and holder.status in busy for holder in holders.items):
                raise Conflict(f"{position.title} ({position.code}) is filled by somebody else.")
        else:
            await self._backend.positions.save(position, status=PositionStatus.FILLED)

    async def start_leave(self, employee_id: str) -> Employee:
        return await self._employee(employee_id, EmployeeStatus.ON_LEAVE)

    async def depart_employee(self, employee_id: str, departure: Departure) -> Employee:
        employee = await self.employees.get(employee_id)
        held = employee.status in (EmployeeStatus.ACTIVE, EmployeeStatus.ON_LEAVE)
        if employee.position_id is not None and held:
            position = await self.positions.get(employee.position_id)
            if position.status is PositionStatus.FILLED:
                await self._backend.positions.save(position, status=PositionStatus.OPEN)
        return await self._employee(employee_id, EmployeeStatus.LEFT, left_on=departure.left_on)

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


def _telling(backend: HrBackend, events: Events) -> HrBackend:
    """The backend, with everything told that is done to its employees."""
    employees = Announced(
        backend.employees,
        events,
        made=Hr.employee_hired,
        changed=Hr.employee_changed,
        reaching={EmployeeStatus.LEFT: Hr.employee_left},
    )
    return announcing(backend, employees=employees)
