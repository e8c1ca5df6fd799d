"""What procure-to-pay promises."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated

from fastapi import Body, Path, Query

from processes.procure_to_pay.asked import (
    Decision,
    Delivery,
    InvoiceReceived,
    RequestGoods,
    Resolution,
    StartRun,
    Verdict,
    Work,
)
from processes.procure_to_pay.shown import (
    Billed,
    Difference,
    Kind,
    PaymentRun,
    PurchaseProgress,
    PurchaseState,
    Received,
    RunName,
    RunState,
)
from triptych.canonical.fields import Id
from triptych.contract import ProcessApi, flow, get, post
from triptych.problems import Conflict, InvalidInput, InvalidState, NotFound

__all__ = [
    "Billed",
    "Decision",
    "Delivery",
    "Difference",
    "InvoiceReceived",
    "Kind",
    "PaymentRun",
    "ProcureToPay",
    "PurchaseProgress",
    "PurchaseState",
    "Received",
    "RequestGoods",
    "Resolution",
    "RunState",
    "StartRun",
    "Verdict",
    "Work",
]

Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]


class ProcureToPay(ProcessApi, version=1, owner="procurement"):
    """From what somebody needs to its supplier's money.

    A request over a threshold is approved, by two people over another one, and never by who asked; it is
    ordered, comes in one delivery or several, and is billed. An invoice that fits order and receipts is paid
    by the next run that it is due for; one that does not waits for a person. Nothing is paid twice.
    """

    requests = flow(
        "What somebody needs goes to whoever approves it, and to the supplier as a purchase order.",
        pace="near-real-time",
        owner="procurement",
        failure="Goods come late; people buy past the books.",
        within=timedelta(minutes=5),
    )
    deliveries = flow(
        "What a supplier delivers goes from the ERP's receipts into the warehouse's stock.",
        pace="near-real-time",
        owner="logistics",
        failure="The shop shows goods as sold out that lie in the warehouse.",
        within=timedelta(minutes=5),
    )
    supplier_invoices = flow(
        "A supplier's invoice is held against its order and its receipts.",
        pace="near-real-time",
        owner="finance-systems",
        failure="Discounts for paying soon are lost.",
        within=timedelta(hours=1),
    )
    payments = flow(
        "Matched invoices that are due are paid, supplier by supplier.",
        pace="batch",
        owner="finance-systems",
        failure="Suppliers are paid late: interest on what is owed, and deliveries held back.",
        within=timedelta(hours=12),
    )

    @post("/purchases", status=202, location="/purchases/{id}", raises=[InvalidInput, Conflict], timeout=15)
    async def request_goods(self, new: Annotated[RequestGoods, Body()]) -> PurchaseProgress:
        """Ask for goods. From now on the request comes to its end, however many weeks that takes."""
        ...

    @get("/waiting")
    async def waiting(
        self,
        work: Annotated[Work | None, Query(description="Those that wait for this.")] = None,
        limit: Limit = 50,
    ) -> tuple[PurchaseProgress, ...]:
        """Purchases that wait for somebody, the most urgent first, without their timelines."""
        ...

    @get("/purchases/{purchase_id}", raises=[NotFound])
    async def purchase(self, purchase_id: Id) -> PurchaseProgress:
        """One purchase, how far it has come, what of it has come, and what was done for it."""
        ...

    @post(
        "/purchases/{purchase_id}/decision",
        status=202,
        location="/purchases/{id}",
        scope="procure-to-pay:approve",
        raises=[NotFound, InvalidState],
    )
    async def decide_purchase(
        self, purchase_id: Id, decision: Annotated[Decision, Body()]
    ) -> PurchaseProgress:
        """Approve a purchase over a threshold, or not; forbidden to who asked or approved it before."""
        ...

    @post(
        "/purchases/{purchase_id}/deliveries",
        status=202,
        location="/purchases/{id}",
        scope="procure-to-pay:receive",
        raises=[NotFound, InvalidState, InvalidInput, Conflict],
    )
    async def receive_goods(self, purchase_id: Id, delivery: Annotated[Delivery, Body()]) -> PurchaseProgress:
        """Note what a supplier delivered, or a part of it; the same delivery note again changes nothing."""
        ...

    @post(
        "/purchases/{purchase_id}/invoices",
        status=202,
        location="/purchases/{id}",
        scope="procure-to-pay:match",
        raises=[NotFound, InvalidState, Conflict],
    )
    async def enter_invoice(
        self, purchase_id: Id, invoice: Annotated[InvoiceReceived, Body()]
    ) -> PurchaseProgress:
        """Enter a supplier's invoice; it is checked once the goods have come."""
        ...

    @post(
        "/purchases/{purchase_id}/match",
        status=202,
        location="/purchases/{id}",
        scope="procure-to-pay:match",
        raises=[NotFound, InvalidState, InvalidInput],
    )
    async def resolve_match(
        self, purchase_id: Id, resolution: Annotated[Resolution, Body()]
    ) -> PurchaseProgress:
        """Accept an invoice that does not match, correct it so that it does, or send it back."""
        ...

    @post(
        "/purchases/{purchase_id}/complete",
        status=202,
        location="/purchases/{id}",
        scope="procure-to-pay:match",
        raises=[NotFound, InvalidState, Conflict],
    )
    async def expect_no_more(self, purchase_id: Id) -> PurchaseProgress:
        """Wait no longer: while goods are awaited for more of them, after that for more invoices."""
        ...

    @post(
        "/purchases/{purchase_id}/cancel", status=202, location="/purchases/{id}", raises=[NotFound, Conflict]
    )
    async def cancel_purchase(self, purchase_id: Id) -> PurchaseProgress:
        """Withdraw a request, or call its order off. Impossible once goods came."""
        ...

    @get("/purchases/{purchase_id}/events", raises=[NotFound])
    def follow_purchase(self, purchase_id: Id, last_event_id: str = "") -> AsyncIterator[PurchaseProgress]:
        """The purchase now, and again after each change, until it has come to its end."""
        ...

    @post("/payment-runs", status=202, location="/payment-runs/{id}", scope="procure-to-pay:pay")
    async def start_payment_run(self, start: Annotated[StartRun, Body()]) -> PaymentRun:
        """Pay what is due, beside the scheduled runs; one that has this name already is answered instead."""
        ...

    @get("/payment-runs")
    async def payment_runs(self, limit: Limit = 50) -> tuple[PaymentRun, ...]:
        """Payment runs, newest first, without their timelines."""
        ...

    @get("/payment-runs/{run}", raises=[NotFound])
    async def payment_run(
        self, run: Annotated[RunName, Path(description="What the run is called.")]
    ) -> PaymentRun:
        """One payment run, and how far it has come."""
        ...
