"""What a foreign issuer has to bear of us, and what we bear of it."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from gateway.authorization.foreign_keys import AFTER_FAILURE, AGAIN, KEPT, STALE
from tests.gateway.authorization.conftest import ISSUER, open_house
from tests.gateway.authorization.issuing import (
    DISCOVERY,
    Issuer,
    Trusting,
    trusted,
    trusting,
)
from triptych.calling import outside
from triptych.calling.outside import Outside
from triptych.problems import Unauthenticated, Unavailable
from triptych.settings import Settings


@pytest.fixture
async def trust(tmp_path: Path) -> AsyncGenerator[Trusting]:
    async with trusting(tmp_path) as found:
        yield found


async def test_a_thousand_tokens_at_once_ask_the_issuer_once(trust: Trusting):
    tokens = [trust.issuer.token(jti=str(number)) for number in range(1000)]
    verified = await asyncio.gather(*(trust.verify(token) for token in tokens))
    assert len({token.jti for token in verified}) == 1000
    assert trust.issuer.asked == {DISCOVERY: 1, "/jwks": 1}


async def test_keys_that_nobody_knows_are_asked_for_once_in_a_while(trust: Trusting):
    await trust.verify(trust.issuer.token())
    storm = [trust.issuer.token(key=trust.issuer.keys["one"], kid=f"no-{number}") for number in range(200)]
    for wave in range(3):
        answers = await asyncio.gather(*(trust.verify(token) for token in storm), return_exceptions=True)
        assert all(isinstance(answer, Unauthenticated) for answer in answers)
        assert trust.issuer.asked == {DISCOVERY: 1 + wave, "/jwks": 1 + wave}
        trust.later(AGAIN)


async def test_a_key_that_the_issuer_has_since_made_is_found(trust: Trusting):
    await trust.verify(trust.issuer.token())
    trust.issuer.add_key("two")
    assert "not signed" in await trust.refused(trust.issuer.token("two"))
    trust.later(AGAIN)
    assert await trust.verify(trust.issuer.token("two"))


async def test_a_key_that_the_issuer_has_withdrawn_counts_no_more_within_minutes(trust: Trusting):
    old = trust.issuer.token(exp=4_000_000_000)
    remembered = await trust.verify(old)
    assert remembered.expires_at <= trust.house.clock.read() + KEPT
    del trust.issuer.keys["one"]
    trust.issuer.add_key("two")
    trust.later(KEPT)
    assert "not signed" in await trust.refused(old)


async def test_an_issuer_that_is_down_is_asked_again_soon_and_not_at_every_token(trust: Trusting):
    trust.issuer.down = True
    for _ in range(20):
        with pytest.raises(Unavailable, match="cannot be read"):
            await trust.verify(trust.issuer.token())
    assert trust.issuer.asked == {DISCOVERY: 1}
    trust.issuer.down = False
    trust.later(AFTER_FAILURE)
    assert await trust.verify(trust.issuer.token())


async def test_known_keys_outlast_an_outage_of_an_hour(trust: Trusting):
    token = trust.issuer.token(exp=4_000_000_000)
    await trust.verify(token)
    trust.issuer.down = True
    trust.later(STALE - 1)
    assert await trust.verify(token)
    trust.later(AFTER_FAILURE)
    with pytest.raises(Unavailable):
        await trust.verify(token)


async def test_an_issuer_that_hangs_holds_nobody_for_long(trust: Trusting, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(outside, "SECONDS", 0.05)
    trust.issuer.hangs = True
    answers = await asyncio.gather(
        *(trust.verify(trust.issuer.token()) for _ in range(50)), return_exceptions=True
    )
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert trust.issuer.asked == {DISCOVERY: 1}


@pytest.mark.parametrize(
    "lies",
    [
        {"issuer": "https://stranger.example"},
        {"issuer": None},
        {"jwks_uri": 7},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "gopher://127.0.0.1/"},
    ],
)
async def test_a_discovery_document_that_lies_is_not_believed(trust: Trusting, lies: dict[str, Any]):
    trust.issuer.lies = lies
    with pytest.raises(Unavailable):
        await trust.verify(trust.issuer.token())
    assert trust.issuer.asked == {DISCOVERY: 1}


async def test_key_sets_that_are_too_large_or_hold_private_keys_are_not_believed(trust: Trusting):
    trust.issuer.padding = "x" * outside.LARGEST
    with pytest.raises(Unavailable):
        await trust.verify(trust.issuer.token())
    assert trust.issuer.asked["/jwks"] == 1


async def test_an_issuer_in_the_internet_cannot_send_us_into_our_own_network(tmp_path: Path):
    asked: list[str] = []

    async def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    issuer = Issuer("https://login.example")
    issuer.add_key("one")
    set_up = trusted(issuer.address, private_network=False)
    settings = Settings(data=tmp_path, public_url=ISSUER, issuers=(set_up,))
    async with open_house(settings, outside=Outside(resolver=resolver)) as house:
        with pytest.raises(Unavailable):
            await house.server.bearer.verify(issuer.token())
    assert asked == ["login.example"]
