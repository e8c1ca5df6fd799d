"""Over random parcels, returns and cancellations the money and the stock add up, to the cent."""

import asyncio
import random
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from processes.order_to_fulfillment.contract import OrderProgress, ReturnDecision
from processes.order_to_fulfillment.portions import billed, given_back, price, rounding, stock_lines, worth
from systems.warehouse.contract import Inspection
from tests.journeys.parts import ENDS, FREIGHT, Depot, Here, until
from tests.journeys.test_in_parts import Patient, hasty
from triptych.canonical.lines import NewOrderLine, OrderLine, StockLine, counted, totals
from triptych.canonical.money import Money
from triptych.canonical.shipping import InspectedLine
from triptych.problems import Conflict, InvalidState

ORDERS = 6
ZERO = Money.zero("EUR")


class Story:
    """A few orders at once, and everything that happens to them by chance."""

    def __init__(self, depot: Depot, seed: int) -> None:
        self.depot = depot
        self.chance = random.Random(seed)
        self.on_hand = {depot.tea: 4, depot.cup: 4}
        """What was ever there."""
        self.written_off = {depot.tea: 0, depot.cup: 0}

    async def told(self) -> None:
        """The story, to its end."""
        orders = [await self._ordered() for _ in range(ORDERS)]
        for _ in range(8):
            await self._happens(self.chance.choice(orders))
            await asyncio.sleep(self.chance.uniform(0, 0.1))
        for order in orders:
            await self._ends(order)
        for order in orders:
            if self.chance.random() < 0.5:
                await self._comes_back(order)
        await asyncio.gather(*(self._adds_up(order) for order in orders))
        await self._stock_adds_up(orders)

    async def _ordered(self) -> OrderProgress:
        tea, cups = self.chance.randint(1, 5), self.chance.randint(0, 3)
        return await self.depot.order(tea=tea, cups=cups)

    async def _happens(self, order: OrderProgress) -> None:
        what = self.chance.random()
        if what < 0.5:
            await self._stock(self.chance.choice(list(self.on_hand)), self.chance.randint(1, 6))
        elif what < 0.7:
            await self._cancelled(order)
        else:
            await self._comes_back(order)

    async def _stock(self, sku: str, many: int) -> None:
        await self.depot.comes(sku, many)
        self.on_hand[sku] += many

    async def _cancelled(self, order: OrderProgress) -> None:
        try:
            await self.depot.orders.cancel_order(order.id)
        except InvalidState:
            assert (await self.depot.ends(order)).status in ENDS

    async def _ends(self, order: OrderProgress) -> None:
        """Whatever it still waits for, it ends."""
        if self.chance.random() < 0.3:
            await self._cancelled(order)
            return
        now = await self.depot.until(order, lambda now: bool(now.waiting) or now.status in ENDS)
        while now.status not in ENDS:
            for line in now.back_ordered:
                await self._stock(line.sku, line.quantity)
            await asyncio.sleep(0.05)
            now = await self.depot.orders.order(order.id)

    async def _comes_back(self, order: OrderProgress) -> None:
        sent = await self.depot.with_the_customer(order)
        lines = stock_lines({sku: self.chance.randint(0, many) for sku, many in sent.items()})
        if not lines:
            return
        wanted = {line.sku: line.quantity for line in lines}
        try:
            asked = await self.depot.asks(order, wanted.get(self.depot.tea, 0), wanted.get(self.depot.cup, 0))
        except Conflict:  # some of it is on its way back already
            return
        if self.chance.random() < 0.2:
            await self.depot.orders.cancel_return(asked.id)
            return
        approved = self.chance.random() < 0.8
        await self.depot.orders.decide_return(asked.id, ReturnDecision(approved=approved))
        if approved:
            inspection = self._inspected(lines)
            await self.depot.orders.take_in_return(asked.id, inspection)
            for line in inspection.lines:
                self.written_off[line.sku] += line.quantity - line.restocked
        await self.depot.returned(asked, lambda now: now.status in ENDS)

    def _inspected(self, lines: tuple[StockLine, ...]) -> Inspection:
        found: list[InspectedLine] = []
        for line in lines:
            came = self.chance.randint(1, line.quantity)
            good = self.chance.randint(0, came)
            found.append(InspectedLine(sku=line.sku, quantity=came, restocked=good))
        return Inspection(lines=tuple(found))

    async def _adds_up(self, order: OrderProgress) -> None:
        """Captured - refunded is what the goods with the customer come to; carriage goes back at the end."""
        depot = self.depot
        order = await depot.ends(order)
        mine = await depot.with_the_customer(order)
        books = await depot.in_the_books(order)
        sent = counted(line for parcel in order.parcels for line in parcel.lines)
        back = sent - mine
        goods = worth(books.lines, sent) - worth(books.lines, back)
        kept = await depot.kept(order)
        assert kept == (goods + FREIGHT if sent else ZERO) or (not mine and kept in (ZERO, FREIGHT))
        assert (
            sum(sent.values()) == sum(line.quantity for line in order.lines) or order.called_off or not sent
        )
        for payment in await depot.payments(order):
            assert ZERO <= payment.refunded <= payment.captured <= payment.amount

    async def _stock_adds_up(self, orders: list[OrderProgress]) -> None:
        """Nothing is promised any more; what is not in the warehouse is with customers, or written off."""
        for sku, ever in self.on_hand.items():
            gone = [(await self.depot.with_the_customer(order))[sku] for order in orders]
            left = ever - sum(gone) - self.written_off[sku]
            await until(lambda sku=sku: self.depot.level(sku), lambda level, left=left: level == (left, 0))


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_to_orders_money_and_stock_add_up(tmp_path: Path, seed: int) -> None:
    async with hasty(tmp_path, Patient) as platform:
        await Story(await Depot(Here(platform)).open(tea=4, cups=4), seed).told()


lines = some.builds(
    NewOrderLine,
    sku=some.sampled_from(["TEA", "CUP"]),
    quantity=some.integers(1, 40),
    discount=some.decimals(0, 1, places=4),
    unit_price=some.integers(0, 10**6).map(lambda minor: Money(amount_minor=minor, currency="EUR")),
)
orders = some.lists(lines, min_size=1, max_size=5).map(lambda asked: [OrderLine.of(line) for line in asked])


@given(orders, some.data())
def test_however_an_order_is_cut_its_parts_cost_as_much_as_the_whole(
    order: list[OrderLine], data: some.DataObject
) -> None:
    whole, before, taken = counted(order), counted([]), ZERO
    while before != whole:
        part = counted([])
        for sku, many in (whole - before).items():
            part[sku] = data.draw(some.integers(0, many))
        part = +part or (whole - before)
        invoice = billed(order, before, part)
        owed = price(order, before, part)
        adjusted = rounding(invoice, owed) or ZERO
        assert counted(invoice) == +part
        assert abs(adjusted.amount_minor) <= len(invoice)
        if invoice:
            assert totals([OrderLine.of(line) for line in invoice]).total + adjusted == owed
        before, taken = before + part, taken + owed
    assert taken == totals(order).total


amounts = some.integers(0, 10**6).map(lambda minor: Money(amount_minor=minor, currency="EUR"))


@given(some.lists(amounts, min_size=1, max_size=5), some.data())
def test_however_money_is_given_back_each_payment_gives_what_was_taken_and_no_more(
    taken: list[Money], data: some.DataObject
) -> None:
    total = Money.sum(taken, "EUR")
    cuts = data.draw(some.lists(some.integers(0, total.amount_minor), max_size=5).map(sorted))
    marks = [ZERO, *(Money(amount_minor=cut, currency="EUR") for cut in cuts), total]
    given = [given_back(taken, first, last) for first, last in pairwise(marks)]
    assert [Money.sum(each, "EUR") for each in zip(*given, strict=True)] == taken
    assert min(share for shares in given for share in shares) >= ZERO
