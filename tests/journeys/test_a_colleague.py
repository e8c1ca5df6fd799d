"""A colleague's way from the offer to other work, in every topology; and what may go wrong."""

from datetime import UTC, date, datetime, timedelta
from secrets import token_hex

import pytest

from processes.hire_to_retire.contract import HireToRetire, OfferWork, Work
from tests.hiring import TODAY, People
from tests.landscape import Landscape
from tests.purchasing import as_person
from triptych.canonical.directory import AccountStatus
from triptych.canonical.employment import OfferStatus
from triptych.canonical.equipment import HandoutStatus
from triptych.canonical.people import EmployeeStatus
from triptych.contract import operations
from triptych.problems import Conflict, Forbidden, InvalidInput, NotFound

NEXT_YEAR = timedelta(days=365)


@pytest.fixture
async def people(landscape: Landscape) -> People:
    return await People(landscape, token_hex(4).upper()).open()


async def test_a_candidate_becomes_a_colleague_with_an_account_access_and_equipment_each_once(
    people: People,
) -> None:
    offer = await people.waits(await people.offer(), "approval")
    assert (offer.status, offer.requested_by) == ("in-approval", "ada")
    with pytest.raises(Forbidden, match="ada asked for it"):
        await people.approve(offer, "ada")
    await people.approve(offer)
    await people.accept(offer)
    employed = await people.equipped(await people.offer_ends(offer))

    assert (employed.status, employed.approved_by, employed.formerly_until) == ("employed", "grace", None)
    assert employed.employee_id
    employee = await people.hr.employees.get(employed.employee_id)
    assert (employee.name, employee.status) == ("Nancy Davolio", EmployeeStatus.ACTIVE)
    account = await people.account_of(employee.id)
    assert account
    assert (account.status, account.login[:13]) == (AccountStatus.ACTIVE, "nancy.davolio")
    assert account.groups == people.group("ALL-SALES", "BERLIN")
    assert [each.sku for each in await people.handouts(employee.id)] == [people.laptop, people.phone]
    assert await people.in_stock(people.laptop) == 4


async def test_an_offer_that_is_declined_or_not_approved_leaves_nothing_behind(people: People) -> None:
    declined, refused = await people.offer(reference="1"), await people.offer(reference="2")
    await people.waits(declined, "approval")
    await people.approve(declined)
    await people.accept(declined, accepted=False)
    await people.waits(refused, "approval")
    await people.approve(refused, approved=False)
    for offer, status in ((declined, OfferStatus.DECLINED), (refused, OfferStatus.WITHDRAWN)):
        ended = await people.offer_ends(offer)
        assert (ended.status, ended.employee_id) == ("rejected", None)
        assert (await people.hr.offers.get(offer.id)).status is status


async def test_who_is_hired_for_a_day_to_come_waits_for_it_and_can_be_called_off(
    people: People,
) -> None:
    hired = await people.equipped(await people.hire(TODAY() + NEXT_YEAR))
    assert hired.waiting
    assert hired.waiting.until == datetime.combine(hired.starts_on, datetime.min.time(), UTC)
    assert hired.employee_id
    account = await people.account_of(hired.employee_id)
    assert account
    assert account.status is AccountStatus.PREPARED  # nobody signs in with it yet
    assert hired.id in {each.id for each in await people.people.waiting(Work.START, limit=200)}

    await people.people.cancel_offer(hired.id)
    ended = await people.offer_ends(hired)
    assert ended.status == "cancelled"
    assert await people.account_of(hired.employee_id) is None
    assert {each.status for each in await people.handouts(hired.employee_id)} == {HandoutStatus.RETURNED}
    assert await people.in_stock(people.laptop) == 5
    with pytest.raises(NotFound):
        await people.hr.employees.get(hired.employee_id)


async def test_equipment_that_is_out_of_stock_holds_nobody_up_and_comes_when_it_comes(
    landscape: Landscape,
) -> None:
    people = await People(landscape, token_hex(4).upper()).open(laptops=0)
    employed = await people.hire()
    assert employed.status == "employed"
    assert employed.employee_id
    shown = await people.awaits_equipment(employed)
    assert shown.missing == (people.laptop,)
    await people.comes_into_stock(people.laptop, 1)
    equipped = await people.equipped(employed)
    assert equipped.equipment
    assert len(equipped.equipment.handed_out) == 2
    assert await people.in_stock(people.laptop) == 0


async def test_a_change_gives_the_new_access_before_it_takes_the_old_one(people: People) -> None:
    employed = await people.hire()
    assert employed.employee_id
    account = await people.account_of(employed.employee_id)
    assert account
    change = await people.change(employed.employee_id, position_id=people.packer, location=people.paris)
    await people.waits(change, "approval")
    with pytest.raises(Forbidden):
        await people.approve_change(change, "ada")
    await people.approve_change(change)
    closed = await people.reaches(change, "closed", "rejected")

    assert closed.status == "closed"
    assert (closed.granted, closed.revoked) == (
        people.group("ALL-LAGER", "PARIS"),
        people.group("ALL-SALES", "BERLIN"),
    )
    steps = [line.step for line in closed.timeline]
    assert steps.index("grant") < steps.index("apply") < steps.index("revoke")
    employee = await people.hr.employees.get(employed.employee_id)
    assert (employee.position_id, employee.location) == (people.packer, people.paris)
    assert (await people.directory.accounts.get(account.id)).groups == people.group("ALL-LAGER", "PARIS")
    again = await people.hr.positions.get(people.seller)
    assert again.status == "open"


async def test_two_changes_on_one_day_are_one_and_a_planned_one_can_be_called_off(people: People) -> None:
    employed = await people.hire()
    assert employed.employee_id
    day = TODAY() + timedelta(days=30)
    change = await people.change(employed.employee_id, day, location=people.paris)
    assert (await people.change(employed.employee_id, day, location=people.paris)).id == change.id
    with pytest.raises(Conflict, match="make them one"):
        await people.change(employed.employee_id, day, department=people.lager)
    await people.waits(change, "approval")
    await people.approve_change(change)
    await people.waits(change, "day")
    await people.people.cancel_change(change.id)
    assert (await people.reaches(change, "cancelled")).granted == ()
    await people.change(employed.employee_id, day, department=people.lager)


async def test_what_cannot_be_is_refused_at_the_door(people: People) -> None:
    employee, _ = await people.colleague()
    yesterday, far = TODAY() - timedelta(days=1), date(9999, 12, 31)
    for day in (yesterday, far):
        with pytest.raises(InvalidInput):
            await people.offer(starts_on=day)
        with pytest.raises(InvalidInput):
            await people.change(employee.id, day, location=people.paris)
    for day in (date(2010, 2, 28), far):  # before the first one, and never
        with pytest.raises(InvalidInput):
            await people.leave(employee.id, day)
    with pytest.raises(InvalidInput):
        await people.leave(employee.id, TODAY() + timedelta(days=1), at_once=True)
    with pytest.raises(InvalidInput):
        await people.leave("emp_nobody", TODAY())
    with as_person("ada"), pytest.raises(InvalidInput, match="is over"):
        await people.people.offer_work(
            OfferWork(
                name="Late",
                position_id=people.seller,
                starts_on=TODAY(),
                answer_by=datetime(2020, 1, 1, tzinfo=UTC),
            )
        )


async def test_the_same_number_is_the_same_offer_and_another_one_under_it_is_refused(people: People) -> None:
    first = await people.offer(starts_on=TODAY() + NEXT_YEAR)
    kept = await people.hr.offers.get(first.id)
    with as_person("ada"):
        asked = kept.model_dump(include=set(OfferWork.model_fields))
        same = OfferWork.model_validate({**asked, "reference": kept.external_id})
        assert (await people.people.offer_work(same)).id == first.id
    with pytest.raises(Conflict, match="is another offer"):
        await people.offer(name="Somebody else")


ROLES = {
    "decide_offer": "hire-to-retire:approve",
    "decide_change": "hire-to-retire:approve",
    "decide_leaving": "hire-to-retire:approve",
    "settle_equipment": "hire-to-retire:equip",
}


@pytest.mark.parametrize("name", ROLES)
async def test_who_may_ask_may_not_do_the_others_work(landscape: Landscape, name: str) -> None:
    (operation,) = [found for found in operations(HireToRetire) if found.name == name]
    named = {"offer_id": "off_1", "change_id": "ech_1", "leaving_id": "lea_1"}
    path = operation.api.base_path() + operation.path.format_map(named)
    others = {"hire-to-retire:read", "hire-to-retire:write", *ROLES.values()} - {ROLES[name]}
    token = await landscape.token(*sorted(others))
    answer = await landscape.http.post(path, json={}, headers={**token, "idempotency-key": token_hex(8)})
    assert answer.status_code == 403, answer.text
    assert ROLES[name] in answer.json()["detail"]
