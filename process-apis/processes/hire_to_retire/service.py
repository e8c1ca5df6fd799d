"""How hire-to-retire keeps its promise: HR keeps the records, durable processes do what becomes of them."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, ClassVar

from processes.hire_to_retire.asked import (
    Answer,
    ChangeWork,
    Decision,
    EndWork,
    EquipmentSettled,
    Fate,
    OfferWork,
    Work,
)
from processes.hire_to_retire.changing import ChangeSteps
from processes.hire_to_retire.contract import HireToRetire
from processes.hire_to_retire.days import Calendar, Terms
from processes.hire_to_retire.entering import enter_change, enter_leaving, enter_offer
from processes.hire_to_retire.equipping import EquipmentSteps
from processes.hire_to_retire.hiring import HiringSteps
from processes.hire_to_retire.leaving import LeavingSteps
from processes.hire_to_retire.progress import change_progress, equipment, leaving_progress, offer_progress
from processes.hire_to_retire.shown import ChangeProgress, LeavingProgress, OfferProgress, Waits
from processes.hire_to_retire.working import (
    Answered,
    Changing,
    Equipping,
    Hiring,
    ItemSettled,
    Leave,
    StockCame,
)
from systems.directory.contract import Directory
from systems.hr.contract import Hr
from systems.warehouse.contract import Warehouse, WriteOff
from triptych.canonical.employment import LeavingFilter
from triptych.canonical.equipment import Handout
from triptych.canonical.inventory import InventoryLevel
from triptych.context import current
from triptych.contract import Happened, every, on
from triptych.contract.progress import Waiting
from triptych.engine import Decided, ProcessEngine, ProcessStatus, Saga
from triptych.problems import Forbidden, InvalidState, NotFound
from triptych.settings import Settings

HIRE, EQUIP = "hire-to-retire.hire", "hire-to-retire.equip"
CHANGE, LEAVE = "hire-to-retire.change", "hire-to-retire.leave"
WOKEN = 200
"""Colleagues without their equipment that are looked at when stock comes; others look by themselves."""


class HireToRetireService(HireToRetire):
    """The ids of the offer, the change and the leaving in HR name their processes."""

    terms: ClassVar[Terms] = Terms()

    def __init__(
        self, hr: Hr, directory: Directory, warehouse: Warehouse, engine: ProcessEngine, settings: Settings
    ) -> None:
        self._hr = hr
        self._warehouse = warehouse
        self._engine = engine
        self._calendar = calendar = Calendar.of(settings.time_zone, settings.personnel_record_years)
        handing_out = EquipmentSteps(hr, warehouse, self.terms)
        self._equips = engine.saga(
            EQUIP, version=1, steps=handing_out.sentence(), state=Equipping, begins="begun"
        )
        hiring = HiringSteps(hr, directory, handing_out, self._equips, calendar, self.terms)
        self._hires = engine.saga(HIRE, version=1, steps=hiring.sentence(), state=Hiring, begins="draft")
        changing = ChangeSteps(hr, directory, calendar, self.terms)
        self._changes = engine.saga(
            CHANGE, version=1, steps=changing.sentence(), state=Changing, begins="requested"
        )
        leaving = LeavingSteps(hr, directory, warehouse, calendar, self.terms)
        self._leaves = engine.saga(LEAVE, version=1, steps=leaving.sentence(), state=Leave, begins="entered")

    async def waiting(self, work: Work | None = None, limit: int = 50) -> tuple[Waits, ...]:
        found: list[Waits] = []
        for saga in (self._hires, self._equips, self._changes, self._leaves):
            for status in await self._engine.waiting(saga.name, work, limit=limit):
                if line := status.waits:
                    waiting = Waiting(what=line.step, since=line.started, until=line.until)
                    by = str(status.data["requested_by"])
                    kind = saga.name.partition(".")[2]
                    found.append(Waits(kind=kind, id=status.about, requested_by=by, waiting=waiting))
        found.sort(key=lambda each: (each.waiting.until is None, each.waiting.until, each.id))
        return tuple(found[:limit])

    # --- offers ---

    async def offer_work(self, new: OfferWork) -> OfferProgress:
        offer = await enter_offer(self._hr, self._calendar, new, current().caller.who)
        begun = Hiring(
            offer_id=offer.id,
            reference=offer.external_id,
            requested_by=offer.requested_by,
            starts_on=offer.starts_on,
            answer_by=offer.answer_by,
        )
        return self._offer(await self._hires.start(offer.id, begun))

    async def offer(self, offer_id: str) -> OfferProgress:
        shown = self._offer(await self._hires.status(offer_id))
        with suppress(NotFound):  # nobody was hired yet
            status = await self._equips.status(offer_id)
            given = equipment(self._equips.read(status), status)
            return shown.model_copy(update={"equipment": given})
        return shown

    async def decide_offer(self, offer_id: str, decision: Decision) -> OfferProgress:
        state = await self._hires.state(offer_id)
        return self._offer(await self._decide(self._hires, offer_id, state.requested_by, decision))

    async def answer_offer(self, offer_id: str, answer: Answer) -> OfferProgress:
        said = Answered(accepted=answer.accepted)
        return self._offer(await self._hires.tell(offer_id, "answer", said))

    async def cancel_offer(self, offer_id: str) -> OfferProgress:
        return self._offer(await self._hires.cancel(offer_id))

    async def follow_offer(self, offer_id: str, last_event_id: str = "") -> AsyncIterator[OfferProgress]:
        async for status in self._hires.follow(offer_id):
            update = self._offer(status)
            if str(update.event_id) != last_event_id:
                yield update

    # --- changes ---

    async def change_work(self, new: ChangeWork) -> ChangeProgress:
        change = await enter_change(self._hr, self._calendar, new, current().caller.who)
        begun = Changing(
            change_id=change.id,
            employee_id=change.employee_id,
            requested_by=change.requested_by,
            takes_effect_on=change.takes_effect_on,
        )
        return self._change(await self._changes.start(change.id, begun))

    async def change(self, change_id: str) -> ChangeProgress:
        return self._change(await self._changes.status(change_id))

    async def decide_change(self, change_id: str, decision: Decision) -> ChangeProgress:
        state = await self._changes.state(change_id)
        return self._change(await self._decide(self._changes, change_id, state.requested_by, decision))

    async def cancel_change(self, change_id: str) -> ChangeProgress:
        return self._change(await self._changes.cancel(change_id))

    # --- leavings ---

    async def end_work(self, new: EndWork) -> LeavingProgress:
        leaving = await enter_leaving(self._hr, self._calendar, new, current().caller.who)
        begun = Leave(
            leaving_id=leaving.id,
            employee_id=leaving.employee_id,
            requested_by=leaving.requested_by,
            last_day=leaving.last_day,
            reason=leaving.reason,
            at_once=new.at_once,
            kept_until=self._calendar.kept_until(leaving.last_day),
        )
        return self._leaving(await self._leaves.start(leaving.id, begun))

    async def leaving(self, leaving_id: str) -> LeavingProgress:
        return self._leaving(await self._leaves.status(leaving_id))

    async def decide_leaving(self, leaving_id: str, decision: Decision) -> LeavingProgress:
        state = await self._leaves.state(leaving_id)
        return self._leaving(await self._decide(self._leaves, leaving_id, state.requested_by, decision))

    async def settle_equipment(self, leaving_id: str, settled: EquipmentSettled) -> LeavingProgress:
        state = await self._leaves.state(leaving_id)
        if settled.handout_id not in state.items:
            raise InvalidState(f"{settled.handout_id} is nothing that {leaving_id} waits for.")
        if settled.fate is Fate.RETURNED:
            await self._warehouse.return_handout(settled.handout_id)
        else:
            because = WriteOff(reason=settled.reason or "")
            await self._warehouse.write_off_handout(settled.handout_id, because)
        return await self.leaving(leaving_id)

    async def cancel_leaving(self, leaving_id: str) -> LeavingProgress:
        return self._leaving(await self._leaves.cancel(leaving_id))

    async def follow_leaving(
        self, leaving_id: str, last_event_id: str = ""
    ) -> AsyncIterator[LeavingProgress]:
        async for status in self._leaves.follow(leaving_id):
            update = self._leaving(status)
            if str(update.event_id) != last_event_id:
                yield update

    # --- what happens in the warehouse ---

    @on(Warehouse.stock_arrived)
    async def hear_of_stock(self, happened: Happened[InventoryLevel]) -> None:
        """Those who lack the product are given it now, as many as there may be enough for."""
        level = happened.data
        left = level.available
        for status in await self._engine.waiting(EQUIP, "supply", limit=WOKEN):
            lacks = sum(article.sku == level.sku for article in self._equips.read(status).missing)
            if left > 0 and lacks and status.waits:
                left -= lacks
                with suppress(InvalidState):  # it goes on by itself at this moment
                    await self._equips.tell(status.about, status.waits.step, StockCame())

    @on(Warehouse.equipment_returned)
    async def hear_of_return(self, happened: Happened[Handout]) -> None:
        """Equipment that came back, here or in the warehouse, is not asked for any more."""
        await self._settled(happened.data)

    @on(Warehouse.equipment_written_off)
    async def hear_of_write_off(self, happened: Happened[Handout]) -> None:
        """Nor is what was written off."""
        await self._settled(happened.data)

    async def _settled(self, handout: Handout) -> None:
        async for leaving in every(self._hr.leavings, LeavingFilter(employee_id=handout.person_id)):
            with suppress(NotFound, InvalidState):  # none of ours, or not waited for any more
                items = (await self._leaves.state(leaving.id)).items
                if handout.id in items:
                    line, settled = f"item.{items.index(handout.id) + 1}", ItemSettled(handout_id=handout.id)
                    await self._leaves.tell(leaving.id, line, settled)

    # --- what all of them have ---

    async def _decide(
        self, saga: Saga[Any], about: str, requested_by: str, decision: Decision
    ) -> ProcessStatus:
        by = current().caller.who
        if by == requested_by:
            raise Forbidden(f"{by} asked for it: somebody else decides.")
        decided = Decided(approved=decision.approved, reason=decision.reason, by=by)
        return await saga.tell(about, "approval", decided)

    def _offer(self, status: ProcessStatus) -> OfferProgress:
        return offer_progress(self._hires.read(status), status)

    def _change(self, status: ProcessStatus) -> ChangeProgress:
        return change_progress(self._changes.read(status), status)

    def _leaving(self, status: ProcessStatus) -> LeavingProgress:
        return leaving_progress(self._leaves.read(status), status)
