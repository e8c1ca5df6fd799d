"""The business sentence of an offer: what is done until somebody works here, each step with its undo."""

from contextlib import suppress
from datetime import date, datetime
from typing import Any

from processes.hire_to_retire.access import Rights
from processes.hire_to_retire.days import Calendar, Terms
from processes.hire_to_retire.equipping import EquipmentSteps
from processes.hire_to_retire.shown import OfferState
from processes.hire_to_retire.working import Answered, Article, DayCame, Equipping, Hiring
from systems.directory.contract import Directory
from systems.hr.contract import Hr
from triptych.canonical.employment import OfferStatus
from triptych.engine import Decided, Part, Saga, Step, Wait
from triptych.problems import InvalidState, NotFound

OPEN = (OfferStatus.DRAFT, OfferStatus.SENT, OfferStatus.ACCEPTED)


class HiringSteps:
    """The steps, over HR and the directory; equipment has a process of its own, beside this one."""

    def __init__(
        self,
        hr: Hr,
        directory: Directory,
        equipment: EquipmentSteps,
        equips: Saga[Equipping],
        calendar: Calendar,
        terms: Terms,
    ) -> None:
        self._hr = hr
        self._directory = directory
        self._rights = Rights(hr, directory)
        self._equipment = equipment
        self._equips = equips
        self._calendar = calendar
        self._terms = terms

    def sentence(self) -> list[Part[Hiring]]:
        """From the draft of an offer to the first day."""
        return [
            Step("check", self.check_offer, undo=self.withdraw_offer),
            Wait(
                "approval",
                Decided,
                self.approve,
                within=self._terms.approval,
                meanwhile=OfferState.IN_APPROVAL,
                reaches=OfferState.APPROVED,
            ),
            Step("offer", self.send_offer, reaches=OfferState.OFFERED),
            Wait("answer", Answered, self.take_answer, within=self.stands_until),
            Step("accept", self.note_answer, reaches=OfferState.ACCEPTED),
            Step("hire", self.hire_candidate, undo=self.withdraw_offer, reaches=OfferState.HIRED),
            Step("equip", self.begin_equipping, undo=self.take_equipment_back),
            Step("account", self.prepare_account, undo=self.remove_account),
            Step("compare", self.compare_rights),
            Step("grant", self.grant_access, reaches=OfferState.PROVISIONED),
            Wait("start", DayCame, self.go_on, within=self.first_day, late=self.day_came),
            Step("welcome", self.enable_account, final=True, reaches=OfferState.WELCOMED),
            Step("begin", self.begin_work, reaches=OfferState.EMPLOYED),
        ]

    # --- the offer ---

    async def check_offer(self, state: Hiring) -> None:
        """See that it is still a draft; somebody may have dealt with it in HR meanwhile."""
        offer = await self._hr.offers.get(state.offer_id)
        if offer.status is not OfferStatus.DRAFT:
            raise InvalidState(f"{offer.id} is {offer.status.value} in HR already.")

    async def withdraw_offer(self, state: Hiring) -> None:
        """Call it off with all that came of it in HR, unless that was declined or called off already."""
        if (await self._hr.offers.get(state.offer_id)).status in OPEN:
            await self._hr.withdraw_offer(state.offer_id)

    def approve(self, state: Hiring, decided: Decided) -> dict[str, str]:
        """Who approved it; refused where that was decided."""
        return approved(decided)

    async def send_offer(self, state: Hiring) -> None:
        """Make it binding on us."""
        await self._hr.send_offer(state.offer_id)

    def stands_until(self, state: Hiring) -> datetime:
        """Until when it can be accepted."""
        return state.answer_by

    def take_answer(self, state: Hiring, answered: Answered) -> dict[str, bool]:
        """What the candidate says."""
        return {"accepted": answered.accepted}

    async def note_answer(self, state: Hiring) -> None:
        """Note it in HR; refused when it is a no."""
        if not state.accepted:
            await self._hr.decline_offer(state.offer_id)
            raise InvalidState("The candidate declined.")
        await self._hr.accept_offer(state.offer_id)

    # --- before the first day ---

    async def hire_candidate(self, state: Hiring) -> dict[str, Any]:
        """Employ them, or employ them again: HR finds a former employee by the tax id."""
        offer = await self._hr.hire_candidate(state.offer_id)
        return {"employee_id": offer.employee_id, "formerly_until": offer.formerly_until}

    async def begin_equipping(self, state: Hiring) -> None:
        """Begin to hand out what the position needs; that goes on by itself, and nothing waits for it."""
        person_id = _employee(state)
        offer = await self._hr.offers.get(state.offer_id)
        position = await self._hr.positions.get(offer.position_id)
        missing = tuple(Article(place=place, sku=sku) for place, sku in enumerate(position.equipment, 1))
        equipping = Equipping(
            offer_id=state.offer_id,
            person_id=person_id,
            requested_by=state.requested_by,
            starts_on=state.starts_on,
            missing=missing,
        )
        await self._equips.start(state.offer_id, equipping)

    async def take_equipment_back(self, state: Hiring) -> None:
        """Hand out no more, and put what was handed out into stock again."""
        with suppress(NotFound, InvalidState):  # it never began, or has come to its end
            await self._equips.cancel(state.offer_id)
        if state.employee_id is not None:
            await self._equipment.put_back(state.offer_id, state.employee_id)

    async def prepare_account(self, state: Hiring) -> dict[str, str]:
        """Make their account, which nobody can use before the first day."""
        employee = await self._hr.employees.get(_employee(state))
        return {"account_id": (await self._rights.prepare(employee)).id}

    async def remove_account(self, state: Hiring) -> None:
        """As if there had been none; that of a former employee is closed again."""
        account = await self._rights.account_of(_employee(state))
        if account and state.formerly_until is None:
            await self._directory.accounts.delete(account.id)
        elif account:
            await self._directory.disable_account(account.id)

    async def compare_rights(self, state: Hiring) -> dict[str, Any]:
        """See what their work puts them into: once, so that each attempt asks for the same."""
        employee = await self._hr.employees.get(_employee(state))
        return {"groups": tuple(sorted(await self._rights.wanted(employee)))}

    async def grant_access(self, state: Hiring) -> None:
        """Put them into these groups; undone with the account."""
        assert state.account_id is not None
        await self._rights.grant(state.account_id, state.groups)

    # --- the first day ---

    def first_day(self, state: Hiring) -> datetime:
        """When it begins."""
        return self._calendar.begins(state.starts_on)

    def go_on(self, state: Hiring, message: DayCame) -> None:
        """That the day has come says it all."""

    def day_came(self, state: Hiring) -> dict[str, date]:
        """It has come: the process goes on."""
        return {"starts_on": state.starts_on}

    async def enable_account(self, state: Hiring) -> None:
        """Let them in: from here on nobody withdraws, and what goes wrong waits for a person."""
        assert state.account_id is not None
        await self._directory.enable_account(state.account_id)

    async def begin_work(self, state: Hiring) -> None:
        """Note in HR that they have begun, and hold their position."""
        await self._hr.activate_employee(_employee(state))


def approved(decided: Decided) -> dict[str, str]:
    """Who approved it; raises InvalidState where that was not approved."""
    if not decided.approved:
        raise InvalidState(f"{decided.by} does not approve it: {decided.reason or 'no reason given'}.")
    return {"approved_by": decided.by}


def _employee(state: Hiring) -> str:
    assert state.employee_id is not None
    return state.employee_id
