"""What the page about `where` says can be pasted."""

import shlex

import pytest

from processes.order_to_fulfillment.contract import OrderToFulfillment, PlaceOrder
from systems.crm.contract import Crm
from systems.erp.contract import Erp
from tests.clone import Clone
from tests.docs.blocks import PROJECT, blocks
from triptych.canonical.lines import NewOrderLine
from triptych.canonical.order import NewOrder
from triptych.canonical.party import Address, NewCustomer
from triptych.context import idempotency_key
from triptych.running.loop import run
from triptych.running.reaching import clients
from triptych.settings import Settings

PAGE = PROJECT / "docs" / "where.md"
COMMANDS = [
    line for block in blocks(PAGE) if block.language == "bash" for line in block.text.splitlines() if line
]


@pytest.fixture(scope="module")
def ordered(clone: Clone) -> None:
    """Ada orders something under the number that the page asks after."""

    async def order() -> None:
        async with clients(Settings(data=clone.folder / "var"), "test") as found:
            crm, erp, orders = found["crm"], found["erp"], found["order-to-fulfillment"]
            assert isinstance(crm, Crm)
            assert isinstance(erp, Erp)
            assert isinstance(orders, OrderToFulfillment)
            product = (await erp.products.find()).items[0]
            with idempotency_key("where"):
                ada = await crm.customers.create(NewCustomer(name="Ada", email="ada@example.com"))
                new = NewOrder(
                    customer_id=ada.id,
                    reference="PO-2026-0815",
                    lines=(NewOrderLine(sku=product.sku, quantity=1),),
                    ship_to=Address(line1="Street 1", city="Berlin", country="DE"),
                )
                placed = await orders.place_order(PlaceOrder(order=new))
            async for _ in orders.follow_order(placed.id):
                continue

    run(order())


@pytest.mark.blocking("a command has its event loop to itself")
@pytest.mark.usefixtures("ordered")
@pytest.mark.parametrize("command", COMMANDS, ids=[" ".join(shlex.split(one)[2:]) for one in COMMANDS])
def test_each_command_of_the_page_works(clone: Clone, command: str) -> None:
    ran = clone.shell(command)

    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    assert "order-to-fulfillment.fulfil:ord_" in ran.stdout
    assert "warehouse.reservations.create" in ran.stdout
