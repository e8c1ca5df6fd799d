"""The Northwind books: loaded without a lost row, and its 830 orders carried out twice over."""

import asyncio
import csv
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from processes.order_to_fulfillment.contract import (
    OrderProgress,
    OrderState,
    OrderToFulfillment,
    PlaceOrder,
)
from systems.billing.contract import Billing
from systems.crm.contract import Crm
from systems.erp.contract import Erp
from systems.hr.contract import Hr
from systems.warehouse.contract import Adjustment, Warehouse
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.canonical.billing import InvoiceFilter, InvoiceStatus, PaymentFilter, PaymentStatus
from triptych.canonical.inventory import InventoryLevel, InventoryLevelFilter
from triptych.canonical.order import NewOrder, OrderFilter
from triptych.canonical.party import CustomerFilter, SupplierFilter
from triptych.canonical.people import EmployeeFilter
from triptych.canonical.product import ProductFilter
from triptych.context import idempotency_key
from triptych.contract import every
from triptych.loading import LoadReport, find_mapping, load, records
from triptych.settings import Settings

pytestmark = pytest.mark.blocking(
    "each test puts a landscape together, which reads its keys and migrations first"
)
AT_ONCE = 24
SERVICES = installed()


class Books:
    """The books' folder, read by hand as the reference."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mapping = find_mapping(folder)
        self.lines: dict[str, list[dict[str, str]]] = defaultdict(list)
        for row in self.rows("order-details.csv"):
            self.lines[row["orderID"]].append(row)
        # freight is the eighth cell; the cells that an unquoted comma splits come after it
        with (folder / "orders.csv").open(encoding="utf-8", newline="") as file:
            self.freight = {row[0]: Decimal(row[7]) for row in list(csv.reader(file))[1:]}

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def total(self, order_id: str) -> int:
        """Cents: each line rounded half to even, and the freight."""
        cent = Decimal("0.01")
        lines = sum(
            (Decimal(line["unitPrice"]) * int(line["quantity"]) * (1 - Decimal(line["discount"]))).quantize(
                cent, ROUND_HALF_EVEN
            )
            for line in self.lines[order_id]
        )
        return int((lines + self.freight[order_id].quantize(cent, ROUND_HALF_EVEN)) * 100)

    def sold(self) -> Counter[str]:
        """How many of each SKU the orders ask for."""
        sold = Counter[str]()
        for lines in self.lines.values():
            for line in lines:
                sold[f"NW-{line['productID']}"] += int(line["quantity"])
        return sold


@pytest.fixture(scope="module")
def books(shared: Path) -> Books:
    return Books(shared / "data/northwind")


class Trader:
    """A landscape that holds the books."""

    def __init__(self, platform: Platform, books: Books) -> None:
        self.platform = platform
        self.books = books
        self.clients = {name: platform.client(made, "loader") for name, made in SERVICES.items()}
        self.mapping = books.mapping

    async def load(self, *only: str) -> LoadReport:
        return await load(self.books.folder, self.mapping, self.clients, only=only)

    def client(self, api: Any) -> Any:
        return self.platform.client(api, "tests")

    async def levels(self) -> dict[str, InventoryLevel]:
        levels = every(self.client(Warehouse).inventory, InventoryLevelFilter(limit=200))
        return {level.sku: level async for level in levels}

    async def carry_out(self) -> dict[str, OrderProgress]:
        """Every order of the books, placed and waited for, by its number in the books."""
        orders = self.platform.client(OrderToFulfillment, "tests")
        places = asyncio.Semaphore(AT_ONCE)
        done: dict[str, OrderProgress] = {}

        async def one(number: str, new: NewOrder) -> None:
            async with places:
                order = new.model_copy(update={"external_id": None, "reference": number})
                with idempotency_key(f"northwind/{number}"):
                    placed = await orders.place_order(PlaceOrder(order=order))
                async for progress in orders.follow_order(placed.id):
                    done[number] = progress

        found = [
            (str(record.key["external_id"]), cast("NewOrder", record.new))
            async for record in records(self.books.folder, self.mapping, self.clients, "erp.orders")
        ]
        await asyncio.gather(*(one(number, new) for number, new in found))
        return done


@pytest.fixture
def kept(tmp_path: Path) -> Settings:
    """Settings are read from files, and so before the event loop runs."""
    return Settings(data=tmp_path)


@asynccontextmanager
async def trading(books: Books, kept: Settings) -> AsyncGenerator[Trader]:
    async with Platform(kept, SERVICES) as platform:
        yield Trader(platform, books)


async def count(collection: Any, filter: Any) -> int:
    return len([one async for one in every(collection, filter)])


async def test_the_books_go_in_without_a_lost_row_and_loading_again_changes_nothing(
    books: Books, kept: Settings
) -> None:
    async with trading(books, kept) as trader:
        first = await trader.load()
        assert first.complete, first.as_json()
        crm, erp, hr = trader.client(Crm), trader.client(Erp), trader.client(Hr)
        assert await count(crm.customers, CustomerFilter(limit=200)) == len(books.rows("customers.csv")) == 91
        assert await count(erp.products, ProductFilter(limit=200)) == len(books.rows("products.csv")) == 77
        assert await count(erp.suppliers, SupplierFilter(limit=200)) == len(books.rows("suppliers.csv")) == 29
        assert await count(hr.employees, EmployeeFilter(limit=200)) == len(books.rows("employees.csv")) == 9
        loaded = [order async for order in every(erp.orders, OrderFilter(limit=200))]
        assert len(loaded) == len(books.freight) == 830
        assert sum(len(order.lines) for order in loaded) == len(books.rows("order-details.csv")) == 2155
        assert {order.external_id: order.total.amount_minor for order in loaded} == {
            number: books.total(number) for number in books.freight
        }
        again = await trader.load()
        assert again.complete
        assert all(file.created == file.updated == 0 for file in again.files)


async def test_with_enough_stock_all_830_orders_complete_to_the_cent(books: Books, kept: Settings) -> None:
    async with trading(books, kept) as trader:
        await trader.load("crm.customers", "erp.suppliers", "erp.products", "warehouse.locations")
        await trader.load("warehouse.inventory")
        warehouse, sold = trader.client(Warehouse), books.sold()
        before = await trader.levels()
        for sku, level in before.items():
            needed = Adjustment(sku=sku, location_id=level.location_id, by=sold[sku])
            await warehouse.adjust_stock(needed)
        done = await trader.carry_out()
        assert Counter(order.status for order in done.values()) == {OrderState.COMPLETED: 830}
        assert {number: order.total.amount_minor for number, order in done.items()} == {
            number: books.total(number) for number in books.freight
        }
        after = await trader.levels()
        assert {sku: (level.on_hand, level.reserved) for sku, level in after.items()} == {
            sku: (level.on_hand, 0) for sku, level in before.items()
        }
        await _money_adds_up(trader, done)


async def test_with_the_stock_of_the_books_what_fails_names_the_sku_that_was_short(
    books: Books, kept: Settings
) -> None:
    async with trading(books, kept) as trader:
        await trader.load("crm.customers", "erp.suppliers", "erp.products", "warehouse.locations")
        await trader.load("warehouse.inventory")
        before = await trader.levels()
        done = await trader.carry_out()
        completed = {number for number, order in done.items() if order.status is OrderState.COMPLETED}
        assert 0 < len(completed) < 830
        sent = Counter[str]()
        for number, order in done.items():
            if number in completed:
                for line in order.lines:
                    sent[line.sku] += line.quantity
            else:
                assert order.status is OrderState.REJECTED
                assert order.problem is not None
                assert order.problem.extra["sku"] in {line.sku for line in order.lines}
        after = await trader.levels()
        assert {sku: (level.on_hand, level.reserved) for sku, level in after.items()} == {
            sku: (level.on_hand - sent[sku], 0) for sku, level in before.items()
        }
        await _money_adds_up(trader, done)


async def _money_adds_up(trader: Trader, done: dict[str, OrderProgress]) -> None:
    """Each completed order has one paid invoice and one captured payment of its total; no other has any."""
    billing = trader.client(Billing)
    owed = {order.id: order.total for order in done.values() if order.status is OrderState.COMPLETED}
    invoices = [one async for one in every(billing.invoices, InvoiceFilter(limit=200))]
    payments = [one async for one in every(billing.payments, PaymentFilter(limit=200))]
    assert {one.order_id: one.total for one in invoices} == owed
    assert len(invoices) == len(owed)
    assert all(one.status is InvoiceStatus.PAID for one in invoices)
    taken = {one.order_id: one.captured for one in payments if one.status is PaymentStatus.CAPTURED}
    assert taken == owed
    assert all(one.status in (PaymentStatus.CAPTURED, PaymentStatus.VOIDED) for one in payments)
    numbers = sorted(one.number for one in invoices)
    assert [int(number.rpartition("-")[2]) for number in numbers] == list(range(1, len(numbers) + 1))
