"""The books of Northwind Traders, loaded whole: no row lost, each total right to the cent."""

import csv
from collections import defaultdict
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import pytest

from systems.crm.contract import Crm
from systems.crm.service import CrmService
from systems.erp.contract import Erp
from systems.erp.service import ErpService
from systems.hr.contract import Hr
from systems.hr.service import HrService
from systems.marketing.contract import Marketing
from systems.marketing.service import MarketingService
from systems.warehouse.contract import Warehouse
from systems.warehouse.service import WarehouseService
from triptych.assembly.platform import Platform
from triptych.canonical.inventory import InventoryLevelFilter
from triptych.canonical.marketing import AudienceFilter
from triptych.canonical.order import NewOrder, Order, OrderFilter
from triptych.canonical.party import CustomerFilter, SupplierFilter
from triptych.canonical.people import EmployeeFilter, PositionFilter
from triptych.canonical.product import ProductFilter
from triptych.contract import Filter, ReadOnly, every
from triptych.loading import Clients, LoadReport, Mapping, find_mapping, load, records
from triptych.settings import Settings

Books = dict[str, list[dict[str, str]]]


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "data" / "northwind"


@pytest.fixture(scope="module")
def books(folder: Path) -> Books:
    """The files as the test itself reads them: a cell that begins with a space belongs to the one before."""
    found: Books = {}
    for path in folder.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        found[path.stem] = []
        for row in rows:
            cells: list[str] = []
            for cell in row:
                if cell.startswith(" ") and len(row) > len(header):
                    cells[-1] += f",{cell}"
                else:
                    cells.append(cell)
            found[path.stem].append(dict(zip(header, cells, strict=True)))
    return found


@pytest.fixture(scope="module")
def mapping(folder: Path) -> Mapping:
    """The one that is installed, found by the folder's files."""
    return find_mapping(folder)


@dataclass
class Company:
    """Five systems with the books in them, and what the load reported."""

    crm: Crm
    erp: Erp
    warehouse: Warehouse
    hr: Hr
    marketing: Marketing
    report: LoadReport

    @property
    def clients(self) -> Clients:
        return {
            "crm": self.crm,
            "erp": self.erp,
            "warehouse": self.warehouse,
            "hr": self.hr,
            "marketing": self.marketing,
        }


@pytest.fixture(scope="module")
async def company(
    folder: Path, mapping: Mapping, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Company]:
    services = {
        "crm": CrmService,
        "erp": ErpService,
        "warehouse": WarehouseService,
        "hr": HrService,
        "marketing": MarketingService,
    }
    async with Platform(Settings(data=tmp_path_factory.mktemp("northwind")), services) as platform:
        company = Company(
            crm=platform.client(Crm, "loader"),
            erp=platform.client(Erp, "loader"),
            warehouse=platform.client(Warehouse, "loader"),
            hr=platform.client(Hr, "loader"),
            marketing=platform.client(Marketing, "loader"),
            report=LoadReport("", ""),
        )
        company.report = await load(folder, mapping, company.clients)
        yield company


async def counted(collection: ReadOnly[Any, Any], filter: Filter) -> int:
    return len([one async for one in every(collection, filter)])


async def test_every_row_of_every_file_is_in_a_system(company: Company, books: Books) -> None:
    report = company.report
    assert report.complete, report.as_json()
    assert {file.file for file in report.files} == {f"{name}.csv" for name in books} | {"northwind.yaml"}
    for file in report.files:
        rows = len(books.get(Path(file.file).stem, [{}]))
        assert (file.rows, file.created) == (rows, rows), file.file
    repaired = {file.file: file.repaired for file in report.files if file.repaired}
    assert repaired == {"orders.csv": 176, "customers.csv": 24, "suppliers.csv": 9}


async def test_the_systems_hold_as_many_records_as_the_books_have_rows(
    company: Company, books: Books
) -> None:
    erp, counts = company.erp, {name: len(rows) for name, rows in books.items()}
    assert await counted(company.crm.customers, CustomerFilter(limit=200)) == counts["customers"] == 91
    assert await counted(erp.products, ProductFilter(limit=200)) == counts["products"] == 77
    assert await counted(erp.suppliers, SupplierFilter(limit=200)) == counts["suppliers"] == 29
    assert await counted(company.hr.employees, EmployeeFilter()) == counts["employees"] == 9
    assert await counted(company.hr.positions, PositionFilter()) == 9
    assert await counted(company.marketing.audiences, AudienceFilter()) == counts["territories"] == 53
    orders = [order async for order in every(erp.orders, OrderFilter(limit=200))]
    assert len(orders) == counts["orders"] == 830
    assert sum(len(order.lines) for order in orders) == counts["order-details"] == 2155
    stock = [level async for level in every(company.warehouse.inventory, InventoryLevelFilter(limit=200))]
    assert {level.sku: level.on_hand for level in stock} == {
        f"NW-{row['productID']}": int(row["unitsInStock"]) for row in books["products"]
    }


async def test_each_orders_total_is_what_lines_discounts_and_freight_give_to_the_cent(
    company: Company, books: Books
) -> None:
    cent = Decimal("0.01")
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in books["order-details"]:
        discount = Decimal(row["discount"]).quantize(Decimal("0.0001"))
        line = Decimal(row["unitPrice"]) * int(row["quantity"]) * (1 - discount)
        totals[row["orderID"]] += line.quantize(cent, ROUND_HALF_EVEN)
    for row in books["orders"]:
        totals[row["orderID"]] += Decimal(row["freight"])
    found = {
        order.external_id: order.total.amount async for order in every(company.erp.orders, OrderFilter())
    }
    assert found == totals


async def test_an_order_says_all_that_the_books_say_of_it(company: Company, books: Books) -> None:
    (row,) = [row for row in books["orders"] if row["orderID"] == "10250"]
    assert row["shipAddress"] == "Rua do Paço, 67"
    (order,) = (await company.erp.orders.find(OrderFilter(external_id="10250"))).items
    (customer,) = (await company.crm.customers.find(CustomerFilter(external_id="HANAR"))).items
    assert order.customer_id == customer.id
    assert order.ship_to.model_dump(exclude_none=True) == {
        "name": "Hanari Carnes",
        "line1": "Rua do Paço, 67",
        "postal_code": "05454-876",
        "city": "Rio de Janeiro",
        "region": "RJ",
        "country": "BR",
    }
    assert order.ordered_at.isoformat() == "1996-07-08T00:00:00+00:00"
    assert order.extensions == {
        "employee_id": "4",
        "shipped_on": "1996-07-12",
        "carrier_id": "2",
        "carrier": "United Package",
        "carrier_phone": "(503) 555-3199",
    }
    lines = [
        (line.sku, line.quantity, str(line.discount), line.unit_price.amount_minor) for line in order.lines
    ]
    assert lines == [("NW-41", 10, "0", 770), ("NW-51", 35, "0.15", 4240), ("NW-65", 15, "0.15", 1680)]


async def test_orders_that_were_sent_are_fulfilled_and_the_others_wait(
    company: Company, books: Books
) -> None:
    sent = {row["orderID"] for row in books["orders"] if row["shippedDate"] != "NULL"}
    orders = [order async for order in every(company.erp.orders, OrderFilter(limit=200))]
    assert {order.external_id for order in orders if order.status.value == "fulfilled"} == sent
    assert {order.status.value for order in orders if order.external_id not in sent} == {"confirmed"}


async def test_people_hold_their_positions_and_report_to_each_other_as_in_the_books(
    company: Company, books: Books
) -> None:
    people = {person.external_id: person async for person in every(company.hr.employees, EmployeeFilter())}
    for row in books["employees"]:
        person = people[row["employeeID"]]
        boss = people.get(row["reportsTo"])
        assert person.manager_id == (boss.id if boss else None)
        assert person.status.value == "active"
        position = await company.hr.positions.get(person.position_id or "")
        assert (position.title, position.status.value) == (row["title"], "filled")
        territories = [
            pair["territoryID"]
            for pair in books["employee-territories"]
            if pair["employeeID"] == row["employeeID"]
        ]
        assert person.model_dump()["extensions"]["territories"] == territories


async def test_loading_again_changes_nothing(company: Company, folder: Path, mapping: Mapping) -> None:
    collections: list[ReadOnly[Any, Any]] = [
        company.crm.customers,
        company.erp.products,
        company.erp.suppliers,
        company.erp.orders,
        company.warehouse.locations,
        company.warehouse.inventory,
        company.hr.positions,
        company.hr.employees,
        company.marketing.audiences,
    ]

    async def positions() -> list[str]:
        found: list[str] = []
        for collection in collections:
            position, more = "", True
            while more:
                changes = await collection.changes(position, 200)
                position, more = changes.position, changes.more
            found.append(position)
        return found

    before = await positions()
    again = await load(folder, mapping, company.clients)
    assert again.complete
    assert all(file.unchanged == file.rows for file in again.files)
    assert await positions() == before


async def test_the_orders_can_be_read_as_input_for_other_processes(
    company: Company, folder: Path, mapping: Mapping
) -> None:
    found = [record async for record in records(folder, mapping, company.clients, "erp.orders")]
    assert len(found) == 830
    assert (found[0].line, found[0].key, found[0].state) == (2, {"external_id": "10248"}, "fulfilled")
    first = found[0].new
    assert isinstance(first, NewOrder)
    (kept,) = (await company.erp.orders.find(OrderFilter(external_id="10248"))).items
    assert isinstance(kept, Order)
    assert first.lines[0].sku == kept.lines[0].sku
    assert first.customer_id == kept.customer_id
