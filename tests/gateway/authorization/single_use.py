"""Everything that counts once: how to make one, who tries to use it, and what whoever succeeds gets."""

import base64
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from gateway.authorization import totp
from gateway.authorization.endpoints.account import PATH
from gateway.authorization.users import User
from tests.gateway.authorization.browsing import SHOP_REDIRECT, Browser, Flow, Form
from tests.gateway.authorization.conftest import ISSUER, House, session_of
from tests.gateway.authorization.racer import SPEND, Outcome, Try
from tests.gateway.authorization.signing import proving, signer
from tests.gateway.authorization.test_dpop import proof

SCOPE = "storefront:read"
VERIFIER = secrets.token_urlsafe(48)
FORM = {"content_type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Single:
    """A kind of thing that counts once."""

    make: Callable[["Makers"], Awaitable[Try]]
    """Makes a new one, and answers the request that uses it."""
    succeeded: Callable[[Outcome], bool]
    certain: bool = True
    """Whether one of twenty has to succeed; otherwise it may be that none does."""


def posted(path: str, form: dict[str, str], **headers: str) -> Try:
    """A form that is sent."""
    body = urlencode(form)
    return {"method": "POST", "path": path, "query": "", "body": body, "headers": {**FORM, **headers}}


def opened(url: str, **headers: str) -> Try:
    """An address that is visited."""
    parts = urlsplit(url)
    return {"method": "GET", "path": parts.path, "query": parts.query, "body": "", "headers": headers}


def spent(user_id: str, code: str) -> Try:
    """A code of a second factor that is shown."""
    return {"method": SPEND, "path": user_id, "query": "", "body": code, "headers": {}}


class Makers:
    """Makes single-use things at one authorization server, without a browser where that can be."""

    def __init__(self, house: House, signing_client: str, browser: Browser) -> None:
        self._house = house
        self._signing_client = signing_client
        self._browser = browser
        """In which Ada is signed in, and has agreed to what the shop wants."""
        self._recovery: list[tuple[str, str]] = []
        """People with a recovery code of theirs."""

    async def code(self) -> Try:
        """An authorization code."""
        form = {"grant_type": "authorization_code", "code": await self._code(), "code_verifier": VERIFIER}
        shop = {"client_id": self._house.shop.client_id, "redirect_uri": SHOP_REDIRECT}
        return posted("/oauth/token", form | shop)

    async def refresh_token(self) -> Try:
        """A refresh token."""
        stores, shop = self._house.server.authorizations, self._house.shop.client_id
        authorization = await stores.spend_code(await self._code(), shop)
        assert authorization is not None
        return self.refreshed(await stores.new_refresh_token(authorization, None))

    def refreshed(self, token: str) -> Try:
        """Its use."""
        shop = {"client_id": self._house.shop.client_id}
        return posted("/oauth/token", {"grant_type": "refresh_token", "refresh_token": token, **shop})

    async def assertion(self) -> Try:
        """A client assertion."""
        signed = signer("ES256").assertion(self._signing_client, ISSUER, self._house.clock.read())
        return posted("/oauth/token", {"grant_type": "client_credentials", **proving(signed)})

    async def proof(self) -> Try:
        """A proof of possession."""
        signed = await proof(self._house, signer("ES256"))
        partner = self._house.partner
        basic = base64.b64encode(f"{partner.client_id}:{partner.secret}".encode()).decode()
        form = {"grant_type": "client_credentials"}
        return posted("/oauth/token", form, authorization=f"Basic {basic}", dpop=signed)

    async def pushed_request(self) -> Try:
        """A request that was sent ahead, for whichever browser comes first."""
        return opened(await self._pushed())

    async def pushed_answer(self) -> Try:
        """The same in the browser that has come, of somebody who has agreed long since."""
        return opened(await self._pushed(), cookie=cookies(self._browser))

    async def code_of_now(self) -> Try:
        """What an authenticator app shows."""
        user, secret, _ = await self._with_second_factor()
        return spent(user.id, totp.code(secret, self._step() + 1))

    async def recovery_code(self) -> Try:
        """A recovery code."""
        if not self._recovery:
            user, _, recovery = await self._with_second_factor()
            self._recovery += [(user.id, one) for one in recovery]
        return spent(*self._recovery.pop())

    async def signing_in(self) -> Try:
        """A recovery code on the page that follows the password, which slows guessing down."""
        user, _, recovery = await self._with_second_factor()
        browser = self._house.browser()
        form = Form((await browser.sign_in(await browser.get(PATH), user.email)).text)
        fields = {**form.fields, "action": "code", "code": recovery[0]}
        return posted(form.action, fields, cookie=cookies(browser))

    async def second_factor(self) -> Try:
        """The page where somebody takes an app into use, and gets recovery codes."""
        user, browser = await self._house.someone(), self._house.browser()
        await browser.sign_in(await browser.get(PATH), user.email)
        page = await browser.submit(await browser.get(PATH), action="add-factor")
        secret = await self._house.server.factors.begin(user.id)
        form = {**Form(page.text).fields, "action": "confirm-factor", "code": totp.code(secret, self._step())}
        return posted(PATH, form, cookie=cookies(browser))

    # --- of what they are made ---

    def _step(self) -> int:
        return int(self._house.clock.read()) // totp.PERIOD

    async def _code(self) -> str:
        house = self._house
        flow = Flow(house.shop, SCOPE, verifier=VERIFIER)
        code = await house.server.authorizations.allow(
            client_id=house.shop.client_id,
            user_id=house.ada.id,
            session_id=await session_of(house),
            redirect_uri=SHOP_REDIRECT,
            scope=SCOPE,
            audience=(ISSUER,),
            nonce=None,
            code_challenge=flow.challenge,
            signed_in_at=int(house.clock.read()),
        )
        assert code is not None
        return code

    async def _pushed(self) -> str:
        client = self._house.shop.client_id
        pairs = list(Flow(self._house.shop, SCOPE).parameters().items())
        request_uri = await self._house.server.pushed.push(client, pairs)
        return "/oauth/authorize?" + urlencode({"client_id": client, "request_uri": request_uri})

    async def _with_second_factor(self) -> tuple[User, bytes, list[str]]:
        user, factors = await self._house.someone(), self._house.server.factors
        secret = await factors.begin(user.id)
        recovery = await factors.confirm(user.id, totp.code(secret, self._step()))
        assert recovery is not None
        return user, secret, recovery


def cookies(browser: Browser) -> str:
    """The header field."""
    return "; ".join(f"{name}={value}" for name, value in browser.http.cookies.items())


def token(outcome: Outcome) -> bool:
    """Whether it handed over a token."""
    return outcome["status"] == 200 and "access_token" in outcome["body"]


def answers(status: int) -> Callable[[Outcome], bool]:
    """Whether this status was answered, which nobody gets who comes too late."""
    return lambda outcome: outcome["status"] == status


KINDS = {
    "authorization code": Single(Makers.code, token),
    "refresh token": Single(Makers.refresh_token, token, certain=False),
    "client assertion": Single(Makers.assertion, token),
    "DPoP proof": Single(Makers.proof, token),
    "pushed request, opened": Single(Makers.pushed_request, answers(200)),
    "pushed request, answered": Single(Makers.pushed_answer, answers(302)),
    "code of an app": Single(Makers.code_of_now, answers(200)),
    "recovery code": Single(Makers.recovery_code, answers(200)),
    "recovery code, on its page": Single(Makers.signing_in, answers(303)),
    "second factor, taken into use": Single(
        Makers.second_factor, lambda outcome: "<code>" in outcome["body"] and outcome["status"] == 200
    ),
}
