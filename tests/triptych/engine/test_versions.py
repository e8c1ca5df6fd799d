"""Processes go on with the version that they began under, or say that nobody has it."""

import asyncio
import secrets

import pytest
from psycopg import AsyncConnection
from pydantic import SecretStr

from tests.triptych.engine.approvals import DAYS, Approval, Sale, comes_to_wait
from tests.triptych.engine.conftest import House, Open, OrderState, Trade
from triptych.canonical.base import Model
from triptych.engine import Former, Step
from triptych.engine.sentence import Part
from triptych.problems import Unavailable
from triptych.settings import Settings


class OldState(Model):
    """What the process of an order knew once."""

    order_number: str
    shipped: bool = False


def shorter(trade: Trade) -> list[Part[OrderState]]:
    """A sentence that asks nobody."""
    return [Step("check", trade.does("check")), Step("ship", trade.does("ship"), final=True)]


async def sold(trading: Open, order: str) -> None:
    """Have an order wait for its approval."""
    await trading.start(order)
    await comes_to_wait(trading, order)


def house_of(url: str, service: str) -> House:
    """A replica of a service, in a database that it shares with others."""
    name = f"replica-{secrets.token_hex(4)}"
    return House(Settings(database_url=SecretStr(url), replica=name), service)


async def is_handed_on(url: str, flow: str) -> None:
    """Wait until what a dead replica left lies in the queue of its flow."""
    lies = "SELECT 1 FROM dbos.workflow_status WHERE queue_name = %s AND status = 'ENQUEUED'"
    async with asyncio.timeout(20), await AsyncConnection.connect(url) as connection:
        while (await (await connection.execute(lies, (flow,))).fetchone()) is None:
            await asyncio.sleep(0.05)
            await connection.rollback()


async def test_what_waits_under_a_former_version_is_told_and_ends_as_it_began(
    each_house: House, trade: Trade
):
    sale = Sale(trade, within=DAYS)
    async with each_house.open(sale.sentence()) as trading:
        await sold(trading, "ord_1")
    former = [Former(version=1, steps=sale.sentence())]
    async with each_house.open(shorter(trade), version=2, former=former) as trading:
        with pytest.raises(ValueError, match=r"v1 has no wait named check"):
            await trading.fulfil.tell("ord_1", "check", Approval(by="Ada"))
        await trading.fulfil.tell("ord_1", "approval", Approval(by="Ada"))
        ended = await trading.settled("ord_1")
        assert (ended.phase, ended.version) == ("completed", 1)
        assert (await trading.run("ord_2")).version == 2
    assert trade.ledger == ["reserve", "ship", "check", "ship"]


async def test_what_nobody_knows_says_so_and_goes_on_when_somebody_does(each_house: House, trade: Trade):
    sale = Sale(trade, within=DAYS)
    trade.holds("reserve")
    async with each_house.open(sale.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("reserve")
    trade.doors["reserve"].set()
    flow = f"{each_house.service}.fulfil.v1"
    async with each_house.open(shorter(trade), version=2) as trading:
        await trading.run("ord_2")
        found = await trading.fulfil.status("ord_1")
        assert found.problem
        assert found.problem.detail.startswith(f"no replica knows {flow}, which this process follows")
        with pytest.raises(Unavailable, match="only another replica may know"):
            await trading.fulfil.tell("ord_1", "approval", Approval(by="Ada"))
        uses = {use.version: use for use in await trading.engine.versions() if use.flow in flow}
        assert (uses[1].followed, uses[1].known_to, uses[1].stranded) == (1, (), True)
        assert (uses[2].followed, uses[2].stranded) == (0, False)
    former = [Former(version=1, steps=sale.sentence())]
    async with each_house.open(shorter(trade), version=2, former=former) as trading:
        await comes_to_wait(trading, "ord_1")
        assert (await trading.fulfil.status("ord_1")).problem is None
        await trading.fulfil.tell("ord_1", "approval", Approval(by="Ada"))
        assert (await trading.settled("ord_1")).phase == "completed"
        uses = {use.version: use for use in await trading.engine.versions() if use.flow in flow}
        assert uses[1].followed == 0
    assert trade.asked == ["reserve", "check", "ship", "reserve", "ship"]


async def test_a_replica_takes_over_what_it_does_not_know_for_one_that_does(postgres_url: str, trade: Trade):
    service = f"trade-{secrets.token_hex(4)}"
    old, new, knowing = (house_of(postgres_url, service) for _ in range(3))
    trade.holds("reserve")
    async with old.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("reserve")
    trade.doors["reserve"].set()
    async with new.open(shorter(trade), version=2):
        await is_handed_on(postgres_url, f"{service}.fulfil.v1")
        assert trade.asked == ["reserve"]
    former = [Former(version=1, steps=trade.sentence())]
    async with knowing.open(shorter(trade), version=2, former=former) as trading:
        assert (await trading.settled("ord_1")).version == 1
    assert trade.ledger == ["reserve", "authorise", "ship", "notify"]


async def test_a_state_of_a_former_version_is_read_in_the_model_of_today(house: House, trade: Trade):
    async def ship(_: OldState) -> dict[str, object]:
        return {"shipped": True}

    becomes = [
        Former(
            version=2,
            steps=[Step("ship", ship)],
            state=OldState,
            becomes=lambda was: OrderState(order=was.order_number, done=("ship",) if was.shipped else ()),
        )
    ]
    async with house.open(shorter(trade), version=3, former=becomes) as trading:
        before = trading.fulfil.former[0]
        await before.start("ord_1", OldState(order_number="ord_1"))
        await trading.settled("ord_1")
        assert await trading.fulfil.state("ord_1") == OrderState(order="ord_1", done=("ship",))


async def test_no_version_is_registered_twice(house: House, trade: Trade):
    former = [Former(version=2, steps=trade.sentence())]
    with pytest.raises(ValueError, match=r"trade.fulfil.v2 is registered twice"):
        async with house.open(shorter(trade), version=2, former=former):
            pytest.fail("one version has two sentences")
