"""What a client sees of its limits."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from gateway.limits import Accounts
from gateway.plans import Plans
from tests.gateway.conftest import Browse, Serve
from tests.gateway.landscape import Landscape


async def test_every_answer_says_what_is_left_and_the_last_says_when_to_come_again(
    landscape: Landscape, browse: Browse
):
    header = landscape.token("acme", "shop:read", plan="small")
    plans = Plans({"small": {"burst": 3, "day": 100}})
    async with browse(landscape.gateway(plans=plans)) as client:
        answers = [await client.get("/shop/v1/products", headers=header) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    for answer in answers:
        assert answer.headers["ratelimit-policy"] == '"burst";q=3;w=1, "day";q=100;w=86400'
    assert answers[0].headers["ratelimit"].startswith('"burst";r=2;t=1, "day";r=99;t=')
    refused = answers[3]
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    assert refused.json()["violated-policies"] == ["burst"]
    assert refused.headers["retry-after"] == "1"
    assert '"burst";r=0;' in refused.headers["ratelimit"]


async def test_no_more_requests_are_under_way_at_once_than_the_plan_allows(
    landscape: Landscape, serve: Serve
) -> None:
    header = landscape.token("acme", plan="small")
    other = landscape.token("other", plan="small")
    plans = Plans({"small": {"burst": 100, "concurrency": 2}})
    async with serve(landscape.gateway(plans=plans)) as port, AsyncExitStack() as stack:
        address = f"http://127.0.0.1:{port}/shop/v1"
        client = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        open_ones = [
            await stack.enter_async_context(client.stream("GET", f"{address}/ticks", headers=header))
            for _ in range(2)
        ]
        refused = await client.get(f"{address}/hours", headers=header)
        others = await client.get(f"{address}/hours", headers=other)
        admitted = refused
        await open_ones[0].aclose()
        for _ in range(200):
            admitted = await client.get(f"{address}/hours", headers=header)
            if admitted.status_code == 200:
                break
            await asyncio.sleep(0.01)

    policy = '"burst";q=100;w=1, "concurrency";q=2;qu="concurrent-requests"'
    assert [found.headers["ratelimit-policy"] for found in (refused, others, admitted)] == [policy] * 3
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.json()["violated-policies"] == ["concurrency"]
    assert refused.json()["detail"] == "The plan small allows 2 requests at once, and as many are under way."
    assert refused.headers["ratelimit"].endswith('"concurrency";r=0')
    assert others.headers["ratelimit"].endswith('"concurrency";r=1')
    assert admitted.status_code == 200


@pytest.mark.parametrize("path", ["/products", "/products/NONE", "/crash", "/nothing", "/orders"])
async def test_however_a_request_ends_its_place_is_given_back(
    landscape: Landscape, browse: Browse, path: str
) -> None:
    header = landscape.token("acme", "shop:read", plan="small")
    counted = Accounts()
    plans = Plans({"small": {"burst": 2, "concurrency": 1}})
    async with browse(landscape.gateway(plans=plans, counted=counted)) as client:
        for _ in range(4):
            answer = await client.get(f"/shop/v1{path}", headers=header)
            assert answer.status_code != 429 or answer.json()["violated-policies"] == ["burst"]
    assert counted.of_client("client-acme", plans.named("small")).busy == 0


async def test_an_operation_counts_as_much_as_it_weighs(landscape: Landscape, browse: Browse):
    header = landscape.token("acme", "shop:read", plan="small")
    async with browse(landscape.gateway(plans=Plans({"small": {"burst": 6}}))) as client:
        answer = await client.get("/shop/v1/catalogue", headers=header)
        second = await client.get("/shop/v1/catalogue", headers=header)
    assert answer.headers["ratelimit"] == '"burst";r=1;t=1'
    assert second.status_code == 429


async def test_tokens_of_one_client_share_its_limit_and_other_clients_have_their_own(
    landscape: Landscape, browse: Browse
):
    first = landscape.token("acme", "shop:read", plan="small")
    other = landscape.token("other", "shop:read", plan="small")
    async with browse(landscape.gateway(plans=Plans({"small": {"burst": 1}}))) as client:
        assert (await client.get("/shop/v1/products", headers=first)).status_code == 200
        assert (await client.get("/shop/v1/products", headers=first)).status_code == 429
        assert (await client.get("/shop/v1/products", headers=other)).status_code == 200


async def test_requests_without_a_token_are_limited_by_address(landscape: Landscape, browse: Browse):
    async with browse(landscape.gateway(plans=Plans({"anonymous": {"burst": 2}}))) as client:
        answers = [await client.get("/shop/v1/hours") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["detail"] == "The burst limit of the plan anonymous is used up."


async def test_a_refused_request_costs_nothing(landscape: Landscape, browse: Browse):
    header = landscape.token("acme", plan="small")
    counted = Accounts()
    plans = Plans({"small": {"burst": 5}})
    async with browse(landscape.gateway(plans=plans, counted=counted)) as client:
        for _ in range(20):
            assert (await client.get("/shop/v1/products", headers=header)).status_code == 403
    assert counted.of_client("client-acme", plans.named("small")).header(0.0) == b'"burst";r=5;t=0'


async def test_the_authorization_server_is_limited_by_address(landscape: Landscape, browse: Browse):
    async def server(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 400, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    gateway = landscape.gateway(authorization=server, plans=Plans({"oauth": {"burst": 2}}))
    async with browse(gateway) as client:
        answers = [await client.post("/oauth/token") for _ in range(3)]
        reading = await client.get("/oauth/jwks.json")
        metadata = await client.get("/.well-known/openid-configuration")
    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert reading.status_code == 400
    assert metadata.status_code == 400


async def test_limits_are_shared_through_redis_where_it_is_set(
    landscape: Landscape, browse: Browse, redis_url: str, redis_prefix: str
):
    from gateway.limits.counters import Counters
    from gateway.limits.leased import LeasedAccounts

    header = landscape.token("acme", "shop:read", plan="small")
    plans = Plans({"small": {"burst": 1_000, "day": 5}})
    statuses: list[int] = []
    for number in range(2):
        counted = LeasedAccounts(Counters(redis_url, f"gateway-{number}", redis_prefix))
        gateway = landscape.gateway(plans=plans, counted=counted)
        async with gateway.running(), browse(gateway) as client:
            statuses += [
                (await client.get("/shop/v1/products", headers=header)).status_code for _ in range(4)
            ]
    assert statuses == [200] * 5 + [429] * 3
