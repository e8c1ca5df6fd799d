"""The business sentence of a leaving: access ends, what is ours comes back, in the end nothing is kept."""

from datetime import UTC, datetime
from typing import Any

from processes.hire_to_retire.access import Rights
from processes.hire_to_retire.days import Calendar, Terms
from processes.hire_to_retire.hiring import approved
from processes.hire_to_retire.shown import LeavingState
from processes.hire_to_retire.working import DayCame, ItemSettled, Leave
from systems.directory.contract import Directory
from systems.hr.contract import Hr, Retention
from systems.warehouse.contract import Warehouse
from triptych.canonical.directory import AccountStatus
from triptych.canonical.employment import PlanStatus
from triptych.canonical.equipment import HandoutFilter, HandoutStatus
from triptych.canonical.people import EmployeeStatus, NewOnboardingTask
from triptych.contract import every
from triptych.engine import Decided, Part, Reminders, Repeat, Step, Wait
from triptych.problems import Conflict, InvalidState, NotFound


class LeavingSteps:
    """The steps, over HR, the directory and the warehouse."""

    def __init__(
        self, hr: Hr, directory: Directory, warehouse: Warehouse, calendar: Calendar, terms: Terms
    ) -> None:
        self._hr = hr
        self._directory = directory
        self._warehouse = warehouse
        self._rights = Rights(hr, directory)
        self._calendar = calendar
        self._terms = terms

    def sentence(self) -> list[Part[Leave]]:
        """From the notice to the day on which nothing is kept."""
        return [
            Step("check", self.check_leaving, undo=self.withdraw_leaving),
            Step("note", self.note_access, when=self.is_at_once),
            Step(
                "lock",
                self.lock_account,
                undo=self.unlock_account,
                when=self.is_at_once,
                reaches=LeavingState.LOCKED,
            ),
            Wait(
                "approval",
                Decided,
                self.approve,
                within=self._terms.approval,
                meanwhile=LeavingState.IN_APPROVAL,
                reaches=LeavingState.PLANNED,
            ),
            Wait(
                "last-day",
                DayCame,
                self.go_on,
                when=self.has_days_left,
                within=self.last_day_ends,
                late=self.is_over,
            ),
            Step("revoke", self.revoke_access, final=True, reaches=LeavingState.REVOKED),
            Step("depart", self.note_departure, reaches=LeavingState.LEFT),
            Step("list", self.list_equipment),
            Repeat("items", self.more_items, self.giving_back(), reaches=LeavingState.SETTLED),
            Wait(
                "retention",
                DayCame,
                self.go_on,
                within=self.end_of_retention,
                late=self.is_over,
                meanwhile=LeavingState.RETAINED,
            ),
            Step("look-back", self.see_who_came_back),
            Step("keep", self.keep_records, when=self.came_back, reaches=LeavingState.KEPT),
            Step("delete-account", self.delete_account, when=self.is_gone),
            Step("erase", self.erase_records, when=self.is_gone, reaches=LeavingState.ERASED),
            Step("prove", self.prove_erasure, when=self.is_gone),
        ]

    def giving_back(self) -> list[Step[Leave] | Wait[Leave, Any]]:
        """What is done for each piece of equipment."""
        terms = self._terms
        return [
            Step("look", self.look_at_item),
            Wait(
                "item",
                ItemSettled,
                self.note_item,
                when=self.is_held,
                within=terms.giving_back,
                reminders=Reminders(self.ask_back, every=terms.giving_back, times=terms.reminders),
                meanwhile=LeavingState.EQUIPMENT_OUT,
            ),
            Step("next", self.go_to_next_item),
        ]

    # --- before the end ---

    async def check_leaving(self, state: Leave) -> None:
        """See that it is still planned; somebody may have dealt with it in HR meanwhile."""
        leaving = await self._hr.leavings.get(state.leaving_id)
        if leaving.status is not PlanStatus.PLANNED:
            raise InvalidState(f"{leaving.id} is {leaving.status.value} in HR already.")

    async def withdraw_leaving(self, state: Leave) -> None:
        """Note that they stay, unless that has happened outside."""
        if (await self._hr.leavings.get(state.leaving_id)).status is PlanStatus.PLANNED:
            await self._hr.withdraw_leaving(state.leaving_id)

    def is_at_once(self, state: Leave) -> bool:
        """Whether nobody waits for an approval or for an evening."""
        return state.at_once

    async def note_access(self, state: Leave) -> dict[str, Any]:
        """Remember what they could use, should it be a mistake."""
        account = await self._rights.account_of(state.employee_id)
        if account is None or account.status is not AccountStatus.ACTIVE:
            return {}
        return {"account_id": account.id, "groups": account.groups}

    async def lock_account(self, state: Leave) -> None:
        """Lock them out everywhere."""
        await self._disable(state)

    async def unlock_account(self, state: Leave) -> None:
        """Let them in again, with what they had."""
        if state.account_id is None:
            return
        if (await self._directory.accounts.get(state.account_id)).status is not AccountStatus.ACTIVE:
            await self._directory.reopen_account(state.account_id)
            await self._directory.enable_account(state.account_id)
        await self._rights.grant(state.account_id, state.groups)

    async def _disable(self, state: Leave) -> None:
        if account := await self._rights.account_of(state.employee_id):
            await self._directory.disable_account(account.id)

    def approve(self, state: Leave, decided: Decided) -> dict[str, str]:
        """Who approved it; refused where that was decided."""
        return approved(decided)

    def has_days_left(self, state: Leave) -> bool:
        """Whether they work until the end of the last day."""
        return not state.at_once

    def last_day_ends(self, state: Leave) -> datetime:
        """When the last day is over."""
        return self._calendar.ends(state.last_day)

    def go_on(self, state: Leave, message: DayCame) -> None:
        """That the day has come says it all."""

    def is_over(self, state: Leave) -> dict[str, bool]:
        """It has come: the process goes on."""
        return {"at_once": state.at_once}

    # --- the end ---

    async def revoke_access(self, state: Leave) -> dict[str, datetime]:
        """Take every access away: from here on nobody stays."""
        await self._disable(state)
        return {"revoked_at": datetime.now(UTC)}

    async def note_departure(self, state: Leave) -> None:
        """Note in HR that they have left, and open the position."""
        await self._hr.complete_leaving(state.leaving_id)

    async def list_equipment(self, state: Leave) -> dict[str, Any]:
        """See what they have of ours."""
        theirs = HandoutFilter(person_id=state.employee_id, status=HandoutStatus.HELD, limit=200)
        return {"items": tuple([each.id async for each in every(self._warehouse.handouts, theirs)])}

    def more_items(self, state: Leave) -> bool:
        """Whether there is equipment that nobody looked at."""
        return state.settled < len(state.items)

    async def look_at_item(self, state: Leave) -> dict[str, bool]:
        """See whether they still have the present one."""
        handout = await self._warehouse.handouts.get(state.items[state.settled])
        return {"held": handout.status is HandoutStatus.HELD}

    def is_held(self, state: Leave) -> bool:
        """Whether they still have it."""
        return state.held

    def note_item(self, state: Leave, message: ItemSettled) -> dict[str, bool]:
        """That it came back, or was written off."""
        return {"held": False}

    async def ask_back(self, state: Leave) -> dict[str, int]:
        """Remind whoever looks after equipment, by a task in HR."""
        handout = await self._warehouse.handouts.get(state.items[state.settled])
        await self._hr.onboarding_tasks.create(
            NewOnboardingTask(
                employee_id=state.employee_id, title=f"Ask back: {handout.sku}", department="IT"
            )
        )
        return {"reminders": state.reminders + 1}

    async def go_to_next_item(self, state: Leave) -> dict[str, int]:
        """Go on to the next one."""
        return {"settled": state.settled + 1}

    # --- what is kept ---

    def end_of_retention(self, state: Leave) -> datetime:
        """Until when the records are kept."""
        return self._calendar.ends(state.kept_until)

    async def see_who_came_back(self, state: Leave) -> dict[str, bool]:
        """See whether they were employed again meanwhile: their records are in use, or kept for longer."""
        try:
            employee = await self._hr.employees.get(state.employee_id)
        except NotFound:
            return {"came_back": False}
        stays_away = employee.status is EmployeeStatus.LEFT and employee.left_on == state.last_day
        return {"came_back": not stays_away}

    def came_back(self, state: Leave) -> bool:
        """Whether they were."""
        return state.came_back

    def is_gone(self, state: Leave) -> bool:
        """Whether they were not."""
        return not state.came_back

    async def keep_records(self, state: Leave) -> None:
        """Leave them to the leaving that comes after that."""

    async def delete_account(self, state: Leave) -> None:
        """Delete the account, which nobody could use since they left."""
        if account := await self._rights.account_of(state.employee_id):
            await self._directory.accounts.delete(account.id)

    async def erase_records(self, state: Leave) -> dict[str, Any]:
        """Erase what HR keeps; HR says what that was, without what it said."""
        erasure = await self._hr.erase_employee(state.employee_id, Retention(left_on=state.last_day))
        return {"erasure_id": erasure.id, "erased": erasure.records}

    async def prove_erasure(self, state: Leave) -> None:
        """Look once more, everywhere: raises Conflict for anything that is left."""
        if await self._rights.account_of(state.employee_id):
            raise Conflict(f"The directory has an account of {state.employee_id} still.")
        try:
            await self._hr.employees.get(state.employee_id)
        except NotFound:
            return
        raise Conflict(f"HR has records of {state.employee_id} still.")
