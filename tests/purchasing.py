"""Buying as tests do it: every act has a name of its own, so that doing it again changes nothing."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol, TypeVar

import pytest

from processes.procure_to_pay.contract import (
    Decision,
    Delivery,
    InvoiceReceived,
    PaymentRun,
    ProcureToPay,
    PurchaseProgress,
    PurchaseState,
    RequestGoods,
    RunState,
    StartRun,
)
from systems.erp.contract import Erp
from systems.warehouse.contract import Warehouse
from triptych.canonical.inventory import InventoryLevelFilter, NewLocation
from triptych.canonical.lines import NewOrderLine
from triptych.canonical.money import Money
from triptych.canonical.party import NewSupplier
from triptych.canonical.payables import EarlyPayment, OutgoingPayment, SupplierInvoice, SupplierInvoiceFilter
from triptych.canonical.purchasing import ReceiptLine
from triptych.context import Caller, current, entered, idempotency_key
from triptych.contract import Api
from triptych.problems import Forbidden, InvalidState

A = TypeVar("A", bound=Api)
PATIENCE = 60.0
"""Seconds that a purchase may take to come to where it is waited for."""

ENDS = (PurchaseState.CLOSED, PurchaseState.REJECTED, PurchaseState.CANCELLED)
APPROVERS = {"approval": "grace", "second-approval": "linus"}


class Clients(Protocol):
    """Where clients of services come from."""

    def client(self, api: type[A]) -> A:
        """A client of a service."""
        ...


@contextmanager
def as_person(name: str) -> Generator[None]:
    """What is asked inside, this person asks."""
    with entered(replace(current(), caller=Caller(name, "tests"))):
        yield


def euros(amount: str) -> Money:
    """An amount in euros."""
    return Money.of(amount, "EUR")


class Purchasing:
    """A supplier, and goods that nobody else in the landscape has; what is called `mark` tells them apart."""

    def __init__(self, clients: Clients, mark: str) -> None:
        self.purchases = clients.client(ProcureToPay)
        self.erp = clients.client(Erp)
        self.warehouse = clients.client(Warehouse)
        self.mark = mark
        self.sku = f"TEA-{mark}"

    async def open(self) -> "Purchasing":
        with idempotency_key(f"open-{self.mark}"):
            supplier = await self.erp.suppliers.create(NewSupplier(name="Uji Chaen"))
            location = await self.warehouse.locations.create(NewLocation(code=self.mark, name="Berlin"))
        self.supplier_id, self.location_id = supplier.id, location.id
        return self

    def lines(self, quantity: int, price: str = "3.33") -> tuple[NewOrderLine, ...]:
        """So much tea at this price."""
        return (NewOrderLine(sku=self.sku, quantity=quantity, unit_price=euros(price)),)

    async def request(self, quantity: int, price: str = "3.33", name: str = "1") -> PurchaseProgress:
        """Ada asks for tea."""
        with as_person("ada"):
            return await self.purchases.request_goods(
                RequestGoods(
                    reference=f"{self.mark}-{name}",
                    supplier_id=self.supplier_id,
                    location_id=self.location_id,
                    cost_centre="KITCHEN",
                    reason="The last boxes are open.",
                    lines=self.lines(quantity, price),
                )
            )

    async def decide(
        self, purchase: PurchaseProgress, person: str, approved: bool = True
    ) -> PurchaseProgress:
        """Somebody approves it, or not."""
        with as_person(person):
            return await self.purchases.decide_purchase(purchase.id, Decision(approved=approved))

    async def deliver(
        self, purchase: PurchaseProgress, quantity: int, note: str = "1", rejected: int = 0
    ) -> PurchaseProgress:
        """So much comes, and some of it goes back."""
        line = ReceiptLine(sku=self.sku, quantity=quantity, rejected=rejected)
        delivery = Delivery(delivery_note=f"{purchase.id}-{note}", lines=(line,))
        return await self.purchases.receive_goods(purchase.id, delivery)

    async def bill(
        self,
        purchase: PurchaseProgress,
        quantity: int,
        price: str = "3.33",
        name: str = "1",
        early: EarlyPayment | None = None,
    ) -> PurchaseProgress:
        """The supplier bills so much, due in a moment."""
        return await self.purchases.enter_invoice(
            purchase.id,
            InvoiceReceived(
                number=f"{purchase.id}-{name}",
                due_at=datetime(2026, 7, 31, tzinfo=UTC),
                early_payment=early,
                lines=self.lines(quantity, price),
            ),
        )

    async def run(self, name: str) -> PaymentRun:
        """A payment run, at its end."""
        return await self.run_ended(await self.purchases.start_payment_run(StartRun(run=name)))

    async def run_ended(self, run: PaymentRun) -> PaymentRun:
        """The run once all is paid."""
        async with asyncio.timeout(PATIENCE):
            while run.status is not RunState.PAID:
                await asyncio.sleep(0.05)
                run = await self.purchases.payment_run(run.id)
        return run

    async def bring_home(self, name: str, quantity: int) -> PurchaseProgress:
        """A purchase from the request to its end, doing whatever it waits for, as often as need be."""
        purchase, turn = await self.request(quantity, name=name), 0
        while (found := await self.purchases.purchase(purchase.id)).status not in ENDS:
            what = found.waiting.what.partition(".")[0] if found.waiting else ""
            if what in APPROVERS:
                with suppress(InvalidState, Forbidden):  # it was decided since it was looked at
                    await self.decide(found, APPROVERS[what])
            elif what == "goods":
                await self.deliver(found, 1, note="1")
                await self.deliver(found, quantity - 1, note="2")
            elif what == "invoice":
                await self.bill(found, quantity)
            elif what == "payment":
                turn += 1
                await self.run(f"{self.mark}-{name}-{turn}")
            await asyncio.sleep(0.02)
        return found

    async def waits(self, purchase: PurchaseProgress, what: str) -> PurchaseProgress:
        """The purchase once it waits for this."""
        found = purchase
        for _ in range(int(PATIENCE / 0.05)):
            found = await self.purchases.purchase(purchase.id)
            if found.waiting and found.waiting.what == what:
                return found
            await asyncio.sleep(0.05)
        pytest.fail(f"it does not wait for {what}: {found}")

    async def next_wait(self, purchase: PurchaseProgress, after: str) -> str:
        """What it waits for next, after it has waited for that."""
        for _ in range(int(PATIENCE / 0.02)):
            purchase = await self.purchases.purchase(purchase.id)
            if purchase.waiting and purchase.waiting.what != after:
                return purchase.waiting.what
            await asyncio.sleep(0.02)
        pytest.fail(f"it waits for nothing after {after}: {purchase}")

    async def ends(self, purchase: PurchaseProgress) -> PurchaseProgress:
        """The purchase at its end."""
        async with asyncio.timeout(PATIENCE):
            updates = [update async for update in self.purchases.follow_purchase(purchase.id)]
        return updates[-1]

    async def in_stock(self) -> int:
        """How much tea is on hand."""
        there = InventoryLevelFilter(sku=(self.sku,), location_id=self.location_id)
        return sum(level.on_hand for level in (await self.warehouse.inventory.find(there)).items)

    async def stocked(self, quantity: int) -> None:
        """Wait until so much tea is on hand; it comes there after its receipt."""
        for _ in range(int(PATIENCE / 0.05)):
            if await self.in_stock() == quantity:
                return
            await asyncio.sleep(0.05)
        pytest.fail(f"{await self.in_stock()} of {self.sku} are on hand, and not {quantity}")

    async def invoices(self, purchase: PurchaseProgress) -> tuple[SupplierInvoice, ...]:
        """What the supplier billed, as the ERP has it."""
        theirs = SupplierInvoiceFilter(purchase_order_id=purchase.id)
        return (await self.erp.supplier_invoices.find(theirs)).items

    async def payment(self, invoice: SupplierInvoice) -> OutgoingPayment:
        """The payment that settled an invoice."""
        assert invoice.payment_id is not None
        return await self.erp.outgoing_payments.get(invoice.payment_id)
