"""What people enter into HR through hire-to-retire: once, however often they enter it.

HR's answer may be lost, and not every HR system knows a key again. So what was entered is looked for before
it is entered again.
"""

from datetime import UTC, datetime

from processes.hire_to_retire.asked import ChangeWork, EndWork, OfferWork
from processes.hire_to_retire.days import Calendar
from systems.hr.contract import Hr
from triptych.canonical.employment import (
    EmploymentChange,
    EmploymentChangeFilter,
    Leaving,
    LeavingFilter,
    NewEmploymentChange,
    NewLeaving,
    NewOffer,
    Offer,
    OfferFilter,
    PlanStatus,
)
from triptych.contract import every
from triptych.problems import Conflict, InvalidInput


async def enter_offer(hr: Hr, calendar: Calendar, new: OfferWork, requested_by: str) -> Offer:
    """The draft that an offer begins as.

    Raises Conflict when its number stands for something else; InvalidInput for days that cannot be.
    """
    given = new.model_dump(exclude={"reference"}, exclude_none=True)
    wanted = NewOffer(**given, external_id=new.reference, requested_by=requested_by)
    if new.reference is not None:
        for found in (await hr.offers.find(OfferFilter(external_id=new.reference))).items:
            if not _says(found, wanted):
                raise Conflict(f"{new.reference} is another offer: {found.id}.")
            return found
    calendar.check_coming(new.starts_on, "/starts_on")
    if new.answer_by <= datetime.now(UTC):
        raise InvalidInput.at("/answer_by", f"{new.answer_by:%Y-%m-%d %H:%M} UTC is over")
    if new.answer_by > calendar.ends(new.starts_on):
        raise InvalidInput.at("/answer_by", f"the first day, {new.starts_on}, would be over then")
    return await hr.offers.create(wanted)


async def enter_change(hr: Hr, calendar: Calendar, new: ChangeWork, requested_by: str) -> EmploymentChange:
    """The plan that a change begins as. Raises Conflict for a second one on that day; InvalidInput."""
    wanted = NewEmploymentChange(**new.model_dump(exclude_none=True), requested_by=requested_by)
    planned = EmploymentChangeFilter(employee_id=new.employee_id, status=PlanStatus.PLANNED, limit=200)
    async for found in every(hr.employment_changes, planned):
        if _says(found, wanted):
            return found
    calendar.check_coming(new.takes_effect_on, "/takes_effect_on")
    return await hr.employment_changes.create(wanted)


async def enter_leaving(hr: Hr, calendar: Calendar, new: EndWork, requested_by: str) -> Leaving:
    """The plan that a leaving begins as. Raises Conflict when another one is planned; InvalidInput."""
    given = new.model_dump(exclude={"at_once"})
    wanted = NewLeaving(**given, requested_by=requested_by)
    planned = LeavingFilter(employee_id=new.employee_id, status=PlanStatus.PLANNED, limit=1)
    for found in (await hr.leavings.find(planned)).items:
        if _says(found, wanted):
            return found
    calendar.check_near(new.last_day, "/last_day")
    if new.at_once and new.last_day > calendar.today():
        raise InvalidInput.at(
            "/last_day", "who is locked out at once has had their last day, or has it today"
        )
    return await hr.leavings.create(wanted)


def _says(
    found: Offer | EmploymentChange | Leaving, wanted: NewOffer | NewEmploymentChange | NewLeaving
) -> bool:
    """Whether what is kept is what is asked for."""
    asked = wanted.model_dump(exclude={"extensions"})
    return found.model_dump(include=set(asked)) == asked
