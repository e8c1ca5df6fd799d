"""What counts once counts once, also over four gateways that are processes of their own before PostgreSQL.

Twenty try at the same moment, five at each gateway. `TRIPTYCH_TEST_RACES` says how many races are run of each
kind, by default 3.
"""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.conftest import PROJECT
from tests.gateway.authorization.browsing import Flow
from tests.gateway.authorization.conftest import ISSUER, House, open_house
from tests.gateway.authorization.racer import Outcome, Try
from tests.gateway.authorization.signing import signer
from tests.gateway.authorization.single_use import KINDS, SCOPE, Makers
from tests.gateway.authorization.test_private_key_jwt import registered
from tests.gateway.authorization.test_races import RACES, RUNNERS
from triptych.problems import Unauthenticated
from triptych.settings import Settings

pytestmark = pytest.mark.xdist_group("crowds")  # one at a time: PostgreSQL takes 100 connections

GATEWAYS = 4
LONGEST_LINE = 4_000_000
"""Characters of the answers of one gateway."""


@dataclass
class Gateway:
    """A connection to one process."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, tries: list[Try]) -> None:
        self.writer.write(json.dumps(tries).encode() + b"\n")

    async def answered(self) -> list[Outcome]:
        line = await self.reader.readline()
        assert line, "the gateway has ended"
        return json.loads(line)


@dataclass
class Track:
    """Four gateways before one database, and what makes the things that they fight for."""

    house: House
    makers: Makers
    gateways: list[Gateway]

    async def race(self, one: Try) -> list[Outcome]:
        """What twenty get who do the same at the same moment."""
        for gateway in self.gateways:
            gateway.send([one] * (RUNNERS // GATEWAYS))
        answers = await asyncio.gather(*(gateway.answered() for gateway in self.gateways))
        return [outcome for outcomes in answers for outcome in outcomes]


@asynccontextmanager
async def connected(data: Path, url: str, name: str) -> AsyncGenerator[list[Gateway]]:
    command = ("-m", "tests.gateway.authorization.racer", str(data), url, name, str(GATEWAYS))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=PROJECT, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    gateways: list[Gateway] = []
    try:
        while len(gateways) < GATEWAYS:
            port = int(await process.stdout.readline())
            opened = await asyncio.open_connection("127.0.0.1", port, limit=LONGEST_LINE)
            gateways.append(Gateway(*opened))
        yield gateways
    finally:
        for gateway in gateways:
            gateway.writer.close()
        if len(gateways) < GATEWAYS:
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


@pytest.fixture(scope="module")
async def track(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Track]:
    data = tmp_path_factory.mktemp("races")
    settings = Settings(data=data, public_url=ISSUER, database_url=SecretStr(postgres_url))
    async with open_house(settings) as house, connected(data, postgres_url, house.name) as gateways:
        browser = house.browser()
        await browser.allow(Flow(house.shop, SCOPE), house.ada.email)  # from now on nobody asks
        signing = await registered(house, signer("ES256"))
        yield Track(house, Makers(house, signing, browser), gateways)


@pytest.mark.parametrize("kind", KINDS)
async def test_of_twenty_over_four_processes_never_two_succeed(track: Track, kind: str):
    single, seen = KINDS[kind], Counter[int]()
    for _ in range(RACES):
        track.house.clock.catch_up()
        outcomes = await track.race(await single.make(track.makers))
        won = sum(map(single.succeeded, outcomes))
        seen[won] += 1
        assert won == 1 or (won == 0 and not single.certain), Counter(one["status"] for one in outcomes)
        assert all(one["status"] < 500 for one in outcomes)
    print(f"{kind}: {RACES} races, winners {dict(seen)}")


async def test_the_family_of_a_refresh_token_that_was_fought_for_has_ended_for_everybody(track: Track):
    for _ in range(RACES):
        track.house.clock.catch_up()
        outcomes = await track.race(await track.makers.refresh_token())
        for one in outcomes:
            if one["status"] == 200:
                tokens = json.loads(one["body"])
                late = await track.race(track.makers.refreshed(tokens["refresh_token"]))
                assert {one["status"] for one in late} == {400}
                await track.house.server.revocations.refresh()
                with pytest.raises(Unauthenticated, match="revoked"):
                    track.house.server.verifier.judge(tokens["access_token"])
