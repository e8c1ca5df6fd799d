"""Signing in with a second factor: enrolment, codes that count once, recovery, guessing, claims."""

import asyncio
import re
import sqlite3
from pathlib import Path

import httpx
import pytest

from gateway.authorization import totp
from gateway.authorization.endpoints.account import PATH, RECENT
from gateway.authorization.endpoints.sign_in import PATIENCE
from gateway.authorization.second_factors import RECOVERY_CODES
from gateway.authorization.throttle import SECOND
from gateway.authorization.users import User
from tests.gateway.authorization.browsing import Browser, Flow, Form, returned
from tests.gateway.authorization.conftest import ISSUER, Answers, House, open_house
from triptych.problems import InvalidState
from triptych.settings import Settings

ASKED = "Six digits, or a recovery code"


async def enrolled(house: House) -> tuple[User, bytes, list[str]]:
    """Somebody with a second factor: the app's secret, and the recovery codes."""
    user, factors = await house.someone(), house.server.factors
    secret = await factors.begin(user.id)
    codes = await factors.confirm(user.id, now_code(house, secret))
    assert codes is not None
    house.clock.ahead += totp.PERIOD  # that code was spent by it
    return user, secret, codes


def now_code(house: House, secret: bytes, off: int = 0) -> str:
    return totp.code(secret, int(house.clock.read()) // totp.PERIOD + off)


async def asked_for_code(house: House, user: User, **more: str) -> tuple[Browser, httpx.Response, Flow]:
    browser, flow = house.browser(), Flow(house.shop, "openid storefront:read", more)
    page = await browser.sign_in(await browser.get(flow.url()), user.email)
    return browser, page, flow


async def with_code(browser: Browser, page: httpx.Response, code: str) -> httpx.Response:
    return await browser.submit(page, action="code", code=code)


async def test_a_password_alone_opens_nothing_where_there_is_a_second_factor(fresh_house: House):
    user, _, _ = await enrolled(fresh_house)
    browser, page, flow = await asked_for_code(fresh_house, user)
    assert page.status_code == 200
    assert ASKED in page.text
    assert "triptych-session" not in browser.http.cookies
    assert 'name="password"' in (await browser.get(flow.url())).text


async def test_the_code_of_now_lets_in_and_tokens_say_how(fresh_house: House):
    house = fresh_house
    user, secret, _ = await enrolled(house)
    browser, page, flow = await asked_for_code(house, user)
    page = await with_code(browser, page, now_code(house, secret))
    flow.answer = returned(await browser.submit(page, action="allow"))
    tokens = (await house.token(house.shop, **flow.exchange())).json()
    keys = (await house.http.get("/oauth/jwks")).json()
    for token in (tokens["id_token"], tokens["access_token"]):
        said = house.claims(token, keys)
        assert (said["acr"], said["amr"]) == ("2", ["pwd", "otp", "mfa"])


async def test_who_has_no_second_factor_signs_in_with_a_password_and_tokens_say_so(house: House):
    tokens = await house.tokens(house.shop, "openid storefront:read")
    keys = (await house.http.get("/oauth/jwks")).json()
    for token in (tokens["id_token"], tokens["access_token"]):
        said = house.claims(token, keys)
        assert (said["acr"], said["amr"]) == ("1", ["pwd"])


@pytest.mark.parametrize("off", [-1, 0, 1])
async def test_a_code_counts_once(fresh_house: House, off: int):
    house = fresh_house
    user, secret, _ = await enrolled(house)
    code = now_code(house, secret, off)
    if off < 0:
        house.clock.ahead += totp.PERIOD
        code = now_code(house, secret, off)
    browser, page, _ = await asked_for_code(house, user)
    assert (await with_code(browser, page, code)).status_code == 200
    browser, page, _ = await asked_for_code(house, user)
    again = await with_code(browser, page, code)
    assert again.status_code == 400
    assert "was used before" in again.text


async def test_of_twenty_at_once_with_one_code_one_is_let_in(either_house: House):
    user, secret, codes = await enrolled(either_house)
    factors = either_house.server.factors
    for code in (now_code(either_house, secret), codes[0]):
        taken = await asyncio.gather(*(factors.accepts(user.id, code) for _ in range(20)))
        assert sum(taken) == 1


async def test_a_recovery_code_lets_in_once_however_it_is_typed(fresh_house: House):
    user, _, codes = await enrolled(fresh_house)
    assert len(set(codes)) == RECOVERY_CODES
    browser, page, _ = await asked_for_code(fresh_house, user)
    assert (await with_code(browser, page, codes[0].upper().replace("-", " "))).status_code == 200
    browser, page, _ = await asked_for_code(fresh_house, user)
    assert (await with_code(browser, page, codes[0])).status_code == 400
    assert (await with_code(browser, page, codes[1])).status_code == 200
    assert await fresh_house.server.factors.recovery_codes_left(user.id) == RECOVERY_CODES - 2


async def test_a_recovery_code_of_somebody_else_opens_nothing(fresh_house: House):
    user, _, _ = await enrolled(fresh_house)
    _, _, others = await enrolled(fresh_house)
    assert not await fresh_house.server.factors.accepts(user.id, others[0])


async def test_who_guesses_codes_has_to_wait_wherever_they_come_from(fresh_house: House):
    house = fresh_house
    user, secret, _ = await enrolled(house)
    wrong = "000000" if now_code(house, secret) != "000000" else "000001"
    for _ in range(SECOND.free + 1):
        browser, page, _ = await asked_for_code(house, user)
        assert (await with_code(browser, page, wrong)).status_code == 400
    browser, page, _ = await asked_for_code(house, user)
    slowed = await with_code(browser, page, now_code(house, secret))
    assert slowed.status_code == 429
    house.clock.ahead += int(slowed.headers["retry-after"])
    assert (await with_code(browser, slowed, now_code(house, secret))).status_code == 200


async def test_the_code_has_to_come_soon_after_the_password_and_in_the_same_browser(fresh_house: House):
    house = fresh_house
    user, secret, _ = await enrolled(house)
    _, page, flow = await asked_for_code(house, user)
    ticket = Form(page.text).fields["ticket"]
    other = house.browser()
    stolen = await other.submit(
        await other.get(flow.url()), action="code", ticket=ticket, code=now_code(house, secret)
    )
    assert "That took too long" in stolen.text
    browser, page, _ = await asked_for_code(house, user)
    house.clock.ahead += PATIENCE + 1
    late = await with_code(browser, page, now_code(house, secret))
    assert (late.status_code, 'name="password"' in late.text) == (400, True)


@pytest.mark.parametrize("ticket", ["", "usr_x", "usr_x.y.z", "usr_x.1.é", f"usr_x.{'9' * 30}.a"])
async def test_tickets_that_were_made_up_are_refused(fresh_house: House, ticket: str):
    user, secret, _ = await enrolled(fresh_house)
    browser, page, _ = await asked_for_code(fresh_house, user)
    refused = await browser.submit(page, action="code", ticket=ticket, code=now_code(fresh_house, secret))
    assert (refused.status_code, "triptych-session" in browser.http.cookies) == (400, False)


async def test_a_client_that_wants_two_factors_has_the_second_one_asked_for(fresh_house: House):
    house, user = fresh_house, await fresh_house.someone()
    browser, flow = house.browser(), Flow(house.shop, "openid storefront:read", {"acr_values": "2"})
    await browser.allow(flow, user.email)  # there is none to ask for yet
    secret = await house.server.factors.begin(user.id)
    await house.server.factors.confirm(user.id, now_code(house, secret))
    house.clock.ahead += totp.PERIOD
    assert 'name="password"' in (await browser.get(flow.url())).text
    silent = Flow(house.shop, "openid storefront:read", {"acr_values": "2", "prompt": "none"})
    assert returned(await browser.get(silent.url()))["error"] == "login_required"
    page = await browser.sign_in(await browser.get(flow.url()), user.email)
    assert "code" in returned(await with_code(browser, page, now_code(house, secret)))


# --- the account page ---


async def at_home(house: House, user: User) -> tuple[Browser, httpx.Response]:
    browser = house.browser()
    return browser, await browser.sign_in(await browser.get(PATH), user.email)


async def begun(house: House, user: User) -> tuple[Browser, httpx.Response, bytes]:
    browser, page = await at_home(house, user)
    page = await browser.submit(page, action="add-factor")
    return browser, page, await house.server.factors.begin(user.id)


async def test_an_app_is_added_with_a_picture_a_key_and_a_link_without_a_script(fresh_house: House):
    house, user = fresh_house, await fresh_house.someone()
    browser, page, secret = await begun(house, user)
    assert '<svg class="qr"' in page.text
    assert totp.typed(secret) in page.text
    assert "otpauth://totp/Triptych:" in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    wrong = await browser.submit(page, action="confirm-factor", code="123")
    assert (wrong.status_code, totp.typed(secret) in wrong.text) == (400, True)
    assert not await house.server.factors.has(user.id)
    done = await browser.submit(wrong, action="confirm-factor", code=now_code(house, secret))
    codes = re.findall(r"<code>([a-z2-7-]{19})</code>", done.text)
    assert len(codes) == RECOVERY_CODES
    assert done.headers["cache-control"] == "no-store"
    house.clock.ahead += totp.PERIOD
    assert await house.server.factors.accepts(user.id, codes[3])
    home = await browser.get(PATH)
    assert f"{RECOVERY_CODES - 1} recovery codes are left" in home.text
    assert house.audit.of("second-factor.added")[0]["subject"] == user.id


async def test_adding_an_app_ends_sessions_that_began_without_it(fresh_house: House):
    house, user = fresh_house, await fresh_house.someone()
    other, _ = await at_home(house, user)
    browser, page, secret = await begun(house, user)
    await browser.submit(page, action="confirm-factor", code=now_code(house, secret))
    assert "You are signed in" in (await browser.get(PATH)).text
    assert 'name="password"' in (await other.get(PATH)).text


async def test_who_signed_in_long_ago_signs_in_again_before_adding_one(fresh_house: House):
    house, user = fresh_house, await fresh_house.someone()
    browser, page = await at_home(house, user)
    house.clock.ahead += RECENT
    asked = await browser.submit(page, action="add-factor")
    assert "Please sign in again before you change how you sign in" in asked.text
    assert not await house.server.factors.has(user.id)


async def test_removing_the_second_factor_takes_a_code(fresh_house: House):
    house = fresh_house
    user, secret, codes = await enrolled(house)
    browser, page = await at_home(house, user)
    page = await with_code(browser, page, now_code(house, secret))
    refused = await browser.submit(page, action="remove-factor", code="nothing")
    assert (refused.status_code, await house.server.factors.has(user.id)) == (400, True)
    done = await browser.submit(refused, action="remove-factor", code=codes[0])
    assert "Add an authenticator app" in done.text
    assert not await house.server.factors.has(user.id)
    assert not await house.server.factors.accepts(user.id, codes[1])
    assert house.audit.of("second-factor.removed")[0]["subject"] == user.id


async def test_a_second_factor_that_is_there_is_not_replaced(fresh_house: House):
    user, secret, _ = await enrolled(fresh_house)
    with pytest.raises(InvalidState):
        await fresh_house.server.factors.begin(user.id)
    assert await fresh_house.server.factors.confirm(user.id, now_code(fresh_house, secret)) is None


async def test_secrets_lie_in_the_database_only_sealed_and_recovery_codes_as_hashes(tmp_path: Path):
    async with open_house(Settings(data=tmp_path, public_url=ISSUER), name="gateway") as house:
        user, secret, codes = await enrolled(house)
    raw = await asyncio.to_thread((tmp_path / "gateway.db").read_bytes)
    assert user.id.encode() in raw
    for text in (secret, totp.typed(secret).replace(" ", "").encode(), *(code.encode() for code in codes)):
        assert text not in raw

    def rows() -> int:
        with sqlite3.connect(tmp_path / "gateway.db") as connection:
            return connection.execute("SELECT count(*) FROM recovery_codes").fetchone()[0]

    assert await asyncio.to_thread(rows) == RECOVERY_CODES


async def test_the_audit_log_learns_of_codes_that_were_wrong_and_never_of_codes(fresh_house: House):
    user, secret, _ = await enrolled(fresh_house)
    browser, page, _ = await asked_for_code(fresh_house, user)
    page = await with_code(browser, page, "guess-me")
    code = now_code(fresh_house, secret)
    await with_code(browser, page, code)
    said: Answers = {"events": fresh_house.audit.events}
    assert fresh_house.audit.of("login.code-failed")[0]["account"] == user.id
    assert fresh_house.audit.of("login.succeeded")[-1]["methods"] == "pwd otp mfa"
    assert "guess-me" not in str(said)
    assert code not in str([facts for _, facts in fresh_house.audit.events])
