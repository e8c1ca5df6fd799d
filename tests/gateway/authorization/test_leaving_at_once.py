"""Whoever agrees to something in the moment in which they sign out everywhere has agreed to nothing."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

import pytest

from gateway.authorization.sessions import Sessions
from tests.gateway.authorization.browsing import Flow, returned
from tests.gateway.authorization.conftest import ISSUER, House

Ends = Callable[[House, str, str], Coroutine[Any, Any, None]]


async def everywhere(house: House, user_id: str, session_id: str) -> None:
    await house.server.sign_out_everywhere(user_id)


async def here(house: House, user_id: str, session_id: str) -> None:
    await house.server.sessions.end(session_id)
    await house.server.authorizations.end_session(session_id)


async def test_consent_that_comes_too_late_makes_no_code(
    either_house: House, monkeypatch: pytest.MonkeyPatch
):
    """The session is found, and ends before what was agreed to is written down."""
    house, user, browser = either_house, await either_house.someone(), either_house.browser()
    flow = Flow(house.shop, "openid storefront:read")
    page = await browser.sign_in(await browser.get(flow.url()), user.email)
    assert 'value="allow"' in page.text
    found = Sessions.find

    async def found_and_ended(sessions: Sessions, secret: str) -> Any:
        session = await found(sessions, secret)
        await house.server.sign_out_everywhere(user.id)
        return session

    monkeypatch.setattr(Sessions, "find", found_and_ended)
    answer = returned(await browser.submit(page, action="allow"))
    assert answer == {"error": "login_required", "error_description": answer["error_description"]} | {
        "state": flow.state,
        "iss": ISSUER,
    }


@pytest.mark.parametrize("ends", [everywhere, here], ids=["everywhere", "here"])
async def test_twenty_who_agree_while_their_owner_signs_out_have_nothing_afterwards(
    either_house: House, ends: Ends
):
    house = either_house
    for _ in range(3):
        user = await house.someone()
        session = await house.server.sessions.find(await house.server.sessions.start(user))
        assert session is not None

        async def agree(user_id: str = user.id, session_id: str = session.id) -> str | None:
            return await house.server.authorizations.allow(
                client_id=house.shop.client_id,
                user_id=user_id,
                session_id=session_id,
                redirect_uri=house.shop.redirect_uri,
                scope="storefront:read",
                audience=(ISSUER,),
                nonce=None,
                code_challenge="x" * 43,
                signed_in_at=int(house.clock.read()),
            )

        def begun(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
            return asyncio.get_running_loop().create_task(work, context=Context())

        agreeing = [begun(agree()) for _ in range(10)]
        leaving = begun(ends(house, user.id, session.id))
        agreeing += [begun(agree()) for _ in range(10)]
        codes = [code for code in await asyncio.gather(*agreeing) if code is not None]
        await leaving
        for code in codes:
            assert await house.server.authorizations.spend_code(code, house.shop.client_id) is None
        assert await agree() is None
