"""`triptych where`, beside a platform that runs: from an order that failed to one that is repaired."""

import sqlite3
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from processes.order_to_fulfillment.contract import OrderToFulfillment, PlaceOrder
from systems.crm.contract import Crm
from systems.erp.contract import Erp
from systems.warehouse.contract import Warehouse
from tests.triptych.cli.conftest import Triptych
from tests.triptych.running.shell import Running, Shell
from triptych.canonical.inventory import NewInventoryLevel, NewLocation
from triptych.canonical.lines import NewOrderLine
from triptych.canonical.money import Money
from triptych.canonical.order import NewOrder
from triptych.canonical.party import Address, NewCustomer
from triptych.canonical.product import NewProduct
from triptych.context import idempotency_key
from triptych.running.loop import run
from triptych.running.reaching import clients
from triptych.settings import Settings

pytestmark = pytest.mark.blocking("a command has its event loop to itself")
SERVICES = "crm,erp,warehouse,billing,marketing,order-to-fulfillment,operations"
STREET = "14 Hidden Lane"


@dataclass
class House:
    """A company that runs, and somebody who buys from it."""

    shell: Shell
    running: Running
    customer: str = ""

    def order(self, reference: str) -> str:
        """The id of an order that is placed, once it rests."""

        async def place() -> str:
            async with clients(Settings(data=self.shell.data), "test") as found:
                crm, erp, warehouse = found["crm"], found["erp"], found["warehouse"]
                orders = found["order-to-fulfillment"]
                assert isinstance(crm, Crm)
                assert isinstance(erp, Erp)
                assert isinstance(warehouse, Warehouse)
                assert isinstance(orders, OrderToFulfillment)
                price = Money(amount_minor=100, currency="EUR")
                with idempotency_key("beginning"):
                    customer = await crm.customers.create(NewCustomer(name="Ada", email="ada@example.com"))
                    await erp.products.create(NewProduct(sku="MOON-1", name="Moon", price=price))
                    await stock(warehouse)
                order = NewOrder(
                    customer_id=customer.id,
                    reference=reference,
                    lines=(NewOrderLine(sku="MOON-1", quantity=1, unit_price=price),),
                    ship_to=Address(line1=STREET, city="Berlin", country="DE"),
                )
                with idempotency_key(reference):
                    placed = await orders.place_order(PlaceOrder(order=order))
                async for _ in orders.follow_order(placed.id):
                    continue
                self.customer = customer.id
                return placed.id

        return run(place())

    def alter(self, statement: str) -> None:
        """Do something to the warehouse's database."""
        with closing(sqlite3.connect(self.shell.data / "warehouse.db", timeout=30)) as warehouse:
            warehouse.execute(statement)
            warehouse.commit()


async def stock(warehouse: Warehouse) -> None:
    """A thousand moons."""
    location = await warehouse.locations.create(NewLocation(code="BER", name="Berlin"))
    moons = NewInventoryLevel(sku="MOON-1", location_id=location.id, on_hand=1000)
    await warehouse.inventory.create(moons)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Generator[House]:
    """A company with our own services, whose steps are tried once."""
    settings = {"TRIPTYCH_SERVICES": SERVICES, "TRIPTYCH_SEED": "false", "TRIPTYCH_STEP_ATTEMPTS": "1"}
    shell = Shell(tmp_path_factory.mktemp("shell"), **settings)
    yield House(shell, shell.up())
    shell.close()


@pytest.fixture
def beside(triptych: Triptych, house: House) -> Triptych:
    """Run a command against the platform that is up."""
    return lambda *arguments, **settings: triptych(
        *arguments, TRIPTYCH_DATA=str(house.shell.data), **settings
    )


@pytest.fixture(scope="module")
def sent(house: House) -> str:
    """The id of an order that was sent."""
    return house.order("PO-SENT")


def calls_of(shown: str) -> list[dict[str, Any]]:
    (process,) = orjson.loads(shown)["items"]
    return [call for hop in process["hops"] for call in hop["calls"]]


def test_from_a_failed_order_to_a_repaired_one_in_two_actions(beside: Triptych, house: House) -> None:
    house.order("PO-READY")  # so that everything is there
    house.alter("ALTER TABLE reservations RENAME TO mislaid")
    order = house.order("PO-FAILED")
    house.alter("ALTER TABLE mislaid RENAME TO reservations")
    letter = f"order-to-fulfillment.fulfil:{order}"

    looked = beside("where", "po-failed")
    command = next(line for line in looked.out.splitlines() if "triptych dead-letters replay" in line)
    replayed = beside(*command.partition("triptych ")[2].split())

    assert looked.code == 0
    assert looked.out.splitlines()[0].split()[:2] == [letter, "parked"]
    assert "reserve  failed" in looked.out
    assert "POST warehouse.reservations.create  5" in looked.out
    assert f"triptych dead-letters edit {letter} --set" in looked.out
    assert replayed.out.splitlines() == [letter, "1 goes on."]
    run(_settles(house, order))
    after = orjson.loads(beside("where", "PO-FAILED", "--json").out)["items"][0]
    assert (after["id"], after["phase"], after["next"]) == (letter, "completed", [])
    assert [one["action"] for one in after["interventions"]] == ["replay"]


async def _settles(house: House, order: str) -> None:
    async with clients(Settings(data=house.shell.data), "test") as found:
        orders = found["order-to-fulfillment"]
        assert isinstance(orders, OrderToFulfillment)
        async for _ in orders.follow_order(order):
            continue


def test_every_hop_is_shown_with_what_it_asked_and_was_answered(beside: Triptych, sent: str) -> None:
    shown = beside("where", "PO-SENT", "--json")
    (process,) = orjson.loads(shown.out)["items"]
    steps = [hop["step"]["step"] for hop in process["hops"]]
    reserve = next(hop for hop in process["hops"] if hop["step"]["step"] == "reserve")
    read, made = reserve["calls"]

    assert process["id"] == f"order-to-fulfillment.fulfil:{sent}"
    assert steps[:2] == ["enter", "reserve"]
    assert steps[-2:] == ["complete", "notify"]
    assert (read["operation"], read["request"]) == ("erp.orders.get", {"id": sent})
    assert read["answer"]["reference"] == "PO-SENT"
    assert (made["operation"], made["method"], made["status"], made["sent"]) == (
        "warehouse.reservations.create",
        "POST",
        201,
        1,
    )
    assert made["request"]["new"]["lines"] == [{"sku": "MOON-1", "quantity": 1}]
    assert made["key"] == f"order-to-fulfillment.fulfil:{sent}/reserve/warehouse.reservations.create"


def test_an_order_is_found_by_everything_that_it_had_to_do_with(
    beside: Triptych, house: House, sent: str
) -> None:
    calls = calls_of(beside("where", sent, "--json").out)
    answers = {call["operation"]: call["answer"] for call in calls}
    invoice = answers["billing.invoices.create"]["number"]
    shipment = answers["warehouse.shipments.create"]["id"]
    payment = answers["billing.payments.create"]["id"]
    letter = f"order-to-fulfillment.fulfil:{sent}"

    for name in (sent, sent.upper(), letter, shipment, invoice, payment, "po-sent", f"  {payment} "):
        found = orjson.loads(beside("where", name, "--json").out)["items"]
        assert [one["id"] for one in found] == [letter], name
    for name in (house.customer, "ada@example.com", "Ada@Example.com"):
        found = orjson.loads(beside("where", name, "--json").out)["items"]
        assert letter in [one["id"] for one in found], name


def test_personal_data_is_masked_unless_it_is_asked_for(beside: Triptych, sent: str) -> None:
    masked = beside("where", sent)
    unmasked = beside("where", sent, "--unmasked")

    assert STREET not in masked.out
    assert '"line1":"***"' in masked.out
    assert f'"line1":"{STREET}"' in unmasked.out


def test_the_index_can_be_read_by_nobody(house: House, sent: str) -> None:
    with closing(sqlite3.connect(house.shell.data / "engine.db", timeout=30)) as engine:
        rows = engine.execute(
            "SELECT term FROM triptych_terms WHERE process LIKE ?", (f"%{sent}",)
        ).fetchall()

    assert len(rows) > 5
    assert {len(term) for (term,) in rows} == {16}
    assert not [term for (term,) in rows if b"PO-" in term or b"po-" in term]


def test_what_is_older_than_the_index_is_found_by_its_id_and_through_the_system_that_knows_it(
    beside: Triptych, house: House
) -> None:
    order = house.order("PO-OLDER")
    with closing(sqlite3.connect(house.shell.data / "engine.db", timeout=30)) as engine:
        engine.execute("DELETE FROM triptych_terms WHERE process LIKE ?", (f"%{order}",))
        engine.commit()

    for name in (order, "PO-OLDER"):
        found = orjson.loads(beside("where", name, "--json").out)["items"]
        assert [one["about"] for one in found] == [order], name


@pytest.mark.parametrize("name", ["", "   ", "x" * 301, "a\x00b", "line\nbreak"])
def test_what_cannot_be_a_name_is_not_looked_for(beside: Triptych, name: str) -> None:
    refused = beside("where", name)

    assert (refused.code, refused.out) == (2, "")
    assert "300 characters" in refused.err


@pytest.mark.parametrize("name", ["PO-NOBODY", "nobody@example.com", "%", "' OR 1=1 --", "日本", "../.."])
def test_what_nothing_had_to_do_with_is_said_so(beside: Triptych, sent: str, name: str) -> None:
    refused = beside("where", name)

    assert (refused.code, refused.out) == (1, "")
    assert "No process had to do with" in refused.err


def test_more_than_a_page_is_said_and_its_cursor_goes_on(beside: Triptych, house: House, sent: str) -> None:
    house.order("PO-ANOTHER")
    first = beside("where", house.customer, "--limit", "1")
    page = orjson.loads(beside("where", house.customer, "--limit", "1", "--json").out)

    assert "There are more than 1" in first.out
    assert page["next_cursor"]


def test_it_is_said_where_operations_are_left_out(triptych: Triptych, tmp_path: Path) -> None:
    without = triptych("where", "PO-1", TRIPTYCH_SERVICES="crm", TRIPTYCH_DATA=str(tmp_path))

    assert (without.code, "TRIPTYCH_SERVICES" in without.err) == (3, True)
