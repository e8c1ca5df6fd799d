"""API keys at the gateway: what they open, and how soon they open nothing."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from gateway.authorization.lifetimes import MINUTE
from gateway.identity import RememberedTokens
from tests.gateway.authorization.conftest import ISSUER, House, open_house
from tests.gateway.landscape import Landscape
from triptych.settings import Settings

KEY = re.compile(r"trp_live_[A-Za-z0-9]{38}")
"""What secret scanners look for."""


@asynccontextmanager
async def gateway(
    house: House, landscape: Landscape
) -> AsyncGenerator[tuple[httpx.AsyncClient, RememberedTokens]]:
    remembered = RememberedTokens(house.server.bearer, now=house.clock.read)
    house.server.revocations.tell(remembered.forget)
    app = landscape.gateway(tokens=remembered, authorization=house.server)
    transport = httpx.ASGITransport(app, client=("203.0.113.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
        yield http, remembered


async def ask(http: httpx.AsyncClient, key: str) -> httpx.Response:
    return await http.get("/shop/v1/products", headers={"authorization": f"Bearer {key}"})


async def shopper(house: House) -> str:
    issued = await house.server.clients.add(
        "Acme", grants=["client_credentials"], scopes=["shop:read"], plan="partner"
    )
    return issued.client_id


async def test_a_key_opens_what_a_token_would_within_the_same_limits(house: House, landscape: Landscape):
    client_id = await shopper(house)
    _, text = await house.server.api_keys.add(client_id, "Night run")
    async with gateway(house, landscape) as (http, _):
        by_key = await ask(http, text)
        secret = (await house.server.clients.rotate_secret(client_id)).client_secret
        form = {"grant_type": "client_credentials"}
        token = (await http.post("/oauth/token", data=form, auth=(client_id, str(secret)))).json()[
            "access_token"
        ]
        by_token = await ask(http, token)
        assert (by_key.status_code, by_token.status_code) == (200, 200)
        assert by_key.headers["ratelimit-policy"] == by_token.headers["ratelimit-policy"]
        left = [
            int(re.findall(r'"day";r=(\d+)', answer.headers["ratelimit"])[0]) for answer in (by_key, by_token)
        ]
        assert left[0] - left[1] == 1  # one account for both


async def test_a_known_key_costs_no_look_into_the_database_for_a_minute(
    fresh_house: House, landscape: Landscape
):
    house = fresh_house
    _, text = await house.server.api_keys.add(await shopper(house), "Night run")
    async with gateway(house, landscape) as (http, remembered):
        assert (await ask(http, text)).status_code == 200
        house.clock.ahead += MINUTE - 1
        assert remembered.known(b"Bearer " + text.encode()) is not None
        house.clock.ahead += 1
        assert remembered.known(b"Bearer " + text.encode()) is None
        assert (await ask(http, text)).status_code == 200


async def test_a_revoked_key_is_refused_at_once_here_and_soon_at_every_gateway(
    tmp_path: Path, landscape: Landscape
):
    settings = Settings(data=tmp_path, public_url=ISSUER)
    async with (
        open_house(settings, name="gateway") as here,
        open_house(settings, name="gateway") as there,
        gateway(here, landscape) as (http_here, _),
        gateway(there, landscape) as (http_there, known_there),
    ):
        made, text = await here.server.api_keys.add(await shopper(here), "Leaked")
        assert [(await ask(http, text)).status_code for http in (http_here, http_there)] == [200, 200]
        await here.server.api_keys.revoke(made.id)
        refusal = await ask(http_here, text)
        assert (refusal.status_code, refusal.json()["detail"]) == (401, "The API key was revoked")
        assert 'error="invalid_token"' in refusal.headers["www-authenticate"]
        for _ in range(2_000):
            if known_there.known(b"Bearer " + text.encode()) is None:
                break
            await asyncio.sleep(0.01)
        assert (await ask(http_there, text)).status_code == 401


async def test_the_key_of_a_revoked_client_is_refused_at_once(house: House, landscape: Landscape):
    client_id = await shopper(house)
    _, text = await house.server.api_keys.add(client_id, "Night run")
    async with gateway(house, landscape) as (http, _):
        assert (await ask(http, text)).status_code == 200
        await house.server.disable_client(client_id)
        assert (await ask(http, text)).status_code == 401
