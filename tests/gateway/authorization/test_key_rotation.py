"""Keys change on schedule and on command, under load, and no valid token is refused for it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from pydantic import SecretStr

from gateway.authorization import service
from gateway.authorization.keys import JWKS_SECONDS, PUBLISHED_SECONDS
from gateway.authorization.lifetimes import DAY, Lifetimes
from tests.gateway.authorization.conftest import ISSUER, House, open_house
from triptych.problems import Unauthenticated
from triptych.settings import Settings

GATEWAYS = 3
ROTATIONS = 4


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that is bound to come."""
    for _ in range(2_000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come")


async def until_gone(house: House, kid: str) -> None:
    """Wait until the database has forgotten a key."""
    for _ in range(2_000):
        if kid not in [age.kid for age in await house.server.keys.ages()]:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it is still there")


@dataclass
class Landscape:
    """Several gateways on one database, whose clocks go together."""

    houses: list[House]

    def later(self, seconds: float) -> None:
        for house in self.houses:
            house.clock.ahead += seconds

    async def agreed(self, kid: str) -> None:
        """Wait until every gateway signs with this key."""
        await until(lambda: all(house.server.keys.current.kid == kid for house in self.houses))


@pytest.fixture(params=["sqlite", "postgresql"])
async def gateways(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Landscape]:
    url = None
    if request.param == "postgresql":
        url = SecretStr(request.getfixturevalue("postgres_url"))
    settings = Settings(data=tmp_path, public_url=ISSUER, database_url=url)
    name = f"gateway-rotation-{token_hex(4)}"
    async with AsyncExitStack() as stack:
        yield Landscape(
            [await stack.enter_async_context(open_house(settings, name)) for _ in range(GATEWAYS)]
        )


@dataclass
class ResourceServer:
    """A server elsewhere that checks tokens with the published keys, and keeps those as long as it may."""

    house: House
    keys: Any = None
    read_at: float = 0.0

    async def accepts(self, token: str) -> None:
        now = self.house.clock.read()
        if self.keys is None or now - self.read_at >= JWKS_SECONDS:
            document = (await self.house.http.get("/oauth/jwks")).json()
            self.keys, self.read_at = KeySet.import_key_set(document), now
        jwt.decode(token, self.keys, ["ES256"])


@dataclass
class Load:
    """Takes tokens at one gateway and shows them at every other, until it is told to stop."""

    landscape: Landscape
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    signers: set[str] = field(default_factory=set[str])
    accepted: int = 0

    def went_on(self, before: int, working: list[asyncio.Task[None]]) -> bool:
        """Whether fifty more tokens were accepted, or none will be since something failed."""
        return self.accepted >= before + 50 or any(task.done() for task in working)

    async def run(self, number: int) -> None:
        houses = self.landscape.houses
        issuing, elsewhere = houses[number % len(houses)], ResourceServer(houses[-1])
        while not self.stop.is_set():
            answer = await issuing.token(issuing.partner, grant_type="client_credentials")
            assert answer.status_code == 200, answer.text
            token = answer.json()["access_token"]
            for house in houses:
                await house.server.verifier.verify(token)
            await elsewhere.accepts(token)
            self.signers.add(issuing.server.keys.current.kid)
            self.accepted += len(houses) + 1
            await asyncio.sleep(0)


async def test_keys_rotate_under_load_without_one_valid_token_refused(gateways: Landscape):
    load = Load(gateways)
    working = [asyncio.create_task(load.run(number)) for number in range(2 * GATEWAYS)]
    used: list[str] = []
    for number in range(ROTATIONS):
        gateways.later(PUBLISHED_SECONDS + 10)  # their clocks are apart by what it took to open them
        used.append(await gateways.houses[number % GATEWAYS].server.rotate_keys())
        before = load.accepted
        await gateways.agreed(used[-1])
        await until(partial(load.went_on, before, working))
    load.stop.set()
    await asyncio.gather(*working)
    assert len(set(used)) == ROTATIONS
    assert set(used) <= load.signers


async def test_a_token_outlives_the_key_that_signed_it_as_long_as_it_is_valid(gateways: Landscape):
    first, *others = gateways.houses
    token = (await first.token(first.partner, grant_type="client_credentials")).json()["access_token"]
    lifetime, passed = Lifetimes().access_token, 0
    while passed + PUBLISHED_SECONDS < lifetime:
        gateways.later(PUBLISHED_SECONDS)
        passed += PUBLISHED_SECONDS
        await gateways.agreed(await first.server.rotate_keys())
        for house in gateways.houses:
            await house.server.keys.sweep()
            await house.server.verifier.verify(token)
    gateways.later(PUBLISHED_SECONDS)
    for house in others:
        with pytest.raises(Unauthenticated, match="expired"):
            await house.server.verifier.verify(token)


async def test_gateways_look_for_fresh_keys_more_than_once_a_second():
    assert service.NOTICE_SECONDS < 1


async def test_a_key_that_has_signed_for_long_enough_makes_way_by_itself(gateways: Landscape):
    first = gateways.houses[0].server
    old = first.keys.current.kid
    gateways.later(90 * DAY - 60)
    for house in gateways.houses:
        await house.server.rotate_keys_on_schedule()
    assert first.keys.current.kid == old
    gateways.later(120)
    await asyncio.gather(*(house.server.rotate_keys_on_schedule() for house in gateways.houses))
    ages = await first.keys.ages()
    assert sorted(age.place for age in ages) == ["current", "next", "retired"]
    assert next(age.kid for age in ages if age.place == "retired") == old
    assert sum(len(house.audit.of("keys.rotated")) for house in gateways.houses) == 1


async def test_the_schedule_is_looked_at_without_being_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(service, "SWEEP_SECONDS", 0.02)
    async with open_house(Settings(data=tmp_path, public_url=ISSUER, key_rotation_days=1)) as house:
        old = house.server.keys.current.kid
        house.clock.ahead += DAY
        await until(lambda: house.server.keys.current.kid != old)
        house.clock.ahead += Lifetimes().access_token + 2 * Lifetimes().clock_skew
        await until(lambda: house.server.keys.find(old) is None)
        await until_gone(house, old)


async def test_a_schedule_of_no_days_leaves_the_keys_to_the_operator(tmp_path: Path):
    async with open_house(Settings(data=tmp_path, public_url=ISSUER, key_rotation_days=0)) as house:
        old = house.server.keys.current.kid
        house.clock.ahead += 1000 * DAY
        await house.server.rotate_keys_on_schedule()
        assert house.server.keys.current.kid == old
        await house.server.rotate_keys()
        assert house.server.keys.current.kid != old


async def test_the_ages_of_keys_say_since_when_the_current_one_signs(fresh_house: House):
    house = fresh_house
    began = int(house.clock.read())
    house.clock.ahead += PUBLISHED_SECONDS
    fresh = await house.server.rotate_keys()
    ages = {age.place: age for age in await house.server.keys.ages()}
    assert ages["current"].kid == fresh
    assert (ages["current"].published_at, ages["current"].signs_since) == (began, began + PUBLISHED_SECONDS)
    assert ages["retired"].retires_at == began + PUBLISHED_SECONDS + 660
    assert (ages["next"].signs_since, ages["next"].retires_at) == (None, None)
