"""Somebody leaves, in every topology: access ends, equipment comes back, records go; or they come back."""

from datetime import UTC, date, datetime, timedelta
from secrets import token_hex

import pytest

from processes.hire_to_retire.contract import EquipmentSettled, Fate
from systems.directory.contract import Access
from tests.hiring import TODAY, People
from tests.landscape import Landscape
from triptych.canonical.directory import AccountStatus
from triptych.canonical.employment import ErasureFilter
from triptych.canonical.equipment import HandoutStatus
from triptych.canonical.people import EmployeeStatus
from triptych.problems import Conflict, Forbidden, InvalidState, NotFound


@pytest.fixture
async def people(landscape: Landscape) -> People:
    return await People(landscape, token_hex(4).upper()).open()


async def test_who_leaves_is_let_in_until_the_last_day_and_can_stay_until_then(people: People) -> None:
    employed = await people.hire()
    assert employed.employee_id
    last_day = TODAY() + timedelta(days=30)
    leaving = await people.waits(await people.leave(employed.employee_id, last_day), "approval")
    with pytest.raises(Forbidden):
        await people.approve_leaving(leaving, "ada")
    await people.approve_leaving(leaving)
    planned = await people.waits(leaving, "last-day")
    assert planned.waiting
    assert planned.waiting.until == datetime.combine(last_day + timedelta(days=1), datetime.min.time(), UTC)
    account = await people.account_of(employed.employee_id)
    assert account
    assert account.status is AccountStatus.ACTIVE
    with pytest.raises(Conflict, match="is planned already"):
        await people.leave(employed.employee_id, last_day + timedelta(days=1))
    await people.people.cancel_leaving(leaving.id)
    assert (await people.reaches(leaving, "cancelled")).revoked_at is None
    assert (await people.hr.employees.get(employed.employee_id)).status is EmployeeStatus.ACTIVE


async def test_who_is_dismissed_is_locked_out_before_anybody_decides_and_gives_back_what_is_ours(
    people: People,
) -> None:
    employed = await people.equipped(await people.hire())
    assert employed.employee_id
    leaving = await people.waits(await people.leave(employed.employee_id, TODAY(), at_once=True), "approval")
    locked = await people.account_of(employed.employee_id)
    assert locked
    assert (locked.status, locked.groups) == (AccountStatus.DISABLED, ())

    await people.approve_leaving(leaving)
    left = await people.waits(leaving, "item.1")
    assert (left.status, len(left.open_items)) == ("equipment-out", 2)
    assert left.revoked_at
    with pytest.raises(InvalidState, match="is nothing that"):
        await people.people.settle_equipment(
            leaving.id, EquipmentSettled(handout_id="hnd_nothing", fate=Fate.RETURNED)
        )
    await people.give_back(left, lost=True)
    retained = await people.waits(leaving, "retention")
    assert retained.kept_until == date(TODAY().year + 10, TODAY().month, TODAY().day)
    statuses = [each.status for each in await people.handouts(employed.employee_id)]
    assert statuses == [HandoutStatus.WRITTEN_OFF, HandoutStatus.RETURNED]
    assert (await people.hr.employees.get(employed.employee_id)).left_on == TODAY()
    with pytest.raises(InvalidState):
        await people.people.cancel_leaving(leaving.id)


async def test_a_dismissal_that_is_not_approved_lets_them_in_again_with_all_they_had(people: People) -> None:
    employee, account = await people.colleague()
    before = people.group("ALL-SALES", "BERLIN", "CHOIR")
    await people.directory.grant_access(account.id, Access(groups=before))
    leaving = await people.waits(await people.leave(employee.id, TODAY(), at_once=True), "approval")
    assert (await people.directory.accounts.get(account.id)).groups == ()
    await people.approve_leaving(leaving, approved=False)
    await people.reaches(leaving, "rejected")
    unlocked = await people.directory.accounts.get(account.id)
    assert (unlocked.status, unlocked.groups) == (AccountStatus.ACTIVE, before)


async def test_records_are_kept_for_years_and_then_erased_and_that_is_proven_without_them(
    people: People,
) -> None:
    employee, _ = await people.colleague()
    leaving = await people.leave(employee.id, date(2012, 2, 29))  # entered late
    await people.waits(leaving, "approval")
    await people.approve_leaving(leaving)
    erased = await people.reaches(leaving, "erased")

    assert erased.kept_until == date(2022, 3, 1)
    assert [line.step for line in erased.timeline][-2:] == ["erase", "prove"]
    (proof,) = (await people.hr.erasures.find(ErasureFilter(subject_id=employee.id))).items
    assert proof.id == erased.erasure_id
    assert [(each.kind, each.count) for each in erased.erased] == [("employee", 1), ("leaving", 1)]
    assert {"name", "tax_id"} <= set(erased.erased[0].fields)
    assert "Ole" not in proof.model_dump_json() + erased.model_dump_json()
    assert await people.account_of(employee.id) is None
    with pytest.raises(NotFound):
        await people.hr.employees.get(employee.id)


async def test_a_former_employee_who_comes_back_is_found_and_keeps_their_records(people: People) -> None:
    employee, account = await people.colleague()
    yesterday = TODAY() - timedelta(days=1)
    leaving = await people.leave(employee.id, yesterday)
    await people.waits(leaving, "approval")
    await people.approve_leaving(leaving)
    await people.waits(leaving, "retention")

    back = await people.hire(tax_id=employee.tax_id, reference="back")
    assert (back.status, back.employee_id, back.formerly_until) == ("employed", employee.id, yesterday)
    assert back.account_id == account.id
    again = await people.directory.accounts.get(account.id)
    assert (again.status, again.groups) == (AccountStatus.ACTIVE, people.group("ALL-SALES", "BERLIN"))

    twin = await people.offer(tax_id=employee.tax_id, reference="twin")
    await people.waits(twin, "approval")
    await people.approve(twin)
    await people.accept(twin)
    ended = await people.offer_ends(twin)
    assert ended.status == "rejected"  # nobody is employed twice
    assert ended.problem
    assert "has this tax id" in ended.problem.detail
