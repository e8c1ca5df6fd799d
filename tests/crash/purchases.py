"""A purchasing department: it buys by procure-to-pay, and does whatever each purchase waits for."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from processes.procure_to_pay.contract import (
    Decision,
    Delivery,
    InvoiceReceived,
    ProcureToPay,
    PurchaseProgress,
    PurchaseState,
    RequestGoods,
    RunState,
    StartRun,
)
from systems.erp.contract import Erp
from systems.warehouse.contract import Warehouse
from tests.crash.callers import Callers
from triptych.canonical.inventory import NewLocation
from triptych.canonical.lines import NewOrderLine
from triptych.canonical.money import Money
from triptych.canonical.party import NewSupplier
from triptych.canonical.purchasing import ReceiptLine
from triptych.problems import Forbidden, InvalidState, Problem

T = TypeVar("T")
SUPPLIERS = 3
DENIED, CALLED_OFF = (3,), (11,)
"""Of twenty purchases, the numbers of those that nobody approves, and that are called off meanwhile."""
ENDED = (PurchaseState.CLOSED, PurchaseState.REJECTED, PurchaseState.CANCELLED)
RUNS_ENDED = (RunState.PAID, RunState.REJECTED, RunState.CANCELLED)
AT_ONCE = 30
LOOKS_AFTER = 1.0
PAYS_EVERY = 3.0
"""Seconds between two payment runs, as long as somebody waits for one."""


@dataclass
class Purchasers:
    """What was bought, and what became of it."""

    made: Callers
    accepted: dict[str, int] = field(default_factory=dict[str, int])
    """The number of each purchase that was accepted, by its id."""
    ended: dict[str, PurchaseState] = field(default_factory=dict[str, PurchaseState])
    runs: dict[str, RunState] = field(default_factory=dict[str, RunState])
    """How far each payment run has come."""
    faults: list[str] = field(default_factory=list[str])
    """What was refused that should not have been."""
    looks_after: float = LOOKS_AFTER
    suppliers: list[str] = field(default_factory=list[str])
    location: str = ""

    def __post_init__(self) -> None:
        self._waiting_for_money = set[str]()
        self._busy = asyncio.Semaphore(AT_ONCE)

    async def open_office(self) -> None:
        """Suppliers, and a place for what they deliver."""
        erp, warehouse = self.made.client(Erp, "erp"), self.made.client(Warehouse, "warehouse")
        for number in range(SUPPLIERS):
            self.suppliers.append((await erp.suppliers.create(NewSupplier(name=f"Chaen {number}"))).id)
        self.location = (await warehouse.locations.create(NewLocation(code="GOODS", name="Goods in"))).id

    def all_rest(self) -> bool:
        """Whether every purchase and every payment run is at its end."""
        return len(self.ended) >= len(self.accepted) and set(self.runs.values()) <= set(RUNS_ENDED)

    async def bring_home(self, numbers: range) -> None:
        """Make these purchases, each from the request to its end."""
        paying = asyncio.create_task(self._pay())
        try:
            async with asyncio.TaskGroup() as group:
                for number in numbers:
                    await self._busy.acquire()
                    group.create_task(self._bring_home(number))
            while not self.all_rest():
                await self._look_after_runs()
                await asyncio.sleep(self.looks_after)
        finally:
            paying.cancel()
            await asyncio.wait([paying])

    async def _bring_home(self, number: int) -> None:
        try:
            purchase = await self._asked(
                "ada", f"request-{number}", lambda to: to.request_goods(self._goods(number))
            )
            self.accepted[purchase.id] = number
            done = set[str]()
            while (found := await self._look(purchase.id)) is None or found.status not in ENDED:
                waits = found.waiting.what if found and found.waiting else ""
                if found and waits and waits not in done:
                    await self._act(number, found, waits)
                    done.add(waits)
                await asyncio.sleep(self.looks_after)
            self.ended[purchase.id] = found.status
        except Problem as problem:
            self.faults.append(f"purchase {number} was refused: {problem!r}")
        finally:
            self._busy.release()

    async def _look(self, id: str) -> PurchaseProgress | None:
        with suppress(Problem):  # it is asked again
            found = await self.made.client(ProcureToPay).purchase(id)
            waits = found.waiting is not None and found.waiting.what.startswith("payment.")
            (self._waiting_for_money.add if waits else self._waiting_for_money.discard)(id)
            return found
        return None

    async def _act(self, number: int, purchase: PurchaseProgress, waits: str) -> None:
        """Do what it waits for, unless that was done since it was looked at."""
        what, bought = waits.partition(".")[0], quantity(number)
        with suppress(InvalidState, Forbidden):
            if what == "approval" and number % 20 in CALLED_OFF:
                await self._asked("ada", f"off-{number}", lambda to: to.cancel_purchase(purchase.id))
            elif what in ("approval", "second-approval"):
                decision = Decision(approved=number % 20 not in DENIED)
                person = "grace" if what == "approval" else "linus"
                key = f"{what}-{number}"
                await self._asked(person, key, lambda to: to.decide_purchase(purchase.id, decision))
            elif what == "goods":
                for note, many in (("1", 1), ("2", bought - 1)):
                    line = ReceiptLine(sku=sku(number), quantity=many)
                    came = Delivery(delivery_note=f"{number}-{note}", lines=(line,))
                    await self._receive(number, note, purchase.id, came)
            elif what == "invoice":
                due = datetime(2026, 1, 31, tzinfo=UTC)
                bill = InvoiceReceived(number=f"RE-{number}", due_at=due, lines=_lines(number))
                await self._asked("bob", f"bill-{number}", lambda to: to.enter_invoice(purchase.id, bill))

    async def _receive(self, number: int, note: str, id: str, came: Delivery) -> None:
        await self._asked("bob", f"deliver-{number}-{note}", lambda to: to.receive_goods(id, came))

    def _goods(self, number: int) -> RequestGoods:
        return RequestGoods(
            reference=f"CRASH-P-{number}",
            supplier_id=self.suppliers[number % SUPPLIERS],
            location_id=self.location,
            cost_centre="KITCHEN",
            reason="The last boxes are open.",
            lines=_lines(number),
        )

    async def _pay(self) -> None:
        """Begin a payment run now and then, whether the one before it has ended or not."""
        while True:
            if self._waiting_for_money:
                start = StartRun(run=f"run-{len(self.runs)}")
                self.runs[start.run] = RunState.BEGUN
                await self._asked("bob", start.run, lambda to, start=start: to.start_payment_run(start))
            await self._look_after_runs()
            await asyncio.sleep(PAYS_EVERY * self.looks_after)

    async def _look_after_runs(self) -> None:
        for run, state in list(self.runs.items()):
            if state not in RUNS_ENDED:
                with suppress(Problem):  # it is asked again
                    self.runs[run] = (await self.made.client(ProcureToPay).payment_run(run)).status

    async def _asked(self, person: str, key: str, write: Callable[[ProcureToPay], Awaitable[T]]) -> T:
        return await self.made.persistently(ProcureToPay, person, key, write)


def sku(number: int) -> str:
    """What this purchase buys, and no other one does."""
    return f"BUY-{number}"


def quantity(number: int) -> int:
    """So much is bought: every third purchase needs an approval, every ninth two."""
    twice, once = number % 9 == 0, number % 3 == 0 or number % 20 in (*DENIED, *CALLED_OFF)
    return (4000 if twice else 400 if once else 40) + number


def _lines(number: int) -> tuple[NewOrderLine, ...]:
    price = Money.of("3.33", "EUR")
    return (NewOrderLine(sku=sku(number), quantity=quantity(number), unit_price=price),)
