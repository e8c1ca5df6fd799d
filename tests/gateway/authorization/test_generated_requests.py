"""Honest requests to every OAuth endpoint, changed in a place or some: never is the answer a fault of ours.

`TRIPTYCH_TEST_EXAMPLES` says how many series of changes are generated for each kind, by default 5. A series
is one to eight changes, tried one by one and then together.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.authorization.endpoints.registering import REGISTER
from tests.gateway.authorization.conftest import ISSUER, open_house
from tests.gateway.authorization.honest import REQUESTS, Fields, Honest, Request, joined
from tests.gateway.authorization.honest_registrations import REGISTRATIONS
from tests.gateway.authorization.odd import claims_of, documents, fields, kinds
from tests.gateway.authorization.signing import signer
from tests.gateway.authorization.test_dpop import nonce_of
from tests.gateway.authorization.test_private_key_jwt import registered
from tests.gateway.authorization.test_token_exchange import middle
from triptych.secrets import Secrets
from triptych.settings import Settings

KINDS = REQUESTS | REGISTRATIONS
LONG = [b"x" * 300, b"x" * 9_000, b"9" * 5_000, b"%F0%9F%98%80" * 700, b"x" * 70_000, b"." * 8_000]
METHODS = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"]
HEADERS = [b"authorization", b"cookie", b"content-type", b"dpop", b"accept", b"sec-fetch-site", b"host", b"x"]

odd_fields = fields.map(lambda pair: (pair[0].encode(), pair[1].encode("utf-8", "surrogatepass")))
values = odd_fields.map(lambda pair: pair[1]) | st.binary(max_size=60) | st.sampled_from(LONG)


@dataclass(frozen=True)
class Change:
    """What becomes of a request: of one of its fields, or of all of it."""

    where: str
    """`query`, `form`, `headers`, `body`, `content-type` or `method`."""
    how: str
    """Of a field: `odd`, `absent`, `twice`, `half` or `added`."""
    at: int
    """Which field, counted around."""
    name: bytes
    value: bytes

    def __repr__(self) -> str:
        return f"<{self.where} {self.how} {self.at} {self.name!r} {self.value[:80]!r} of {len(self.value)}>"

    def of(self, request: Request) -> Request:
        """The request, changed."""
        match self.where:
            case "body":
                cut = (request.body or joined(request.form))[: self.at * 20]
                return replace(request, body=cut if self.how == "half" else self.value)
            case "content-type":
                return replace(request, headers=((b"content-type", self.value), *request.headers[1:]))
            case "method":
                return replace(request, method=METHODS[self.at % len(METHODS)])
            case _:
                return replace(request, **{self.where: self._of_fields(getattr(request, self.where))})

    def _of_fields(self, found: Fields) -> Fields:
        at = self.at % max(1, len(found))
        before, here, after = found[:at], found[at : at + 1], found[at + 1 :]
        match self.how:
            case "odd":
                return (*before, *((name, self.value) for name, _ in here), *after)
            case "absent":
                return (*before, *after)
            case "twice":
                return (*found, *here)
            case "half":
                return (*before, *((name, value[: len(value) // 2]) for name, value in here), *after)
            case _:
                return (*found, (self.name, self.value))


changes = st.builds(
    Change,
    st.sampled_from(["query", "form", "form", "headers", "body", "content-type", "method"]),
    st.sampled_from(["odd", "odd", "absent", "twice", "half", "added"]),
    st.integers(0, 11),
    st.sampled_from(HEADERS) | odd_fields.map(lambda pair: pair[0]),
    values | documents.map(claims_of) | kinds,
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


@pytest.mark.parametrize("kind", KINDS)
async def test_the_honest_request_succeeds(honest: Honest, kind: str):
    request = await KINDS[kind](honest, {})
    answer = await request.sent_to(honest.house)
    other = {"account, second factor": 400, "register": 201, "par": 201, "registration, ended": 204}
    assert answer.status in ([other[kind]] if kind in other else [200, 302, 303]), answer


@settings(
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    deadline=None,
    max_examples=int(os.environ.get("TRIPTYCH_TEST_EXAMPLES", "5")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(drawn=st.lists(changes, min_size=1, max_size=8), odd=odd_claims)
@pytest.mark.parametrize("kind", KINDS)
async def test_no_changed_request_is_a_fault_of_ours(
    honest: Honest, kind: str, drawn: list[Change], odd: dict[str, Any]
):
    series = [[change] for change in drawn] + [drawn[:last] for last in range(2, len(drawn) + 1)]
    for some in series:
        request = await KINDS[kind](honest, odd)
        for change in some:
            request = change.of(request)
        answer = await request.sent_to(honest.house)
        honest.seen.setdefault(kind, Counter())[answer.status] += 1
        assert 200 <= answer.status < 500, (request, answer)
        location = answer.headers.get("location", "/")
        assert location.startswith(("/", "https://shop.example/", "http://127.0.0.1:")), (request, answer)
        assert "x=y" not in answer.headers.get("set-cookie", ""), (request, answer)
