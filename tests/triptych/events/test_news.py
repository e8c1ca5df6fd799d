"""Customers are told what happens to what is theirs, and miss nothing when the stream breaks off."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest

from experiences.storefront.news import WINDOWS, CustomerNews
from experiences.storefront.views import News
from systems.crm.contract import Crm
from systems.erp.contract import Cancellation, Erp
from tests.triptych.events.conftest import running
from triptych.assembly.platform import Platform
from triptych.canonical.lines import NewOrderLine
from triptych.canonical.money import Money
from triptych.canonical.order import NewOrder, Order
from triptych.canonical.party import Address, NewCustomer
from triptych.canonical.product import NewProduct
from triptych.problems import InvalidInput, QuotaExceeded
from triptych.settings import Settings


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncGenerator[Platform]:
    """Customers, and orders in the books."""
    async with running(Settings(data=tmp_path), "crm", "erp") as platform:
        await platform.client(Erp).products.create(
            NewProduct(sku="CHAI", name="Chai", price=Money.of("18.00", "EUR"))
        )
        yield platform


@pytest.fixture
def news(platform: Platform) -> CustomerNews:
    """The streams of the shop front."""
    assert platform.log is not None
    return CustomerNews(platform.log)


async def customer(platform: Platform) -> str:
    return (await platform.client(Crm).customers.create(NewCustomer(name="Ada"))).id


async def ordered(platform: Platform, customer: str) -> Order:
    """An order that is binding."""
    erp = platform.client(Erp)
    order = await erp.orders.create(
        NewOrder(
            customer_id=customer,
            lines=(NewOrderLine(sku="CHAI", quantity=1),),
            ship_to=Address(line1="Street 1", city="Berlin", country="DE"),
        )
    )
    return await erp.confirm_order(order.id)


async def heard(stream: AsyncGenerator[News], count: int) -> list[News]:
    """The next ones of a stream."""
    async with asyncio.timeout(30):
        return [await anext(stream) for _ in range(count)]


async def test_a_stream_that_broke_off_goes_on_where_it_was(platform: Platform, news: CustomerNews) -> None:
    ada, bob = await customer(platform), await customer(platform)
    async with aclosing(news.follow(ada, "")) as stream:
        await heard(stream, 1)
        first = await ordered(platform, ada)
        await ordered(platform, bob)
        (confirmed,) = await heard(stream, 1)
    assert (confirmed.kind, confirmed.about) == ("order-confirmed", first.id)

    await platform.client(Erp).cancel_order(first.id, Cancellation(reason="Ordered twice."))
    second = await ordered(platform, ada)
    async with aclosing(news.follow(ada, str(confirmed.event_id))) as stream:
        here, cancelled, again = await heard(stream, 3)
        third = await ordered(platform, ada)
        (last,) = await heard(stream, 1)
    assert here.event_id == confirmed.event_id
    assert [(one.kind, one.about) for one in (cancelled, again, last)] == [
        ("order-cancelled", first.id),
        ("order-confirmed", second.id),
        ("order-confirmed", third.id),
    ]


async def test_a_stream_without_an_id_begins_now(platform: Platform, news: CustomerNews) -> None:
    ada = await customer(platform)
    early = await ordered(platform, ada)
    async with aclosing(news.follow(ada, "0")) as stream:
        assert [one.about for one in await heard(stream, 2)] == [None, early.id]
    async with aclosing(news.follow(ada, "")) as stream:
        await heard(stream, 1)
        later = await ordered(platform, ada)
        assert [one.about for one in await heard(stream, 1)] == [later.id]


async def test_one_customer_has_so_many_streams_and_no_more(platform: Platform, news: CustomerNews) -> None:
    ada, bob = await customer(platform), await customer(platform)
    streams = [news.follow(ada, "") for _ in range(WINDOWS)]
    for stream in streams:
        await heard(stream, 1)
    with pytest.raises(QuotaExceeded, match="close one"):
        await anext(news.follow(ada, ""))
    async with aclosing(news.follow(bob, "")) as other:
        await heard(other, 1)
    for stream in streams:
        await stream.aclose()
    async with aclosing(news.follow(ada, "")) as again:
        await heard(again, 1)


@pytest.mark.parametrize("id", ["-1", "1.5", "evt_1", "٣", "9" * 30, "1;DROP TABLE"])
async def test_what_is_no_id_of_the_stream_is_refused(news: CustomerNews, id: str) -> None:
    with pytest.raises(InvalidInput, match="Last-Event-ID"):
        await anext(news.follow("cus_1", id))
