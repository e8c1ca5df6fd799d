"""What counts once counts once: of twenty at the same moment, over four gateways, at most one succeeds.

Here they are in one process and on SQLite; `test_races_over_processes` has four processes and PostgreSQL.
`TRIPTYCH_TEST_RACES` says how many races are run of each kind, by default 3.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.gateway.authorization.browsing import Flow
from tests.gateway.authorization.conftest import ISSUER, House, open_house
from tests.gateway.authorization.signing import proving, signer
from tests.gateway.authorization.test_dpop import GRANT, proof
from tests.gateway.authorization.test_private_key_jwt import registered
from tests.gateway.authorization.test_pushed_requests import pushed
from triptych.settings import Settings

pytestmark = pytest.mark.xdist_group("crowds")  # one at a time: PostgreSQL takes 100 connections

RACES = int(os.environ.get("TRIPTYCH_TEST_RACES", "3"))
GATEWAYS = 4
RUNNERS = 20

Run = Callable[[House], Awaitable[httpx.Response]]


@dataclass
class Gateways:
    """Four gateways before one database."""

    houses: list[House]

    @property
    def first(self) -> House:
        """Whose clients and user everybody knows."""
        return self.houses[0]

    async def race(self, run: Run) -> list[int]:
        """What twenty get who do the same at the same moment."""
        runs = (run(self.houses[n % GATEWAYS]) for n in range(RUNNERS))
        return sorted([answer.status_code for answer in await asyncio.gather(*runs)])


@pytest.fixture
async def gateways(tmp_path: Path) -> AsyncGenerator[Gateways]:
    settings = Settings(data=tmp_path, public_url=ISSUER)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(open_house(settings))
        others = [
            await stack.enter_async_context(open_house(settings, first.name)) for _ in range(GATEWAYS - 1)
        ]
        yield Gateways([first, *others])


async def test_a_code_is_spent_once(gateways: Gateways):
    house = gateways.first
    for _ in range(RACES):
        flow = await house.code(house.shop, "storefront:read")
        answers = await gateways.race(lambda at, flow=flow: at.token(house.shop, **flow.exchange()))
        assert answers == [200] + [400] * 19


async def test_a_refresh_token_is_spent_once(gateways: Gateways):
    house = gateways.first
    for _ in range(RACES):
        tokens = await house.tokens(house.shop, "storefront:read")
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        answers = await gateways.race(lambda at, form=form: at.token(house.shop, **form))
        # A thief's attempt ends the family: where it comes first, nobody has won.
        assert answers in ([200] + [400] * 19, [400] * 20)


async def test_a_client_assertion_is_spent_once(gateways: Gateways):
    house, key = gateways.first, signer("ES256")
    client = await registered(house, key)
    for _ in range(RACES):
        form = GRANT | proving(key.assertion(client, ISSUER, house.clock.read()))
        answers = await gateways.race(lambda at, form=form: at.http.post("/oauth/token", data=form))
        assert answers == [200] + [401] * 19


async def test_a_proof_of_possession_is_spent_once(gateways: Gateways):
    house = gateways.first
    for _ in range(RACES):
        headers = {"dpop": await proof(house, signer("ES256"))}
        answers = await gateways.race(
            lambda at, headers=headers: at.http.post(
                "/oauth/token", data=GRANT, headers=headers, auth=house.partner.basic
            )
        )
        assert answers == [200] + [400] * 19


async def test_a_pushed_request_is_opened_once_and_answered_once(gateways: Gateways):
    house, browser = gateways.first, gateways.first.browser()
    await browser.allow(Flow(house.shop, "storefront:read"), house.ada.email)  # from now on nobody asks
    for _ in range(RACES):
        url = await pushed(house, Flow(house.shop, "storefront:read"))
        opened = await gateways.race(lambda at, url=url: at.browser().get(url))
        assert opened == [200] + [400] * 19
        url = await pushed(house, Flow(house.shop, "storefront:read"))

        async def click(at: House, url: str = url) -> httpx.Response:
            other = at.browser()
            other.http.cookies = browser.http.cookies
            return await other.http.get(url)

        assert await gateways.race(click) == [302] + [400] * 19


async def test_ids_that_are_spent_together_are_each_spent_once(gateways: Gateways):
    """A thousand different ones at once share a few transactions, and each of them is told rightly."""
    house = gateways.first
    until = house.clock.read() + 60
    ids = [f"id {n % 500}" for n in range(1_000)]
    spent = await asyncio.gather(
        *(
            gateways.houses[n % GATEWAYS].server.spent.spend("test", "x", one, until)
            for n, one in enumerate(ids)
        )
    )
    assert sum(spent) == 500
    assert len({one for one, first in zip(ids, spent, strict=True) if first}) == 500
