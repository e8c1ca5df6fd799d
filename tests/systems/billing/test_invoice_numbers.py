"""Invoice numbers leave no gaps and are given once, on both databases."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from pydantic import SecretStr

from systems.billing.contract import Billing
from systems.billing.service import BillingService
from triptych.assembly.platform import Platform
from triptych.canonical.billing import NewInvoice
from triptych.canonical.lines import NewOrderLine
from triptych.canonical.money import Money
from triptych.contract import operations
from triptych.settings import Settings


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    operations(Billing)  # contracts are read before the event loop runs
    url = SecretStr(request.getfixturevalue("postgres_url")) if request.param == "postgresql" else None
    return Settings(data=tmp_path, database_url=url)


@pytest.fixture
async def billing(settings: Settings) -> AsyncGenerator[Billing]:
    async with Platform(settings, {"billing": BillingService}) as platform:
        yield platform.client(Billing)


async def test_the_first_invoices_of_a_year_may_come_all_at_once(billing: Billing) -> None:
    tea = NewOrderLine(sku="TEA", quantity=1, unit_price=Money(amount_minor=100, currency="EUR"))
    new = NewInvoice(order_id="ord_1", customer_id="cus_1", lines=(tea,))

    invoices = await asyncio.gather(*(billing.invoices.create(new) for _ in range(8)))

    numbers = sorted(int(invoice.number[-6:]) for invoice in invoices)
    assert numbers == list(range(numbers[0], numbers[0] + 8))  # others may have begun the year
