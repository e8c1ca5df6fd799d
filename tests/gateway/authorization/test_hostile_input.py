"""Whatever arrives at whichever endpoint, the answer is a page, a redirect or an error of the client's."""

import base64
import json
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.authorization.client_assertions import ASSERTION_TYPE
from tests.gateway.authorization.asking import RawAnswer, asked
from tests.gateway.authorization.browsing import SHOP_REDIRECT, Flow
from tests.gateway.authorization.conftest import ISSUER, House, open_house
from tests.gateway.authorization.odd import (
    FORM,
    NAMES,
    VALUES,
    bodies,
    documents,
    fields,
    form,
    headers,
    jose,
    kinds,
    proofs,
    signed,
)
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


def sane(answer: RawAnswer) -> bool:
    """Speaks for itself: no fault of ours, and no address but registered ones."""
    location = answer.headers.get("location", "/")
    known = location.startswith(("/", SHOP_REDIRECT, "http://127.0.0.1:1/callback"))
    return 200 <= answer.status < 500 and known and "x=y" not in answer.headers.get("set-cookie", "")


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
    answer = await asked(
        shared_house.server,
        "POST",
        path,
        body=body,
        content_type=kind,
        authorization=authorization,
        dpop=dpop,
    )
    assert sane(answer), answer


@patient
@given(document=documents.map(lambda said: json.dumps(said).encode()) | st.binary(max_size=100))
async def test_no_registration_is_too_odd(open_house_: House, document: bytes):
    answer = await asked(
        open_house_.server, "POST", "/oauth/register", body=document, content_type=b"application/json"
    )
    assert sane(answer), answer


@patient
@given(assertion=jose | signed)
async def test_no_client_assertion_is_too_odd(shared_house: House, assertion: bytes):
    said = [("grant_type", "client_credentials"), ("client_assertion", assertion.decode())]
    said.append(("client_assertion_type", quote_from_bytes(ASSERTION_TYPE.encode())))
    answer = await asked(shared_house.server, "POST", "/oauth/token", body=form(said), content_type=FORM)
    assert sane(answer), answer


@patient
@given(path=st.sampled_from(ENDPOINTS), query=bodies, cookie=headers)
async def test_no_address_is_too_odd(shared_house: House, path: str, query: bytes, cookie: bytes | None):
    assert sane(await asked(shared_house.server, "GET", path, query, cookie=cookie))


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
    return await asked(
        house.server, "POST", "/oauth/token", body=body, content_type=FORM, authorization=proof
    )


@patient
@given(change=st.lists(fields, min_size=1, max_size=3))
async def test_no_change_to_an_honest_request_is_too_odd(shared_house: House, change: list[tuple[str, str]]):
    honest = authorization_request(shared_house)
    for query in [form([*honest, *change]), changed(honest, change)]:
        answers = [
            await asked(shared_house.server, "GET", "/oauth/authorize", query),
            await asked(
                shared_house.server, "POST", "/oauth/authorize", query, b"action=allow", content_type=FORM
            ),
        ]
        assert all(map(sane, answers)), answers


@patient
@given(change=st.lists(fields, min_size=1, max_size=3), grant=st.sampled_from(VALUES[:3]))
async def test_no_change_to_an_honest_token_request_is_too_odd(
    shared_house: House, change: list[tuple[str, str]], grant: str
):
    honest = [("grant_type", grant), ("code", "x"), ("refresh_token", "x"), ("code_verifier", "x" * 43)]
    answer = await ask_for_token(shared_house, changed(honest, change))
    assert sane(answer), answer
    assert answer.status == 200 or "error" in json.loads(answer.body)


@pytest.mark.parametrize("name", NAMES)
async def test_no_odd_value_of_any_parameter_is_a_fault_of_ours(house: House, name: str):
    for value in VALUES:
        change = [(name, value)]
        query = changed(authorization_request(house), change)
        answers = [
            await asked(house.server, "GET", "/oauth/authorize", query),
            await asked(house.server, "GET", "/oauth/logout", form(change)),
            await ask_for_token(
                house, changed([("grant_type", "authorization_code"), ("code", "x")], change)
            ),
        ]
        assert all(map(sane, answers)), (value, answers)


@pytest.mark.parametrize("path", ["authorize", "token", "revoke", "introspect", "logout"])
async def test_a_body_over_64_kib_is_refused(house: House, path: str):
    body = b"token=" + b"x" * (64 * 1024)
    answer = await asked(house.server, "POST", f"/oauth/{path}", body=body, content_type=FORM)
    assert answer.status == 413


async def test_more_fields_than_anybody_needs_are_refused(house: House):
    body = "&".join(f"f{number}=1" for number in range(60))
    answer = await house.http.post("/oauth/token", content=body, headers={"content-type": FORM.decode()})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", ["token", "par", "revoke", "introspect", "register", "userinfo", "logout"])
async def test_a_query_in_no_alphabet_changes_nothing(house: House, path: str):
    answers = [
        await asked(house.server, "POST", f"/oauth/{path}", query, b"token=x", content_type=FORM)
        for query in (b"", b"authorization=\x80")
    ]
    assert answers[0].status == answers[1].status < 500
    assert answers[0].headers == answers[1].headers or path == "logout"


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
