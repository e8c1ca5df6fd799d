"""The business sentence of equipment: what is not in stock is waited for, with reminders."""

from datetime import timedelta
from typing import Any

from processes.hire_to_retire.days import Terms
from processes.hire_to_retire.shown import EquipmentState
from processes.hire_to_retire.working import Article, Equipping, StockCame
from systems.hr.contract import Hr
from systems.warehouse.contract import Warehouse
from triptych.canonical.equipment import Handout, HandoutFilter, HandoutStatus, NewHandout
from triptych.canonical.people import EmployeeStatus, NewOnboardingTask
from triptych.contract import every
from triptych.engine import Part, Reminders, Repeat, Step, Wait
from triptych.problems import InsufficientStock, NotFound


class EquipmentSteps:
    """The steps, over the warehouse and HR."""

    def __init__(self, hr: Hr, warehouse: Warehouse, terms: Terms) -> None:
        self._hr = hr
        self._warehouse = warehouse
        self._terms = terms

    def sentence(self) -> list[Part[Equipping]]:
        """Until somebody has all that the position needs."""
        reminders = Reminders(self.remind, every=self._terms.supply)
        lines: list[Step[Equipping] | Wait[Equipping, Any]] = [
            Step("hand-out", self.hand_out, undo=self.take_back),
            Wait(
                "supply",
                StockCame,
                self.look_at_once,
                when=self.is_out_of_stock,
                within=self.until_reminded,
                reminders=reminders,
                late=self.look_again,
                meanwhile=EquipmentState.AWAITED,
            ),
        ]
        return [Repeat("articles", self.lacks_something, lines, reaches=EquipmentState.HANDED_OUT)]

    def lacks_something(self, state: Equipping) -> bool:
        """Whether something is missing."""
        return bool(state.missing)

    async def hand_out(self, state: Equipping) -> dict[str, Any]:
        """Hand out the next article, once; where there is none of it, the others are tried first."""
        if not await self._is_here(state.person_id):
            return {"missing": ()}
        article, *others = state.missing
        try:
            handout = await self._handed_out(state, article)
        except InsufficientStock:
            return {"missing": (*others, article), "tried": state.tried + 1}
        return {"missing": tuple(others), "handouts": (*state.handouts, handout.id)}

    async def _is_here(self, person_id: str) -> bool:
        """Whether they will work here, or do."""
        try:
            employee = await self._hr.employees.get(person_id)
        except NotFound:
            return False
        return employee.status is not EmployeeStatus.LEFT

    async def _handed_out(self, state: Equipping, article: Article) -> Handout:
        """The handout of an article. What was handed out before is found: the answer may have been lost."""
        reference = f"{state.offer_id}.{article.place}"
        for found in (await self._warehouse.handouts.find(HandoutFilter(external_id=reference))).items:
            return found
        return await self._warehouse.handouts.create(
            NewHandout(external_id=reference, person_id=state.person_id, sku=article.sku)
        )

    async def take_back(self, state: Equipping) -> None:
        """Put it into stock again."""
        await self.put_back(state.offer_id, state.person_id)

    async def put_back(self, offer_id: str, person_id: str) -> None:
        """Put all that was handed out for an offer into stock again; what is there already stays there."""
        theirs = HandoutFilter(person_id=person_id, limit=200)
        async for handout in every(self._warehouse.handouts, theirs):
            for_this = (handout.external_id or "").startswith(f"{offer_id}.")
            if for_this and handout.status is not HandoutStatus.WRITTEN_OFF:
                await self._warehouse.return_handout(handout.id)

    def is_out_of_stock(self, state: Equipping) -> bool:
        """Whether all that is missing was looked for in vain."""
        return bool(state.missing) and state.tried >= len(state.missing)

    def until_reminded(self, state: Equipping) -> timedelta:
        """How long nobody is reminded."""
        return self._terms.supply

    def look_at_once(self, state: Equipping, message: StockCame) -> dict[str, int]:
        """Look for everything that is missing."""
        return {"tried": 0}

    def look_again(self, state: Equipping) -> dict[str, int]:
        """Look for it unasked: word of it may have come while nobody waited."""
        return {"tried": 0}

    async def remind(self, state: Equipping) -> dict[str, int]:
        """Remind whoever looks after equipment, by a task in HR."""
        skus = ", ".join(article.sku for article in state.missing)
        task = NewOnboardingTask(
            employee_id=state.person_id,
            title=f"Out of stock: {skus}"[:200],
            department="IT",
            due_on=state.starts_on,
        )
        await self._hr.onboarding_tasks.create(task)
        return {"reminders": state.reminders + 1}
