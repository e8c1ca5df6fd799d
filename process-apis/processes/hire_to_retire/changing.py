"""The business sentence of a change: new access comes before it, and the old one goes after it."""

from datetime import date, datetime
from typing import Any

from processes.hire_to_retire.access import Rights
from processes.hire_to_retire.days import Calendar, Terms
from processes.hire_to_retire.hiring import approved
from processes.hire_to_retire.shown import ChangeState
from processes.hire_to_retire.working import Changing, DayCame
from systems.directory.contract import Directory
from systems.hr.contract import Hr
from triptych.canonical.directory import AccountStatus
from triptych.canonical.employment import PlanStatus
from triptych.canonical.people import EmployeeStatus
from triptych.engine import Decided, Part, Step, Wait
from triptych.problems import InvalidState


class ChangeSteps:
    """The steps, over HR and the directory."""

    def __init__(self, hr: Hr, directory: Directory, calendar: Calendar, terms: Terms) -> None:
        self._hr = hr
        self._rights = Rights(hr, directory)
        self._calendar = calendar
        self._terms = terms

    def sentence(self) -> list[Part[Changing]]:
        """From the request to the day on which the old access is gone."""
        return [
            Step("check", self.check_change, undo=self.withdraw_change),
            Wait(
                "approval",
                Decided,
                self.approve,
                within=self._terms.approval,
                meanwhile=ChangeState.IN_APPROVAL,
                reaches=ChangeState.PLANNED,
            ),
            Wait("day", DayCame, self.go_on, within=self.its_day, late=self.day_came),
            Step("compare", self.compare_rights),
            Step("grant", self.grant_new, undo=self.revoke_new),
            Step("apply", self.apply_change, final=True, reaches=ChangeState.EFFECTIVE),
            Step("compare-again", self.compare_again),
            Step("revoke", self.revoke_old, reaches=ChangeState.CLOSED),
        ]

    async def check_change(self, state: Changing) -> None:
        """See that it is still planned; somebody may have dealt with it in HR meanwhile."""
        change = await self._hr.employment_changes.get(state.change_id)
        if change.status is not PlanStatus.PLANNED:
            raise InvalidState(f"{change.id} is {change.status.value} in HR already.")

    async def withdraw_change(self, state: Changing) -> None:
        """Call it off, unless that has happened outside."""
        if (await self._hr.employment_changes.get(state.change_id)).status is PlanStatus.PLANNED:
            await self._hr.withdraw_change(state.change_id)

    def approve(self, state: Changing, decided: Decided) -> dict[str, str]:
        """Who approved it; refused where that was decided."""
        return approved(decided)

    def its_day(self, state: Changing) -> datetime:
        """When the day begins on which it takes effect."""
        return self._calendar.begins(state.takes_effect_on)

    def go_on(self, state: Changing, message: DayCame) -> None:
        """That the day has come says it all."""

    def day_came(self, state: Changing) -> dict[str, date]:
        """It has come: the process goes on."""
        return {"takes_effect_on": state.takes_effect_on}

    async def compare_rights(self, state: Changing) -> dict[str, Any]:
        """See what the new work puts them into, beyond what they have; refused for who has left."""
        employee = await self._hr.employees.get(state.employee_id)
        if employee.status is EmployeeStatus.LEFT:
            raise InvalidState(f"{employee.id} has left: nothing of their work changes.")
        account = await self._rights.account_of(employee.id)
        if account is None or account.status is AccountStatus.DISABLED:
            return {}  # there is nothing to put anywhere, or they are locked out
        change = await self._hr.employment_changes.get(state.change_id)
        new = await self._rights.wanted(employee, change) - set(account.groups)
        return {"account_id": account.id, "granted": tuple(sorted(new))}

    async def grant_new(self, state: Changing) -> None:
        """Give them what they need from now on, beside what they have."""
        if state.account_id is not None:
            await self._rights.grant(state.account_id, state.granted)

    async def revoke_new(self, state: Changing) -> None:
        """Take that away again."""
        if state.account_id is not None:
            await self._rights.revoke(state.account_id, state.granted)

    async def apply_change(self, state: Changing) -> None:
        """Have it take effect in HR: from here on nobody calls it off."""
        await self._hr.apply_change(state.change_id)

    async def compare_again(self, state: Changing) -> dict[str, Any]:
        """See what they have by no rule any more; another change may have come between."""
        account = await self._rights.account_of(state.employee_id)
        if account is None or account.status is AccountStatus.DISABLED:
            return {"account_id": None}
        wanted = await self._rights.wanted(await self._hr.employees.get(state.employee_id))
        return {
            "account_id": account.id,
            "owed": tuple(sorted(wanted - set(account.groups))),
            "revoked": tuple(sorted(await self._rights.not_wanted(account, wanted))),
        }

    async def revoke_old(self, state: Changing) -> None:
        """Take away what belonged to the old work, after everything of the new one is there."""
        if state.account_id is not None:
            await self._rights.grant(state.account_id, state.owed)
            await self._rights.revoke(state.account_id, state.revoked)
