"""Honest requests to every OAuth endpoint, changed in a place or three: never is the answer a fault of ours.

`TRIPTYCH_TEST_EXAMPLES` says how many are generated of each kind, by default 15.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.authorization.endpoints.registering import REGISTER
from tests.gateway.authorization.conftest import ISSUER, open_house
from tests.gateway.authorization.honest import REQUESTS, Fields, Honest, Request
from tests.gateway.authorization.odd import claims_of, documents, fields, kinds
from tests.gateway.authorization.signing import signer
from tests.gateway.authorization.test_dpop import nonce_of
from tests.gateway.authorization.test_private_key_jwt import registered
from tests.gateway.authorization.test_token_exchange import middle
from triptych.secrets import Secrets
from triptych.settings import Settings

Change = Callable[[Request], Request]
LONG = [b"x" * 300, b"x" * 9_000, b"9" * 5_000, b"%F0%9F%98%80" * 700, b"x" * 70_000, b"." * 8_000]
METHODS = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"]
HEADERS = [b"authorization", b"cookie", b"content-type", b"dpop", b"accept", b"sec-fetch-site", b"host", b"x"]

odd_fields = fields.map(lambda pair: (pair[0].encode(), pair[1].encode("utf-8", "surrogatepass")))
places = st.integers(0, 11)
"""Of the field that is changed, counted around."""
values = odd_fields.map(lambda pair: pair[1]) | st.binary(max_size=60) | st.sampled_from(LONG)


def with_value(found: Fields, at: int, value: bytes) -> Fields:
    at %= max(1, len(found))
    return tuple((name, value if here == at else old) for here, (name, old) in enumerate(found))


def without(found: Fields, at: int) -> Fields:
    return tuple(pair for here, pair in enumerate(found) if here != at % max(1, len(found)))


def twice(found: Fields, at: int) -> Fields:
    return (*found, *found[at % max(1, len(found)) :][:1])


def cut(found: Fields, at: int) -> Fields:
    """Half of a value."""
    at %= max(1, len(found))
    return tuple(
        (name, old[: len(old) // 2] if here == at else old) for here, (name, old) in enumerate(found)
    )


def of_part(part: str) -> st.SearchStrategy[Change]:
    """Changes to the query, the form or the header fields."""

    def changing(change: Callable[[Fields], Fields]) -> Change:
        return lambda request: replace(request, **{part: change(getattr(request, part))})

    added = odd_fields if part != "headers" else st.tuples(st.sampled_from(HEADERS), values)
    return st.one_of(
        st.tuples(places, values).map(lambda drawn: changing(lambda found: with_value(found, *drawn))),
        places.map(lambda at: changing(lambda found: without(found, at))),
        places.map(lambda at: changing(lambda found: twice(found, at))),
        places.map(lambda at: changing(lambda found: cut(found, at))),
        added.map(lambda pair: changing(lambda found: (*found, pair))),
    )


def as_body(body: bytes) -> Change:
    return lambda request: replace(request, body=body)


def cut_body(at: int) -> Change:
    return lambda request: request if request.body is None else replace(request, body=request.body[: at * 20])


def of_kind(kind: bytes) -> Change:
    return lambda request: replace(request, headers=((b"content-type", kind), *request.headers[1:]))


def by_method(method: str) -> Change:
    return lambda request: replace(request, method=method)


changes = st.one_of(
    of_part("query"),
    of_part("form"),
    of_part("form"),
    of_part("headers"),
    (st.binary(max_size=200) | st.sampled_from(LONG)).map(as_body),
    documents.map(lambda said: as_body(claims_of(said))),
    places.map(cut_body),
    kinds.map(of_kind),
    st.sampled_from(METHODS).map(by_method),
)
CLAIMS = [
    "iss", "sub", "aud", "exp", "iat", "nbf", "jti", "htm", "htu", "ath", "nonce", "cnf", "scope",
    "client_id", "redirect_uris", "grant_types", "jwks", "client_name", "response_types", "jwks_uri",
    "token_endpoint_auth_method", "dpop_bound_access_tokens", "sid", "act",
]  # fmt: skip
odd_claims = st.just(dict[str, Any]()) | st.dictionaries(st.sampled_from(CLAIMS), documents, max_size=2)


@pytest.fixture(scope="session")
async def honest(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Honest]:
    """A house of these tests' own, and everybody who deals with it."""
    data: Path = tmp_path_factory.mktemp("generated")
    told = Settings(data=data, public_url=ISSUER)
    form_key = (await asyncio.to_thread(Secrets, told)).key("oauth-forms")
    async with open_house(told) as house:
        maker = await house.server.clients.add(
            "Registrar",
            grants=["client_credentials"],
            scopes=[REGISTER, "storefront:read", "partner:read"],
            plan="internal",
        )
        registrar = await house.http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials", "scope": REGISTER},
            auth=(maker.client_id, maker.client_secret or ""),
        )
        _, api_key = await house.server.api_keys.add(house.partner.client_id, "Honest", ["partner:read"])
        made = Honest(
            house,
            form_key,
            await nonce_of(house),
            await registered(house, signer("ES256")),
            await middle(house, exchanges=("*",)),
            registrar.json()["access_token"],
            api_key,
            await house.tokens(house.shop, "openid storefront:read"),
        )
        yield made
        for kind, statuses in made.seen.items():
            print(f"{kind}: {statuses.total()} requests, {dict(sorted(statuses.items()))}")


@pytest.mark.parametrize("kind", REQUESTS)
async def test_the_honest_request_succeeds(honest: Honest, kind: str):
    request = await REQUESTS[kind](honest, {})
    answer = await request.sent_to(honest.house)
    assert answer.status in {"account, second factor": [400], "register": [201], "par": [201]}.get(
        kind, [200, 302, 303]
    ), answer


@settings(
    deadline=None,
    max_examples=int(os.environ.get("TRIPTYCH_TEST_EXAMPLES", "15")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(drawn=st.lists(changes, min_size=1, max_size=3), odd=odd_claims)
@pytest.mark.parametrize("kind", REQUESTS)
async def test_no_changed_request_is_a_fault_of_ours(
    honest: Honest, kind: str, drawn: list[Change], odd: dict[str, Any]
):
    request = await REQUESTS[kind](honest, odd)
    for change in drawn:
        request = change(request)
    answer = await request.sent_to(honest.house)
    honest.seen.setdefault(kind, Counter())[answer.status] += 1
    assert 200 <= answer.status < 500, (request, answer)
    location = answer.headers.get("location", "/")
    assert location.startswith(("/", "https://shop.example/", "http://127.0.0.1:")), (request, answer)
    assert "x=y" not in answer.headers.get("set-cookie", ""), (request, answer)
