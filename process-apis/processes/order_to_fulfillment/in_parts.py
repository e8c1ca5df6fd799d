"""The business sentence for an order that may be sent in parts: what is there now, the rest when it comes.

Money is promised and taken parcel by parcel, so nobody pays for what is not sent.
"""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from processes.order_to_fulfillment.contract import OrderState, Parcel
from processes.order_to_fulfillment.parts import LONGEST, BackOrders, InParts, Supply, charge
from processes.order_to_fulfillment.portions import billed, price, rounding, stock_lines
from processes.order_to_fulfillment.steps import FulfilmentSteps, in_short
from systems.billing.contract import Billing
from systems.erp.contract import Erp
from systems.marketing.contract import Marketing
from systems.warehouse.contract import Warehouse
from triptych.canonical.billing import NewInvoice
from triptych.canonical.inventory import NewReservation
from triptych.canonical.lines import counted
from triptych.canonical.order import Order
from triptych.engine import Part, Repeat, Step, Wait
from triptych.problems import InsufficientStock, InvalidState, PaymentDeclined


class InPartsSteps(FulfilmentSteps):
    """The steps, over the system APIs; those that do not depend on parts are the whole order's."""

    def __init__(
        self, erp: Erp, warehouse: Warehouse, billing: Billing, marketing: Marketing, terms: BackOrders
    ) -> None:
        super().__init__(erp, warehouse, billing, marketing)
        self._terms = terms

    def in_parts(self) -> list[Part[InParts]]:
        """From acceptance to the last parcel."""
        return [
            Step("enter", self.check_order, undo=self.call_off_order),
            Repeat("supplies", self.holds_nothing, self.supply(), reaches=OrderState.RESERVED),
            Step("authorise", self.authorise_parcel, undo=self.void_payment, when=self.is_billed_here),
            Step("confirm", self.confirm_order, reaches=OrderState.CONFIRMED),
            Step("ship", self.ship_parcel, reaches=OrderState.SHIPPED, final=True),
            Step("capture", self.capture_parcel, when=self.is_billed_here),
            Step("announce", self.announce_parcel, optional=True),
            Repeat("rest", self.waits_for_more, self.follow_up()),
            Step("complete", self.complete_order, reaches=OrderState.COMPLETED),
            Step("regret", self.regret, when=self.is_called_off, optional=True),
        ]

    def supply(self) -> list[Step[InParts] | Wait[InParts, Any]]:
        """What is done until there is something to send."""
        return [
            Step("hold", self.hold_what_there_is, undo=self.release_stock),
            Wait(
                "supply",
                Supply,
                self.take_supply,
                when=self.holds_nothing,
                within=self.until_next_look,
                late=self.look_or_refuse,
            ),
        ]

    def follow_up(self) -> list[Step[InParts] | Wait[InParts, Any]]:
        """What is done for each further parcel; nothing of it is undone, since something was sent."""
        return [
            Wait(
                "arrival",
                Supply,
                self.take_arrival,
                within=self.until_next_look,
                late=self.look_or_give_up,
            ),
            Step("hold-more", self.hold_what_there_is, when=self.goes_on),
            Step("authorise-more", self.authorise_or_give_up, when=self.holds_what_is_billed_here),
            Step("give-back", self.give_back, when=self.holds_what_nobody_pays),
            Step("ship-more", self.ship_parcel, when=self.holds_something),
            Step("capture-more", self.capture_parcel, when=self.is_not_charged),
            Step("announce-more", self.announce_parcel, when=self.is_not_announced, optional=True),
        ]

    # --- stock ---

    async def hold_what_there_is(self, state: InParts) -> dict[str, Any]:
        """Promise the order as much as there is of what it lacks."""
        wanted = NewReservation(order_id=state.order_id, lines=stock_lines(state.lacks), partial=True)
        try:
            reservation = await self._warehouse.reservations.create(wanted)
        except InsufficientStock:
            return {"held": (), "reservation_id": None}
        return {"held": stock_lines(counted(reservation.lines)), "reservation_id": reservation.id}

    def holds_nothing(self, state: InParts) -> bool:
        """Whether there is nothing to send yet."""
        return not state.held

    def holds_something(self, state: InParts) -> bool:
        """Whether there is something to send."""
        return bool(state.held)

    def waits_for_more(self, state: InParts) -> bool:
        """Whether something is lacking that is not called off."""
        return bool(state.lacks) and not self.is_called_off(state)

    def is_called_off(self, state: InParts) -> bool:
        """Whether what is lacking is not sent any more."""
        return state.called_off_because is not None

    def goes_on(self, state: InParts) -> bool:
        """Whether it is."""
        return not self.is_called_off(state)

    def until_next_look(self, state: InParts) -> datetime:
        """When stock is looked for unasked: word of it may have come while nobody waited."""
        pause = min(self._terms.look * 2 ** min(state.looks, 20), LONGEST)
        return min(datetime.now(UTC) + pause, state.until)

    def take_supply(self, state: InParts, supply: Supply) -> dict[str, Any]:
        """Look at once. Before anything is sent, a customer cancels the order and not its rest."""
        return {"looks": 0}

    def take_arrival(self, state: InParts, supply: Supply) -> dict[str, Any]:
        """Look at once, or no more."""
        return {"called_off_because": "The rest was called off."} if supply.called_off else {"looks": 0}

    def look_or_refuse(self, state: InParts) -> dict[str, Any]:
        """Look again, until the time is up."""
        if datetime.now(UTC) >= state.until:
            skus = ", ".join(state.lacks)
            raise InvalidState(f"There was nothing of {skus} until {state.until:%Y-%m-%d}.")
        return {"looks": state.looks + 1}

    def look_or_give_up(self, state: InParts) -> dict[str, Any]:
        """Look again, until the time is up."""
        if datetime.now(UTC) >= state.until:
            return {"called_off_because": f"The rest did not come until {state.until:%Y-%m-%d}."}
        return {"looks": state.looks + 1}

    # --- parcels ---

    async def ship_parcel(self, state: InParts) -> dict[str, Any]:
        """Pack what is reserved, and hand it to the carrier."""
        order = await self._erp.orders.get(state.order_id)
        shipment_id = await self._sent(order, state.reservation_id, state.held)
        parcel = Parcel(shipment_id=shipment_id, lines=state.held)
        return {"parcels": (*state.parcels, parcel), "held": (), "reservation_id": None, "looks": 0}

    def is_not_announced(self, state: InParts) -> bool:
        """Whether the customer does not know of the last parcel."""
        return state.announced < len(state.parcels)

    async def announce_parcel(self, state: InParts) -> dict[str, int]:
        """Tell the customer what was sent, and what is to follow."""
        order = await self._erp.orders.get(state.order_id)
        said = ["We have sent you:", "", *_said(order, counted(state.parcels[-1].lines))]
        if state.lacks:
            said += ["", "The rest follows:", "", *_said(order, state.lacks)]
        await self._tell(order, "is on its way", said)
        return {"announced": len(state.parcels)}

    async def regret(self, state: InParts) -> None:
        """Tell the customer what is not sent, and not charged."""
        order = await self._erp.orders.get(state.order_id)
        said = [state.called_off_because or "", "Not sent, and not charged:", "", *_said(order, state.lacks)]
        await self._tell(order, "is complete without its rest", said)

    # --- money ---

    async def authorise_parcel(self, state: InParts) -> dict[str, str]:
        """Have the provider promise what the parcel comes to; refused when it declines."""
        order = await self._erp.orders.get(state.order_id)
        return await self._promised(order, state.payment, charge(order, state.sent, counted(state.held)))

    async def authorise_or_give_up(self, state: InParts) -> dict[str, str]:
        """The same for a later parcel: what nobody pays is called off, since something was sent already."""
        try:
            return await self.authorise_parcel(state)
        except PaymentDeclined as problem:
            return {"called_off_because": f"The rest was not paid: {problem.detail}"}

    def holds_what_is_billed_here(self, state: InParts) -> bool:
        """Whether there is something to send, and its money is this process's business."""
        return self.holds_something(state) and self.is_billed_here(state)

    def holds_what_nobody_pays(self, state: InParts) -> bool:
        """Whether something is held although the rest is called off."""
        return self.holds_something(state) and self.is_called_off(state)

    async def give_back(self, state: InParts) -> dict[str, Any]:
        """Give free what is held."""
        await self.release_stock(state)
        return {"held": (), "reservation_id": None}

    def is_not_charged(self, state: InParts) -> bool:
        """Whether the last parcel has no invoice yet, and its money is this process's business."""
        return self.is_billed_here(state) and state.parcels[-1].invoice_id is None

    async def capture_parcel(self, state: InParts) -> dict[str, Any]:
        """Issue the last parcel's invoice, take its money, and settle the one with the other."""
        assert state.payment_id is not None
        order = await self._erp.orders.get(state.order_id)
        parcel = state.parcels[-1]
        part = counted(parcel.lines)
        before = state.sent - part
        lines = billed(order.lines, before, part)
        new = NewInvoice(
            order_id=order.id,
            customer_id=order.customer_id,
            reference=order.reference,
            lines=lines,
            freight=None if before else order.freight,
            rounding=rounding(lines, price(order.lines, before, part)),
        )
        invoice = await self._charged(new, state.payment_id)
        charged = parcel.model_copy(
            update={"invoice_id": invoice.id, "payment_id": state.payment_id, "charged": invoice.total}
        )
        return {"parcels": (*state.parcels[:-1], charged), "payment_id": None}


def _said(order: Order, units: Counter[str]) -> list[str]:
    names = {line.sku: line.name for line in order.lines}
    return in_short([f"{units[sku]} × {name}" for sku, name in names.items() if units[sku]])
