"""People whose days, names and wishes are odd; and what is kept of them in the end."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import ValidationError

from processes.hire_to_retire.contract import ChangeWork, EndWork, EquipmentSettled, Fate, OfferWork
from processes.hire_to_retire.days import Terms
from processes.hire_to_retire.service import HireToRetireService
from tests.hiring import TODAY, People
from tests.purchasing import PATIENCE
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.canonical.employment import LeavingReason
from triptych.canonical.people import NewEmployee, OnboardingTaskFilter
from triptych.problems import InvalidInput
from triptych.settings import Settings

SOON = timedelta(milliseconds=200)


class Hasty(HireToRetireService):
    """A company that reminds at once."""

    terms: ClassVar[Terms] = Terms(supply=SOON, giving_back=SOON, reminders=3)


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncGenerator[Platform]:
    services = {**installed({"hr", "directory", "warehouse"}), "hire-to-retire": Hasty}
    async with Platform(Settings(data=tmp_path), services) as platform:
        yield platform


@pytest.fixture
async def people(platform: Platform) -> People:
    return await People(platform, "ODD").open(laptops=0)


async def test_it_is_reminded_of_what_is_out_of_stock_until_it_comes(people: People) -> None:
    employed = await people.hire()
    assert employed.employee_id
    for _ in range(int(PATIENCE / 0.05)):
        shown = (await people.people.offer(employed.id)).equipment
        if shown and shown.reminders >= 2:
            break
        await asyncio.sleep(0.05)
    theirs = OnboardingTaskFilter(employee_id=employed.employee_id)
    tasks = (await people.hr.onboarding_tasks.find(theirs)).items
    assert {task.title for task in tasks} == {f"Out of stock: {people.laptop}"}
    await people.comes_into_stock(people.laptop, 3)
    equipped = await people.equipped(employed)
    assert equipped.equipment
    assert len(equipped.equipment.handed_out) == 2
    assert await people.in_stock(people.laptop) == 2  # one piece, whatever the reminders


async def test_equipment_that_nobody_gives_back_is_asked_for_and_left_to_a_person(people: People) -> None:
    await people.comes_into_stock(people.laptop, 1)
    employed = await people.equipped(await people.hire())
    assert employed.employee_id
    leaving = await people.leave(employed.employee_id, TODAY(), at_once=True)
    await people.waits(leaving, "approval")
    await people.approve_leaving(leaving)
    found = leaving
    for _ in range(int(PATIENCE / 0.05)):
        found = await people.people.leaving(leaving.id)
        if found.problem:
            break
        await asyncio.sleep(0.05)
    assert (found.reminders, len(found.open_items)) == (3, 2)
    assert found.problem
    assert "item.1" in found.problem.detail
    assert {each.status.value for each in await people.handouts(employed.employee_id)} == {"held"}


async def test_nothing_that_is_kept_of_a_process_tells_whose_it_was(
    people: People, platform: Platform
) -> None:
    new = NewEmployee(
        name="Xanthippe Quux", email="xq@quux.example", tax_id="XQ-4711", hired_on=date(2010, 3, 1)
    )
    employee = await people.hr.employees.create(new)
    offer = await people.offer(name="Xanthippe Quux", tax_id="XQ-4712", starts_on=TODAY())
    await people.waits(offer, "approval")
    await people.approve(offer)
    await people.accept(offer)
    await people.offer_ends(offer)
    leaving = await people.leave(employee.id, date(2012, 6, 30))
    await people.waits(leaving, "approval")
    await people.approve_leaving(leaving)
    await people.reaches(leaving, "erased")

    assert platform.engine
    for process in (f"hire-to-retire.hire:{offer.id}", f"hire-to-retire.leave:{leaving.id}"):
        history = (await platform.engine.history(process)).model_dump_json()
        assert "approval" in history
        assert not [word for word in ("anthippe", "quux", "XQ-47", "davolio") if word in history]


async def test_two_people_of_one_name_sign_in_differently(people: People) -> None:
    first, second = (
        await people.hire(TODAY() + timedelta(days=9)),
        await people.hire(TODAY() + timedelta(days=9), reference="2"),
    )
    assert first.employee_id
    assert second.employee_id
    accounts = [await people.account_of(each) for each in (first.employee_id, second.employee_id)]
    assert [account and account.login for account in accounts] == ["nancy.davolio", "nancy.davolio2"]


async def test_who_leaves_before_a_change_takes_effect_is_not_changed_any_more(people: People) -> None:
    employee, _ = await people.colleague()
    change = await people.change(employee.id, location=people.paris)
    await people.waits(change, "approval")
    leaving = await people.leave(employee.id, TODAY(), at_once=True)
    await people.waits(leaving, "approval")
    await people.approve_leaving(leaving)
    await people.waits(leaving, "retention")
    await people.approve_change(change)
    ended = await people.reaches(change, "rejected", "closed")
    assert ended.status == "rejected"
    assert ended.problem
    assert "has left" in ended.problem.detail


async def test_a_name_of_ten_kilobytes_a_number_or_two_lines_is_nobodys(people: People) -> None:
    given = {
        "position_id": people.seller,
        "starts_on": TODAY(),
        "answer_by": datetime.now(UTC) + timedelta(hours=1),
    }
    for name in ("n" * 10_000, "Nancy\nDavolio", "", "  ", "\x00", 7, None):
        with pytest.raises(ValidationError):
            OfferWork.model_validate({**given, "name": name})
    for day in ("2026-02-30", "tomorrow", 20_260_701, "10000-01-01"):
        with pytest.raises(ValidationError):
            OfferWork.model_validate({**given, "name": "Nancy", "starts_on": day})


async def test_wishes_that_contradict_themselves_are_refused(people: People) -> None:
    with pytest.raises(ValidationError, match="a change names"):
        ChangeWork(employee_id="emp_1", takes_effect_on=TODAY())
    with pytest.raises(ValidationError, match="only who is dismissed"):
        EndWork(employee_id="emp_1", last_day=TODAY(), reason=LeavingReason.RETIREMENT, at_once=True)
    with pytest.raises(ValidationError, match="needs a reason"):
        EquipmentSettled(handout_id="hnd_1", fate=Fate.WRITTEN_OFF)
    employee, _ = await people.colleague()
    with pytest.raises(InvalidInput, match="nobody reports to themselves"):
        await people.change(employee.id, manager_id=employee.id)
