"""kill -9 between any two steps of many hires, moves and dismissals: each has its effects once."""

import random
from collections import Counter
from pathlib import Path

import pytest

from systems.directory.contract import Directory
from systems.hr.contract import Hr
from systems.warehouse.contract import Warehouse
from tests.journeys.hiring_program import MARK, SERVICES
from tests.killing import kill_all_but_the_last
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.canonical.directory import AccountFilter, AccountStatus
from triptych.canonical.employment import (
    EmploymentChangeFilter,
    LeavingFilter,
    OfferFilter,
    OfferStatus,
    PlanStatus,
)
from triptych.canonical.equipment import HandoutFilter, HandoutStatus
from triptych.canonical.inventory import InventoryLevelFilter
from triptych.canonical.people import EmployeeFilter, EmployeeStatus
from triptych.contract import every
from triptych.settings import Settings

PROGRAM = Path(__file__).with_name("hiring_program.py")
KILLS = 8
PEOPLE = 9


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What companies have left that were killed one after the other, but for the last one."""
    kill_all_but_the_last(PROGRAM, tmp_path, [[PEOPLE]] * (KILLS + 1), random.Random(5), longest=1.2)
    return tmp_path


async def test_everybody_is_hired_moved_and_dismissed_once_whenever_their_company_is_killed(
    folder: Path,
) -> None:
    async with Platform(Settings(data=folder), installed(SERVICES)) as platform:
        hr, directory = platform.client(Hr), platform.client(Directory)
        warehouse = platform.client(Warehouse)
        offers = [one async for one in every(hr.offers, OfferFilter(limit=200))]
        employees = [one async for one in every(hr.employees, EmployeeFilter(limit=200))]
        changes = [one async for one in every(hr.employment_changes, EmploymentChangeFilter(limit=200))]
        leavings = [one async for one in every(hr.leavings, LeavingFilter(limit=200))]
        accounts = {one.person_id: one async for one in every(directory.accounts, AccountFilter(limit=200))}
        handouts = [one async for one in every(warehouse.handouts, HandoutFilter(limit=200))]
        (level,) = (await warehouse.inventory.find(InventoryLevelFilter(sku=(f"LAPTOP-{MARK}",)))).items

    everybody = {employee.id for employee in employees}
    gone = {employee.id for employee in employees if employee.status is EmployeeStatus.LEFT}
    assert len(employees) == len(accounts) == PEOPLE
    assert [offer.status for offer in offers] == [OfferStatus.ACCEPTED] * PEOPLE
    assert {offer.employee_id for offer in offers} == everybody
    assert Counter(change.employee_id for change in changes) == Counter(everybody)
    assert {change.status for change in changes} == {PlanStatus.DONE}
    assert Counter(leaving.employee_id for leaving in leavings) == Counter(gone)
    assert len(gone) == PEOPLE // 3
    assert Counter(handout.person_id for handout in handouts) == Counter(everybody)
    for handout in handouts:
        back = handout.person_id in gone
        assert handout.status is (HandoutStatus.RETURNED if back else HandoutStatus.HELD)
    assert level.on_hand == 1000 - len(everybody - gone)
    for person_id, account in accounts.items():
        stays = person_id not in gone
        assert account.status is (AccountStatus.ACTIVE if stays else AccountStatus.DISABLED)
        assert account.groups == ((f"ALL-SALES-{MARK}", f"PARIS-{MARK}") if stays else ())
