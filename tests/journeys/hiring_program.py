"""Companies that hire, move and dismiss, and may be killed at any time; the next one goes on with everybody.

Run as a program it forks one for each line `[folder, count]`. One whose people are all where they should be
leaves a file `ended`.
"""

import asyncio
from contextlib import suppress
from pathlib import Path

from processes.hire_to_retire.contract import Answer
from tests.hiring import TODAY, People
from tests.killing import fork_for_each_line
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.canonical.employment import EmploymentChangeFilter, LeavingFilter, PlanStatus
from triptych.canonical.people import NewPosition
from triptych.context import idempotency_key
from triptych.problems import InvalidState
from triptych.settings import Settings

SERVICES = {"hr", "directory", "warehouse", "hire-to-retire"}
MARK = "KILL"


async def company(folder: Path, count: int) -> None:
    """See so many people through, all at once; every third of them is dismissed again."""
    async with Platform(Settings(data=folder, step_delay=0.05), installed(SERVICES)) as platform:
        people = await People(platform, MARK).open(laptops=1000)
        (folder / "ready").touch()
        await asyncio.gather(*(see_through(people, number) for number in range(count)))
    (folder / "ended").touch()


async def see_through(people: People, number: int) -> None:
    """One of them, doing whatever they wait for, as often as need be."""
    position = NewPosition(code=f"{MARK}-{number}", title="Seller", department=people.sales)
    with idempotency_key(f"position-{number}"):
        held = await people.hr.positions.create(position.model_copy(update={"equipment": (people.laptop,)}))
    offer = await people.offer(reference=str(number), position_id=held.id)
    while (found := await people.people.offer(offer.id)).status != "employed":
        what = found.waiting.what if found.waiting else ""
        with suppress(InvalidState):  # it was decided since it was looked at
            if what == "approval":
                await people.approve(found)
            elif what == "answer":
                await people.people.answer_offer(found.id, Answer(accepted=True))
        await asyncio.sleep(0.02)
    await people.equipped(found)
    assert found.employee_id
    await move(people, found.employee_id)
    if number % 3 == 0:
        await dismiss(people, found.employee_id)


async def move(people: People, employee_id: str) -> None:
    """They move to Paris, today."""
    done = EmploymentChangeFilter(employee_id=employee_id, status=PlanStatus.DONE)
    kept = (await people.hr.employment_changes.find(done)).items
    change_id = kept[0].id if kept else (await people.change(employee_id, location=people.paris)).id
    while (found := await people.people.change(change_id)).status != "closed":
        if found.waiting and found.waiting.what == "approval":
            with suppress(InvalidState):
                await people.approve_change(found)
        await asyncio.sleep(0.02)


async def dismiss(people: People, employee_id: str) -> None:
    """They are dismissed, and what they have comes back."""
    done = LeavingFilter(employee_id=employee_id, status=PlanStatus.DONE)
    kept = (await people.hr.leavings.find(done)).items
    leaving_id = kept[0].id if kept else (await people.leave(employee_id, TODAY(), at_once=True)).id
    while not (found := await people.people.leaving(leaving_id)).waiting or found.waiting.what != "retention":
        what = found.waiting.what if found.waiting else ""
        with suppress(InvalidState):
            if what == "approval":
                await people.approve_leaving(found)
            elif what.startswith("item."):
                await people.give_back(found)
        await asyncio.sleep(0.02)


if __name__ == "__main__":
    fork_for_each_line(company)
