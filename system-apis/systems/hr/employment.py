"""The rules of what becomes of somebody's work: who can be offered what, and what is kept of whom."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from systems.hr.backends import HrBackend
from triptych.canonical.base import Entity, personal_fields
from triptych.canonical.employment import (
    EmploymentChange,
    EmploymentChangeFilter,
    ErasedRecords,
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
    EmployeeStatus,
    NewEmployee,
    OnboardingTaskFilter,
    PositionStatus,
)
from triptych.contract import every
from triptych.problems import Conflict, InvalidInput, InvalidState, NotFound
from triptych.storage import Ruled, Store

BEGUN = (EmployeeStatus.ACTIVE, EmployeeStatus.ON_LEAVE)


class Named:
    """Looks up whom and what is named in an offer or a plan."""

    def __init__(self, backend: HrBackend) -> None:
        self._backend = backend

    async def check_position(self, position_id: str | None) -> None:
        """Raise InvalidInput for a position that there is not, or that was given up."""
        if position_id is None:
            return
        try:
            position = await self._backend.positions.get(position_id)
        except NotFound as problem:
            raise InvalidInput.at("/position_id", "there is no such position") from problem
        if position.status is PositionStatus.CLOSED:
            raise InvalidInput.at("/position_id", f"{position.title} ({position.code}) was given up")

    async def check_manager(self, manager_id: str | None, employee_id: str | None = None) -> None:
        """Raise InvalidInput for a manager who is not here, or who is the employee."""
        if manager_id is None:
            return
        try:
            manager = await self._backend.employees.get(manager_id)
        except NotFound as problem:
            raise InvalidInput.at("/manager_id", "there is no such employee") from problem
        if manager.id == employee_id:
            raise InvalidInput.at("/manager_id", "nobody reports to themselves")
        if manager.status is EmployeeStatus.LEFT:
            raise InvalidInput.at("/manager_id", "the manager has left")

    async def employee_for(self, employee_id: str, day: date, pointer: str) -> Employee:
        """The employee, locked. Raises InvalidInput for one who has left, or had not begun by then."""
        try:
            employee = await self._backend.employees.get(employee_id)
        except NotFound as problem:
            raise InvalidInput.at("/employee_id", "there is no such employee") from problem
        if employee.status is EmployeeStatus.LEFT:
            raise InvalidInput.at("/employee_id", f"the employee has left, on {employee.left_on}")
        if employee.hired_on and day < employee.hired_on:
            raise InvalidInput.at(pointer, f"the first day of work is {employee.hired_on}, after that")
        return employee


class Offers(Ruled[Offer, NewOffer, OfferFilter]):
    """Offers, for positions that there are."""

    def __init__(self, backend: HrBackend) -> None:
        super().__init__(backend.offers)
        self._named = Named(backend)

    async def create(self, new: NewOffer) -> Offer:
        """Draw one up; raises InvalidInput when there is no such position or manager."""
        await self._named.check_position(new.position_id)
        await self._named.check_manager(new.manager_id)
        return await self.store.add(new)


class EmploymentChanges(Ruled[EmploymentChange, NewEmploymentChange, EmploymentChangeFilter]):
    """Changes of somebody's work, one on a day."""

    def __init__(self, backend: HrBackend) -> None:
        super().__init__(backend.employment_changes)
        self._named = Named(backend)

    async def create(self, new: NewEmploymentChange) -> EmploymentChange:
        """Plan one; raises Conflict when there is one on that day."""
        await self._named.employee_for(new.employee_id, new.takes_effect_on, "/takes_effect_on")
        await self._named.check_position(new.position_id)
        await self._named.check_manager(new.manager_id, new.employee_id)
        theirs = EmploymentChangeFilter(employee_id=new.employee_id, limit=200)
        async for other in every(self.store, theirs):
            if other.takes_effect_on == new.takes_effect_on and other.status is not PlanStatus.WITHDRAWN:
                raise Conflict(f"{other.id} takes effect on {other.takes_effect_on} too: make them one.")
        return await self.store.add(new)


class Leavings(Ruled[Leaving, NewLeaving, LeavingFilter]):
    """Leavings, one at a time for each employee."""

    def __init__(self, backend: HrBackend) -> None:
        super().__init__(backend.leavings)
        self._named = Named(backend)

    async def create(self, new: NewLeaving) -> Leaving:
        """Plan one; raises Conflict when there is one already."""
        await self._named.employee_for(new.employee_id, new.last_day, "/last_day")
        planned = LeavingFilter(employee_id=new.employee_id, status=PlanStatus.PLANNED, limit=1)
        for other in (await self.store.find(planned)).items:
            raise Conflict(f"{other.id} is planned already, on {other.last_day}.")
        return await self.store.add(new)


async def employ(backend: HrBackend, offer: Offer) -> Offer:
    """The offer with the employee that came of it: a new one, or one who comes back.

    Raises Conflict for somebody who is employed here.
    """
    work: dict[str, Any] = {
        "name": offer.name,
        "position_id": offer.position_id,
        "manager_id": offer.manager_id,
        "department": offer.department,
        "location": offer.location,
        "hired_on": offer.starts_on,
    }
    former = await _former(backend, offer.tax_id)
    if former is None:
        new = NewEmployee(**work, phone=offer.phone, tax_id=offer.tax_id)
        employee = await backend.employees.create(new)
        return await backend.offers.save(offer, employee_id=employee.id)
    if former.status is not EmployeeStatus.LEFT:
        raise Conflict(f"{former.id} has this tax id, and is {former.status.value} here.")
    if former.left_on and offer.starts_on <= former.left_on:
        raise Conflict(f"{former.id} has this tax id, and was here until {former.left_on}.")
    before = {"formerly_from": former.hired_on, "formerly_until": former.left_on}
    await backend.employees.save(former, **work, status=EmployeeStatus.ONBOARDING, left_on=None)
    return await backend.offers.save(offer, employee_id=former.id, **before)


async def _former(backend: HrBackend, tax_id: str | None) -> Employee | None:
    """Whoever has this tax id, locked."""
    if tax_id is None:
        return None
    for found in (await backend.employees.find(EmployeeFilter(tax_id=tax_id, limit=1))).items:
        return await backend.employees.get(found.id)
    return None


async def dismiss_before_the_first_day(backend: HrBackend, offer: Offer) -> None:
    """Undo what came of an offer: nobody was employed, or somebody is the former employee again."""
    if offer.employee_id is None:
        return
    try:
        employee = await backend.employees.get(offer.employee_id)
    except NotFound:
        return  # undone already
    if employee.status in BEGUN:
        raise InvalidState(f"{employee.id} has begun to work: that is ended by a leaving.")
    if employee.status is not EmployeeStatus.ONBOARDING:
        return
    if offer.formerly_until is None:
        async for task in every(backend.onboarding_tasks, OnboardingTaskFilter(employee_id=employee.id)):
            await backend.onboarding_tasks.delete(task.id)
        await backend.employees.delete(employee.id)
    else:
        before = {"hired_on": offer.formerly_from, "left_on": offer.formerly_until}
        await backend.employees.save(employee, status=EmployeeStatus.LEFT, **before)


async def erase(backend: HrBackend, employee_id: str, left_on: date) -> Erasure:
    """Erase what is kept of somebody who has left then; raises NotFound, InvalidState for anybody else."""
    for done in (await backend.erasures.find(ErasureFilter(subject_id=employee_id, limit=1))).items:
        return done
    employee = await backend.employees.get(employee_id)
    if employee.status is not EmployeeStatus.LEFT or employee.left_on != left_on:
        stands = f"is {employee.status.value}" + (f" since {employee.left_on}" if employee.left_on else "")
        raise InvalidState(f"{employee_id} {stands}, and did not leave for good on {left_on}.")
    records = [await _erased("employee", backend.employees, [employee])]
    mine = {"employee_id": employee_id, "limit": 200}
    for kind, store, theirs in (
        ("onboarding-task", backend.onboarding_tasks, OnboardingTaskFilter.model_validate(mine)),
        ("offer", backend.offers, OfferFilter.model_validate(mine)),
        ("change", backend.employment_changes, EmploymentChangeFilter.model_validate(mine)),
        ("leaving", backend.leavings, LeavingFilter.model_validate(mine)),
    ):
        stored: Store[Any, Any, Any] = store
        records.append(await _erased(kind, stored, [each async for each in every(stored, theirs)]))
    said = tuple(each for each in records if each.count)
    return await backend.erasures.create(NewErasure(subject_id=employee_id, ended_on=left_on, records=said))


async def _erased(kind: str, store: Store[Any, Any, Any], found: Sequence[Entity]) -> ErasedRecords:
    """Delete what was found, and say what it was: the names of the fields that were filled, and no more."""
    fields = set[str]()
    for each in found:
        filled = {name for name in personal_fields(type(each)) if getattr(each, name)}
        await store.delete(each.id)
        fields |= filled
    return ErasedRecords(kind=kind, count=len(found), fields=tuple(sorted(fields)))
