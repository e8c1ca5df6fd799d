"""Whatever arrives at whichever endpoint, the answer is a page, a redirect or an error of the client's."""

import base64
import json
import os
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from starlette.types import Message

from gateway.authorization.client_assertions import ASSERTION_TYPE
from tests.gateway.authorization.browsing import SHOP_REDIRECT, Flow
from tests.gateway.authorization.conftest import ISSUER, House, open_house
from triptych.settings import Settings

ENDPOINTS = [
    "/oauth/authorize",
    "/oauth/token",
    "/oauth/par",
    "/oauth/register",
    "/oauth/revoke",
    "/oauth/introspect",
    "/oauth/userinfo",
    "/oauth/logout",
    "/oauth/jwks",
    "/.well-known/openid-configuration",
    "/oauth/nothing",
]
FORM = b"application/x-www-form-urlencoded"
# fmt: off
NAMES = [
    "grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret", "scope", "state",
    "nonce", "resource", "refresh_token", "token", "token_type_hint", "response_type", "response_mode",
    "prompt", "max_age", "request", "request_uri", "code_challenge", "code_challenge_method", "login_hint",
    "id_token_hint", "post_logout_redirect_uri", "action", "email", "password", "form_token", "x",
    "client_assertion", "client_assertion_type", "dpop_jkt", "subject_token", "subject_token_type",
    "actor_token", "actor_token_type", "requested_token_type", "audience", "acr_values",
]
VALUES = [
    "authorization_code", "client_credentials", "refresh_token", "code", "S256", "plain", "openid", "none",
    "login", SHOP_REDIRECT, "http://127.0.0.1:1/callback", "https://[", "https://shop.example:x/", "%00",
    "%ff%fe", "%E2%80%AE", "a%20b", "%22%27%3C", "1e999", "-1", "9" * 40, "{}", "e30.e30.e30", "sign-in",
    "urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:token-type:access_token",
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "urn:ietf:params:oauth:request_uri:x",
    "allow", "deny", "switch", "..%2f", "%0d%0aSet-Cookie:%20x=y", "%ED%A0%80", "%F0%9F%98%80",
]
# fmt: on


def part(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def form(pairs: Sequence[tuple[str, str]]) -> bytes:
    return "&".join(f"{name}={value}" for name, value in pairs).encode()


fields = st.tuples(
    st.sampled_from(["", *NAMES]) | st.binary(max_size=8).map(quote_from_bytes),
    st.sampled_from(["", *VALUES]) | st.binary(max_size=40).map(quote_from_bytes) | st.text(max_size=20),
)
bodies = st.binary(max_size=300) | st.lists(fields, max_size=12).map(form)
kinds = st.sampled_from([FORM, FORM + b"; charset=utf-8", b"application/json", b"text/plain", b"", b";"])
basic = st.binary(max_size=40).map(lambda secret: b"Basic " + base64.b64encode(secret))
headers = st.none() | basic | st.binary(max_size=60)
jose = st.lists(st.binary(max_size=60).map(part), min_size=3, max_size=3).map(b".".join)
documents = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=10) | st.sampled_from(VALUES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
)
claims = st.dictionaries(
    st.sampled_from(["alg", "typ", "jwk", "kty", "htm", "htu", "iat", "jti", "nonce", "exp", "aud", "crit"]),
    documents,
).map(lambda said: json.dumps(said).encode())
signed = st.tuples(claims, claims, st.binary(max_size=64)).map(lambda parts: b".".join(map(part, parts)))
proofs = st.none() | st.binary(max_size=60) | jose | signed
patient = settings(
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    deadline=None,
    max_examples=int(os.environ.get("TRIPTYCH_TEST_EXAMPLES", "150")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="session")
async def open_house_(data: Path) -> AsyncGenerator[House]:
    """A house where everyone may register."""
    async with open_house(Settings(data=data, public_url=ISSUER, registration="open")) as house:
        yield house


@dataclass
class RawAnswer:
    """What came back, as the server sent it."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""

    @property
    def sane(self) -> bool:
        """Speaks for itself: no fault of ours, and no address but registered ones."""
        location = self.headers.get("location", "/")
        known = location.startswith(("/", SHOP_REDIRECT, "http://127.0.0.1:1/callback"))
        return 200 <= self.status < 500 and known and "x=y" not in self.headers.get("set-cookie", "")


async def raw(
    house: House, method: str, path: str, query: bytes = b"", body: bytes = b"", **headers: bytes | None
) -> RawAnswer:
    """One request in bytes that no HTTP client would send."""
    answer = RawAnswer()
    said = [(name.replace("_", "-").encode(), value) for name, value in headers.items() if value is not None]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": said,
        "client": None,
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    await house.server(scope, receive, send)
    return answer


@patient
@given(path=st.sampled_from(ENDPOINTS), body=bodies, kind=kinds, authorization=headers, dpop=proofs)
async def test_no_posted_body_is_too_odd(
    shared_house: House,
    path: str,
    body: bytes,
    kind: bytes,
    authorization: bytes | None,
    dpop: bytes | None,
):
    answer = await raw(
        shared_house, "POST", path, body=body, content_type=kind, authorization=authorization, dpop=dpop
    )
    assert answer.sane, answer


@patient
@given(document=documents.map(lambda said: json.dumps(said).encode()) | st.binary(max_size=100))
async def test_no_registration_is_too_odd(open_house_: House, document: bytes):
    answer = await raw(
        open_house_, "POST", "/oauth/register", body=document, content_type=b"application/json"
    )
    assert answer.sane, answer


@patient
@given(assertion=jose | signed)
async def test_no_client_assertion_is_too_odd(shared_house: House, assertion: bytes):
    said = [("grant_type", "client_credentials"), ("client_assertion", assertion.decode())]
    said.append(("client_assertion_type", quote_from_bytes(ASSERTION_TYPE.encode())))
    answer = await raw(shared_house, "POST", "/oauth/token", body=form(said), content_type=FORM)
    assert answer.sane, answer


@patient
@given(path=st.sampled_from(ENDPOINTS), query=bodies, cookie=headers)
async def test_no_address_is_too_odd(shared_house: House, path: str, query: bytes, cookie: bytes | None):
    assert (await raw(shared_house, "GET", path, query, cookie=cookie)).sane


def authorization_request(house: House) -> list[tuple[str, str]]:
    return [
        ("response_type", "code"),
        ("client_id", house.shop.client_id),
        ("redirect_uri", quote_from_bytes(SHOP_REDIRECT.encode())),
        ("scope", "openid"),
        ("code_challenge", "x" * 43),
        ("code_challenge_method", "S256"),
    ]


def changed(honest: list[tuple[str, str]], change: list[tuple[str, str]]) -> bytes:
    return form([*(pair for pair in honest if pair[0] != change[0][0]), *change])


async def ask_for_token(house: House, body: bytes) -> RawAnswer:
    office = house.office
    proof = b"Basic " + base64.b64encode(f"{office.client_id}:{office.secret}".encode())
    return await raw(house, "POST", "/oauth/token", body=body, content_type=FORM, authorization=proof)


@patient
@given(change=st.lists(fields, min_size=1, max_size=3))
async def test_no_change_to_an_honest_request_is_too_odd(shared_house: House, change: list[tuple[str, str]]):
    honest = authorization_request(shared_house)
    for query in [form([*honest, *change]), changed(honest, change)]:
        answers = [
            await raw(shared_house, "GET", "/oauth/authorize", query),
            await raw(shared_house, "POST", "/oauth/authorize", query, b"action=allow", content_type=FORM),
        ]
        assert all(answer.sane for answer in answers), answers


@patient
@given(change=st.lists(fields, min_size=1, max_size=3), grant=st.sampled_from(VALUES[:3]))
async def test_no_change_to_an_honest_token_request_is_too_odd(
    shared_house: House, change: list[tuple[str, str]], grant: str
):
    honest = [("grant_type", grant), ("code", "x"), ("refresh_token", "x"), ("code_verifier", "x" * 43)]
    answer = await ask_for_token(shared_house, changed(honest, change))
    assert answer.sane, answer
    assert answer.status == 200 or "error" in json.loads(answer.body)


@pytest.mark.parametrize("name", NAMES)
async def test_no_odd_value_of_any_parameter_is_a_fault_of_ours(house: House, name: str):
    for value in VALUES:
        change = [(name, value)]
        query = changed(authorization_request(house), change)
        answers = [
            await raw(house, "GET", "/oauth/authorize", query),
            await raw(house, "GET", "/oauth/logout", form(change)),
            await ask_for_token(
                house, changed([("grant_type", "authorization_code"), ("code", "x")], change)
            ),
        ]
        assert all(answer.sane for answer in answers), (value, answers)


@pytest.mark.parametrize("path", ["authorize", "token", "revoke", "introspect", "logout"])
async def test_a_body_over_64_kib_is_refused(house: House, path: str):
    body = b"token=" + b"x" * (64 * 1024)
    answer = await raw(house, "POST", f"/oauth/{path}", body=body, content_type=FORM)
    assert answer.status == 413


async def test_more_fields_than_anybody_needs_are_refused(house: House):
    body = "&".join(f"f{number}=1" for number in range(60))
    answer = await house.http.post("/oauth/token", content=body, headers={"content-type": FORM.decode()})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_query_over_8_kib_is_refused(house: House):
    answer = await house.http.get("/oauth/authorize?state=" + "x" * 9000)
    assert answer.status_code == 400


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", None])
async def test_a_token_request_that_is_no_form_is_refused(house: House, kind: str | None):
    said = {"content-type": kind} if kind else {}
    answer = await house.http.post("/oauth/token", content=b"grant_type=client_credentials", headers=said)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_nul_never_reaches_the_database(either_house: House):
    for name in ["client_id", "token", "refresh_token", "code"]:
        said = {"grant_type": "refresh_token", name: "a\x00b"}
        for path in ["/oauth/token", "/oauth/revoke", "/oauth/introspect"]:
            answer = await either_house.http.post(path, data=said, auth=either_house.office.basic)
            assert answer.status_code == 400, answer.text


async def test_text_that_no_database_takes_signs_nobody_in(either_house: House):
    browser = either_house.browser()
    page = await browser.get(Flow(either_house.shop, "storefront:read").url())
    for email in ["\u202e@example.com", "x" * 5000, "' OR 1=1 --"]:
        answer = await browser.sign_in(page, email, "\U0001f600" * 100)
        assert answer.status_code in (400, 429)
