"""Signing keys: next, current, retired; and what lies in the database."""

import asyncio
import base64
import sqlite3
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import SecretStr

from gateway.authorization.keys import PUBLISHED_SECONDS, KeyRing, SigningKey
from gateway.authorization.lifetimes import Clock, Lifetimes
from gateway.authorization.service import MIGRATIONS
from tests.gateway.authorization.conftest import ISSUER, Answers, House, MovableClock, open_house
from triptych.problems import Conflict, Unauthenticated
from triptych.secrets import SecretKeyError, Secrets
from triptych.settings import Settings
from triptych.storage import Storage


async def published(house: House) -> Answers:
    keys = (await house.http.get("/oauth/jwks")).json()["keys"]
    return {key["kid"]: key for key in keys}


async def client_token(house: House) -> str:
    return (await house.token(house.partner, grant_type="client_credentials")).json()["access_token"]


async def test_the_next_key_is_published_before_it_signs(fresh_house: House):
    before = await published(fresh_house)
    assert len(before) == 2
    with pytest.raises(Conflict, match="published less than"):
        await fresh_house.server.rotate_keys()
    fresh_house.clock.ahead += PUBLISHED_SECONDS
    fresh = await fresh_house.server.rotate_keys()
    assert fresh in before
    after = await published(fresh_house)
    assert set(before) < set(after)
    assert len(after) == 3
    assert fresh_house.audit.of("keys.rotated") == [{"kid": fresh}]


async def test_no_valid_token_is_refused_while_keys_change(fresh_house: House):
    house, tokens = fresh_house, list[str]()
    for _ in range(4):
        tokens.append(await client_token(house))
        house.clock.ahead += PUBLISHED_SECONDS
        await house.server.rotate_keys()
        for token in tokens:
            house.server.verifier.judge(token)
            house.claims(token, (await house.http.get("/oauth/jwks")).json())


async def test_a_retired_key_is_forgotten_when_its_last_token_has_expired(fresh_house: House):
    house = fresh_house
    token = await client_token(house)
    old = house.server.keys.current.kid
    house.clock.ahead += PUBLISHED_SECONDS
    await house.server.rotate_keys()
    house.clock.ahead += 599 - PUBLISHED_SECONDS
    await house.server.keys.refresh()
    house.server.verifier.judge(token)
    house.clock.ahead += 200
    await house.server.keys.refresh()
    assert old not in await published(house)
    with pytest.raises(Unauthenticated, match="no access token of this server"):
        house.server.verifier.judge(token)


async def test_published_keys_have_nothing_private_in_them(house: House):
    for key in (await published(house)).values():
        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
        assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")


async def test_keys_outlive_a_restart(tmp_path: Path):
    settings = Settings(data=tmp_path, public_url=ISSUER)
    async with open_house(settings, name="gateway") as house:
        token, kid = await client_token(house), house.server.keys.current.kid
    async with open_house(settings, name="gateway") as house:
        assert house.server.keys.current.kid == kid
        house.server.verifier.judge(token)


async def test_private_keys_lie_in_the_database_only_sealed(tmp_path: Path):
    async with open_house(Settings(data=tmp_path, public_url=ISSUER), name="gateway") as house:
        numbers = [key.key.as_dict(private=True)["d"] for key in house.server.keys.all()]
    raw = await asyncio.to_thread((tmp_path / "gateway.db").read_bytes)
    assert len(numbers) == 2
    assert b"signing_keys" in raw
    assert all(str(number).encode() not in raw for number in numbers)
    assert b"kty" not in raw


async def test_keys_that_were_swapped_in_the_database_are_not_taken(tmp_path: Path):
    settings = Settings(data=tmp_path, public_url=ISSUER)
    async with open_house(settings, name="gateway"):
        pass

    def swap() -> None:
        with sqlite3.connect(tmp_path / "gateway.db") as connection:
            (one, a), (two, b) = connection.execute("SELECT kid, sealed FROM signing_keys").fetchall()
            connection.execute("UPDATE signing_keys SET sealed = ? WHERE kid = ?", (b, one))
            connection.execute("UPDATE signing_keys SET sealed = ? WHERE kid = ?", (a, two))

    await asyncio.to_thread(swap)
    with pytest.raises(SecretKeyError, match="TRIPTYCH_SECRET_KEY"):
        async with open_house(settings, name="gateway"):
            pass


async def test_gateways_that_start_or_rotate_at_once_agree_on_the_keys(tmp_path: Path, postgres_url: str):
    settings = Settings(data=tmp_path, public_url=ISSUER, database_url=SecretStr(postgres_url))
    secrets = await asyncio.to_thread(Secrets, settings)
    async with Storage(settings, secrets) as storage:
        database = await storage.open("gateway-keys", MIGRATIONS)
        clock = MovableClock()
        rings = [
            KeyRing(database, secrets.key("oauth-keys"), Lifetimes(), Clock(clock.read)) for _ in range(8)
        ]
        await asyncio.gather(*(ring.open() for ring in rings))
        assert len({ring.current.kid for ring in rings}) == 1
        assert all(len(ring.all()) == 2 for ring in rings)
        clock.ahead += PUBLISHED_SECONDS
        outcomes = await asyncio.gather(*(ring.rotate() for ring in rings), return_exceptions=True)
        assert sum(isinstance(outcome, str) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 7
        await asyncio.gather(*(ring.refresh() for ring in rings))
        assert len({ring.current.kid for ring in rings}) == 1
        assert all(len(ring.all()) == 3 for ring in rings)


def test_tokens_begin_as_they_always_did_and_any_library_reads_them():
    key = ECKey.generate_key("P-256")
    signing = SigningKey(key.thumbprint(), key)
    said = {"name": "Zoë", "list": [1, {"a": None}]}
    token = signing.sign("at+jwt", said)
    header = base64.urlsafe_b64decode(signing.first_part("at+jwt") + "==").decode()
    assert token.startswith(signing.first_part("at+jwt") + ".")
    assert header == f'{{"typ":"at+jwt","alg":"ES256","kid":"{signing.kid}"}}'
    assert jwt.decode(token, key, ["ES256"]).claims == said
