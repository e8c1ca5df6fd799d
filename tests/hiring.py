"""Hiring, changing and leaving as tests do it: positions, groups and equipment that nobody else has."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

import pytest

from processes.hire_to_retire.contract import (
    Answer,
    ChangeProgress,
    ChangeWork,
    Decision,
    EndWork,
    Equipment,
    EquipmentSettled,
    Fate,
    HireToRetire,
    LeavingProgress,
    OfferProgress,
    OfferWork,
)
from systems.directory.contract import Directory
from systems.hr.contract import Hr
from systems.warehouse.contract import Adjustment, Warehouse
from tests.purchasing import PATIENCE, Clients, as_person
from triptych.canonical.directory import Account, AccountFilter, NewAccount, NewGroup
from triptych.canonical.employment import LeavingReason
from triptych.canonical.equipment import Handout, HandoutFilter
from triptych.canonical.inventory import InventoryLevelFilter, NewInventoryLevel, NewLocation
from triptych.canonical.people import Employee, NewEmployee, NewPosition
from triptych.context import idempotency_key

P = TypeVar("P", OfferProgress, ChangeProgress, LeavingProgress)
TODAY = datetime.now(UTC).date
LONG_AGO = date(2010, 3, 1)


class People:
    """A company's people; what is called `mark` tells them from those of others."""

    def __init__(self, clients: Clients, mark: str) -> None:
        self.people = clients.client(HireToRetire)
        self.hr = clients.client(Hr)
        self.directory = clients.client(Directory)
        self.warehouse = clients.client(Warehouse)
        self.mark = mark
        self.laptop, self.phone = f"LAPTOP-{mark}", f"PHONE-{mark}"
        self.sales, self.lager = f"Sales {mark}", f"Lager {mark}"
        self.berlin, self.paris = f"Berlin {mark}", f"Paris {mark}"

    async def open(self, laptops: int = 5) -> "People":
        """Positions in sales and in the warehouse, groups for them and for two places, and equipment."""
        with idempotency_key(f"open-{self.mark}"):
            rules: dict[str, dict[str, str]] = {
                f"ALL-SALES-{self.mark}": {"department": self.sales},
                f"ALL-LAGER-{self.mark}": {"department": self.lager},
                f"BERLIN-{self.mark}": {"location": self.berlin},
                f"PARIS-{self.mark}": {"location": self.paris},
            }
            for code, rule in rules.items():
                group = NewGroup.model_validate({"code": code, "name": code, **rule})
                await self.directory.groups.create(group)
            await self.directory.groups.create(
                NewGroup(code=f"CHOIR-{self.mark}", name="The choir", by_rule=False)
            )
            self.location_id = (
                await self.warehouse.locations.create(NewLocation(code=self.mark, name="Berlin"))
            ).id
            for sku, on_hand in ((self.laptop, laptops), (self.phone, 5)):
                await self.warehouse.inventory.create(
                    NewInventoryLevel(sku=sku, location_id=self.location_id, on_hand=on_hand)
                )
            self.seller, self.packer = [
                (
                    await self.hr.positions.create(
                        NewPosition(
                            code=f"{code}-{self.mark}",
                            title=title,
                            department=department,
                            equipment=(self.laptop, self.phone),
                        )
                    )
                ).id
                for code, title, department in (
                    ("SELLS", "Seller", self.sales),
                    ("PACKS", "Packer", self.lager),
                )
            ]
        return self

    def group(self, *names: str) -> tuple[str, ...]:
        """Groups of this company: `ALL-SALES`, `BERLIN`."""
        return tuple(sorted(f"{name}-{self.mark}" for name in names))

    # --- offers ---

    async def offer(
        self,
        name: str = "Nancy Davolio",
        starts_on: date | None = None,
        tax_id: str | None = None,
        reference: str = "1",
        position_id: str | None = None,
    ) -> OfferProgress:
        """Ada wants to hire somebody, who may answer until the end of the day."""
        with as_person("ada"):
            return await self.people.offer_work(
                OfferWork(
                    reference=f"{self.mark}-{reference}",
                    name=name,
                    email="nancy@davolio.example",
                    tax_id=tax_id or f"TAX-{self.mark}-{reference}",
                    position_id=position_id or self.seller,
                    location=self.berlin,
                    starts_on=starts_on or TODAY(),
                    answer_by=datetime.combine(TODAY() + timedelta(days=1), time(), UTC),
                )
            )

    async def approve(self, offer: OfferProgress, person: str = "grace", approved: bool = True) -> None:
        """Somebody decides."""
        with as_person(person):
            await self.people.decide_offer(offer.id, Decision(approved=approved))

    async def accept(self, offer: OfferProgress, accepted: bool = True) -> None:
        """The candidate answers, once they have the offer."""
        await self.waits(offer, "answer")
        await self.people.answer_offer(offer.id, Answer(accepted=accepted))

    async def hire(
        self, starts_on: date | None = None, tax_id: str | None = None, reference: str = "1"
    ) -> OfferProgress:
        """Somebody who begins, today if not said otherwise; or is to begin."""
        offer = await self.offer(starts_on=starts_on, tax_id=tax_id, reference=reference)
        await self.waits(offer, "approval")
        await self.approve(offer)
        await self.accept(offer)
        return await (self.offer_ends(offer) if starts_on is None else self.waits(offer, "start"))

    async def colleague(self, since: date = LONG_AGO) -> tuple[Employee, Account]:
        """Somebody who has worked here for long, and holds a laptop and a phone."""
        tax_id = f"TAX-{self.mark}-OLD"
        new = NewEmployee(
            name="Ole Berg", hired_on=since, position_id=self.seller, location=self.berlin, tax_id=tax_id
        )
        employee = await self.hr.activate_employee((await self.hr.employees.create(new)).id)
        account = await self.directory.accounts.create(
            NewAccount(person_id=employee.id, login=f"ole-{self.mark}", name="Ole Berg")
        )
        account = await self.directory.enable_account(account.id)
        return employee, account

    # --- changes and leavings ---

    async def change(self, employee_id: str, on: date | None = None, **work: str) -> ChangeProgress:
        """Ada asks for a change, from today on if not said otherwise."""
        asked = ChangeWork.model_validate(
            {"employee_id": employee_id, "takes_effect_on": on or TODAY(), **work}
        )
        with as_person("ada"):
            return await self.people.change_work(asked)

    async def approve_change(self, change: ChangeProgress, person: str = "grace") -> None:
        """Somebody approves it."""
        with as_person(person):
            await self.people.decide_change(change.id, Decision(approved=True))

    async def leave(
        self, employee_id: str, last_day: date, at_once: bool = False, reason: str = "resignation"
    ) -> LeavingProgress:
        """Ada enters that somebody leaves."""
        why = LeavingReason.DISMISSAL if at_once else LeavingReason(reason)
        asked = EndWork(employee_id=employee_id, last_day=last_day, reason=why, at_once=at_once)
        with as_person("ada"):
            return await self.people.end_work(asked)

    async def approve_leaving(
        self, leaving: LeavingProgress, person: str = "grace", approved: bool = True
    ) -> None:
        """Somebody decides."""
        with as_person(person):
            await self.people.decide_leaving(leaving.id, Decision(approved=approved))

    async def give_back(self, leaving: LeavingProgress, *, lost: bool = False) -> None:
        """All that is still held comes back, or the first piece of it is lost."""
        for number, handout_id in enumerate((await self.people.leaving(leaving.id)).open_items):
            is_lost = lost and number == 0
            await self.people.settle_equipment(
                leaving.id,
                EquipmentSettled(
                    handout_id=handout_id,
                    fate=Fate.WRITTEN_OFF if is_lost else Fate.RETURNED,
                    reason="It fell into the river." if is_lost else None,
                ),
            )

    # --- where they stand ---

    async def shown(self, progress: P) -> P:
        """How far it has come now."""
        asks: dict[type[Any], Callable[[str], Awaitable[Any]]] = {
            OfferProgress: self.people.offer,
            ChangeProgress: self.people.change,
            LeavingProgress: self.people.leaving,
        }
        return await asks[type(progress)](progress.id)

    async def waits(self, progress: P, what: str) -> P:
        """It, once it waits for this."""
        found = progress
        for _ in range(int(PATIENCE / 0.05)):
            found = await self.shown(progress)
            if found.waiting and found.waiting.what == what:
                return found
            await asyncio.sleep(0.05)
        pytest.fail(f"it does not wait for {what}: {found}")

    async def reaches(self, progress: P, *ends: str) -> P:
        """It, once it has come to one of these."""
        found = progress
        for _ in range(int(PATIENCE / 0.05)):
            found = await self.shown(progress)
            if found.status in ends and not found.waiting:
                return found
            await asyncio.sleep(0.05)
        pytest.fail(f"it does not come to {ends}: {found}")

    async def offer_ends(self, offer: OfferProgress) -> OfferProgress:
        """An offer at its end."""
        return await self.reaches(offer, "employed", "rejected", "cancelled")

    async def account_of(self, employee_id: str) -> Account | None:
        """Somebody's account."""
        found = await self.directory.accounts.find(AccountFilter(person_id=employee_id))
        return found.items[0] if found.items else None

    async def handouts(self, employee_id: str) -> tuple[Handout, ...]:
        """What somebody was given."""
        return (await self.warehouse.handouts.find(HandoutFilter(person_id=employee_id))).items

    async def in_stock(self, sku: str) -> int:
        """How many are on hand."""
        there = InventoryLevelFilter(sku=(sku,), location_id=self.location_id)
        return sum(level.on_hand for level in (await self.warehouse.inventory.find(there)).items)

    async def comes_into_stock(self, sku: str, many: int) -> None:
        """Somebody delivers it."""
        await self.warehouse.adjust_stock(Adjustment(sku=sku, location_id=self.location_id, by=many))

    async def awaits_equipment(self, offer: OfferProgress) -> Equipment:
        """What a colleague was given once something of it is out of stock."""
        for _ in range(int(PATIENCE / 0.05)):
            found = (await self.people.offer(offer.id)).equipment
            if found and found.status == "awaited":
                return found
            await asyncio.sleep(0.05)
        pytest.fail(f"nothing is awaited: {offer}")

    async def equipped(self, offer: OfferProgress) -> OfferProgress:
        """The offer once its colleague has everything."""
        for _ in range(int(PATIENCE / 0.05)):
            offer = await self.people.offer(offer.id)
            if offer.equipment and offer.equipment.status == "handed-out":
                return offer
            await asyncio.sleep(0.05)
        pytest.fail(f"something is missing still: {offer}")
