"""How procure-to-pay keeps its promise: the ERP keeps the books, a durable process carries a purchase out."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime

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
from processes.procure_to_pay.contract import ProcureToPay
from processes.procure_to_pay.entering import enter_invoice, enter_receipt, is_entered, open_request
from processes.procure_to_pay.matching import Tolerance, differences
from processes.procure_to_pay.payment_run import Run, RunSteps
from processes.procure_to_pay.procurement import (
    AllCame,
    InvoiceCame,
    MoneyWent,
    Procurement,
    Resolved,
)
from processes.procure_to_pay.progress import progress, received, run_progress
from processes.procure_to_pay.receipts import came
from processes.procure_to_pay.shown import PaymentRun, PurchaseProgress
from processes.procure_to_pay.steps import NOTHING_OPEN, PurchaseSteps, Terms
from systems.erp.contract import Cancellation, Erp
from systems.warehouse.contract import Adjustment, Warehouse
from triptych.canonical.inventory import InventoryLevelFilter, NewInventoryLevel
from triptych.canonical.lines import OrderLine
from triptych.canonical.payables import SupplierInvoice, SupplierInvoiceStatus
from triptych.canonical.purchasing import GoodsReceipt, PurchaseOrder
from triptych.context import current
from triptych.contract import Happened, on
from triptych.engine import Decided, ProcessEngine, ProcessStatus, Schedule
from triptych.problems import Conflict, FieldError, Forbidden, InvalidInput, InvalidState, NotFound
from triptych.settings import Settings

UNCHECKED = SupplierInvoiceStatus.RECEIVED
BUYING, PAYING = "procure-to-pay.buy", "procure-to-pay.pay"


class ProcureToPayService(ProcureToPay):
    """Purchase orders are kept in the ERP, processes in the engine; the purchase order's id names both."""

    def __init__(self, erp: Erp, warehouse: Warehouse, engine: ProcessEngine, settings: Settings) -> None:
        self._erp = erp
        self._warehouse = warehouse
        self._engine = engine
        self._tolerance = Tolerance(settings.match_price, settings.match_quantity)
        terms = Terms(
            settings.purchase_approval_over, settings.purchase_second_approval_over, self._tolerance
        )
        self._steps = PurchaseSteps(erp, terms)
        self._purchases = engine.saga(
            BUYING, version=1, steps=self._steps.sentence(), state=Procurement, begins="requested"
        )
        self._schedule = Schedule(settings.payment_runs, self._run_of)
        self._runs = engine.saga(
            PAYING,
            version=1,
            steps=RunSteps(erp).sentence(),
            state=Run,
            begins="begun",
            schedule=self._schedule,
        )

    # --- what people do ---

    async def request_goods(self, new: RequestGoods) -> PurchaseProgress:
        purchase = await open_request(self._erp, new, current().caller.who)
        begun = Procurement(
            purchase_id=purchase.id,
            reference=purchase.external_id,
            supplier_id=purchase.supplier_id,
            location_id=purchase.location_id,
            requested_by=purchase.requested_by or current().caller.who,
            cost_centre=new.cost_centre,
            reason=new.reason,
            lines=purchase.lines,
            total=purchase.total,
        )
        return self._shown(await self._purchases.start(purchase.id, begun))

    async def waiting(self, work: Work | None = None, limit: int = 50) -> tuple[PurchaseProgress, ...]:
        found = await self._engine.waiting(BUYING, work, limit=limit)
        return tuple(self._shown(status).model_copy(update={"timeline": ()}) for status in found)

    async def purchase(self, purchase_id: str) -> PurchaseProgress:
        status = await self._purchases.status(purchase_id)
        state = self._purchases.read(status)
        kept = await came(self._erp, purchase_id)
        return progress(state, status).model_copy(update={"received": received(state, kept)})

    async def decide_purchase(self, purchase_id: str, decision: Decision) -> PurchaseProgress:
        state, by = await self._purchases.state(purchase_id), current().caller.who
        if by == state.requested_by:
            raise Forbidden(f"{by} asked for it: somebody else decides.")
        line = "second-approval" if state.approved_by else "approval"
        if not self._steps.needs_approval(state) or (
            state.approved_by and not self._steps.needs_second_approval(state)
        ):
            raise InvalidState(f"{purchase_id} needs no {'further ' if state.approved_by else ''}approval.")
        if by in state.approved_by:
            raise Forbidden(f"{by} has approved it already: a second person decides.")
        decided = Decided(approved=decision.approved, reason=decision.reason, by=by)
        return self._shown(await self._purchases.tell(purchase_id, line, decided))

    async def receive_goods(self, purchase_id: str, delivery: Delivery) -> PurchaseProgress:
        await self._purchases.status(purchase_id)
        await enter_receipt(self._erp, purchase_id, delivery)
        return await self.purchase(purchase_id)

    async def enter_invoice(self, purchase_id: str, invoice: InvoiceReceived) -> PurchaseProgress:
        billed = await self._is_billed(purchase_id)
        if not await is_entered(self._erp, purchase_id, invoice):
            if billed:
                raise InvalidState(NOTHING_OPEN)
            await enter_invoice(self._erp, purchase_id, invoice)
        return await self.purchase(purchase_id)

    async def resolve_match(self, purchase_id: str, resolution: Resolution) -> PurchaseProgress:
        status = await self._purchases.status(purchase_id)
        waits = status.waits
        if waits is None or not waits.step.startswith("decision."):
            raise InvalidState(f"No invoice of {purchase_id} waits for a decision.")
        if resolution.verdict is Verdict.CORRECT:
            self._check_correction(self._purchases.read(status), resolution)
        resolved = Resolved(**resolution.model_dump(), by=current().caller.who)
        return self._shown(await self._purchases.tell(purchase_id, waits.step, resolved))

    def _check_correction(self, state: Procurement, resolution: Resolution) -> None:
        """Refuse a correction after which the invoice would still not match."""
        lines = tuple(OrderLine.of(line) for line in resolution.lines or ())
        if found := differences(state.due, lines, resolution.freight, self._tolerance):
            errors = [FieldError(pointer="/lines", detail=each.detail) for each in found]
            raise InvalidInput(f"/lines: {errors[0]['detail']}.", errors=errors)

    async def expect_no_more(self, purchase_id: str) -> PurchaseProgress:
        waits = (await self._purchases.status(purchase_id)).waits
        if waits and waits.step == "goods":
            await self._erp.complete_purchase(purchase_id)
            return await self.purchase(purchase_id)
        if waits and waits.step.startswith("invoice."):
            return self._shown(await self._purchases.tell(purchase_id, waits.step, InvoiceCame()))
        raise InvalidState(f"{purchase_id} waits neither for goods nor for an invoice.")

    async def cancel_purchase(self, purchase_id: str) -> PurchaseProgress:
        await self._purchases.status(purchase_id)
        # the ERP decides whether it is too late, in one moment with the goods that may be coming in
        await self._erp.cancel_purchase(
            purchase_id, Cancellation(reason=f"Called off by {current().caller.who}.")
        )
        with suppress(InvalidState):  # a step that found it called off was refused before
            await self._purchases.cancel(purchase_id)
        return await self.purchase(purchase_id)

    async def follow_purchase(
        self, purchase_id: str, last_event_id: str = ""
    ) -> AsyncIterator[PurchaseProgress]:
        async for status in self._purchases.follow(purchase_id):
            update = self._shown(status)
            if str(update.event_id) != last_event_id:
                yield update

    # --- what the clock does ---

    def _run_of(self, tick: datetime) -> Run:
        """A scheduled run: what is due before the next one is paid in this one."""
        return Run(name=f"{tick:%Y-%m-%dT%H:%MZ}", until=self._schedule.next_after(tick))

    async def start_payment_run(self, start: StartRun) -> PaymentRun:
        until = start.until or self._schedule.next_after(datetime.now(UTC))
        return self._run_shown(await self._runs.start(start.run, Run(name=start.run, until=until)))

    async def payment_runs(self, limit: int = 50) -> tuple[PaymentRun, ...]:
        found = await self._engine.list(PAYING, limit=limit)
        return tuple(self._run_shown(status).model_copy(update={"timeline": ()}) for status in found)

    async def payment_run(self, run: str) -> PaymentRun:
        return self._run_shown(await self._runs.status(run))

    # --- what happens in the ERP ---

    @on(Erp.goods_received)
    async def put_in_stock(self, happened: Happened[GoodsReceipt]) -> None:
        """What came for a location of the warehouse is on hand there."""
        receipt = happened.data
        with suppress(NotFound):  # it may be no purchase of ours
            state = await self._purchases.state(receipt.purchase_order_id)
            if location_id := receipt.location_id or state.location_id:
                for line in receipt.lines:
                    if line.kept:
                        await self._add(line.sku, location_id, line.kept, receipt)

    async def _add(self, sku: str, location_id: str, quantity: int, receipt: GoodsReceipt) -> None:
        there = InventoryLevelFilter(sku=(sku,), location_id=location_id, limit=1)
        if not (await self._warehouse.inventory.find(there)).items:
            with suppress(Conflict):  # it was opened in the same moment
                await self._warehouse.inventory.create(NewInventoryLevel(sku=sku, location_id=location_id))
        reason = f"Delivery note {receipt.delivery_note or receipt.id}"
        await self._warehouse.adjust_stock(
            Adjustment(sku=sku, location_id=location_id, by=quantity, reason=reason)
        )

    @on(Erp.purchase_received)
    async def hear_of_goods(self, happened: Happened[PurchaseOrder]) -> None:
        """All that was ordered has come, or counts as if it had."""
        purchase_id = happened.subject
        with suppress(NotFound):
            await self._purchases.tell(purchase_id, "goods", AllCame(purchase_id=purchase_id))

    @on(Erp.supplier_invoice_entered)
    async def hear_of_invoice(self, happened: Happened[SupplierInvoice]) -> None:
        """An invoice that was entered, here or in the ERP, is checked; one too many is sent back."""
        invoice = happened.data
        with suppress(NotFound):
            if not await self._is_billed(invoice.purchase_order_id):
                line, message = f"invoice.{invoice.sequence}", InvoiceCame(invoice_id=invoice.id)
                await self._purchases.tell(invoice.purchase_order_id, line, message)
            # it is told again after a crash, and may be matched since
            elif (await self._erp.supplier_invoices.get(invoice.id)).status is UNCHECKED:
                await self._erp.refuse_supplier_invoice(invoice.id, Cancellation(reason=NOTHING_OPEN))

    @on(Erp.supplier_invoice_paid)
    async def hear_of_payment(self, happened: Happened[SupplierInvoice]) -> None:
        """An invoice that was paid, by a run or by somebody in the ERP, is settled here."""
        invoice = happened.data
        with suppress(NotFound):
            went = MoneyWent(payment_id=invoice.payment_id or invoice.id)
            await self._purchases.tell(invoice.purchase_order_id, f"payment.{invoice.sequence}", went)

    @on(Erp.purchase_cancelled)
    async def call_off(self, happened: Happened[PurchaseOrder]) -> None:
        """What somebody calls off in the ERP is called off here too."""
        # it may have come in another way, or be over: then it was this process that called it off
        with suppress(NotFound, InvalidState):
            await self._purchases.cancel(happened.subject)

    async def _is_billed(self, purchase_id: str) -> bool:
        """Whether everything that came of a purchase was billed, so that no invoice is awaited any more."""
        status = await self._purchases.status(purchase_id)
        return any(line.step == "invoices" for line in status.timeline)

    def _shown(self, status: ProcessStatus) -> PurchaseProgress:
        return progress(self._purchases.read(status), status)

    def _run_shown(self, status: ProcessStatus) -> PaymentRun:
        return run_progress(self._runs.read(status), status)
