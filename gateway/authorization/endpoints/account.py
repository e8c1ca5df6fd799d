"""`/oauth/account`: what somebody has allowed, and how they sign in; here they take it back and change it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from authlib.oauth2 import OAuth2Error
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.authorization import totp
from gateway.authorization.cookies import SESSION, Cookies, FormTokens
from gateway.authorization.endpoints.entrance import Entrance, Place
from gateway.authorization.endpoints.exchange import address_of
from gateway.authorization.lifetimes import MINUTE
from gateway.authorization.pages import Pages
from gateway.authorization.parameters import read_form
from gateway.authorization.parts import Parts
from gateway.authorization.qr import svg
from gateway.authorization.scopes import OPENID_SCOPES, words
from gateway.authorization.sessions import TWO_FACTORS, Session
from gateway.authorization.users import User

PATH = "/oauth/account"
RECENT = 10 * MINUTE
"""How long ago somebody may have signed in who changes how they sign in."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in."""

    http: Request
    browser: str
    session: Session
    user: User


class AccountEndpoint:
    """Pages without scripts: each change is a form, posted back to the one address."""

    def __init__(
        self, parts: Parts, pages: Pages, cookies: Cookies, forms: FormTokens, entrance: Entrance
    ) -> None:
        self._parts = parts
        self._pages = pages
        self._cookies = cookies
        self._forms = forms
        self._entrance = entrance
        self._described = {**OPENID_SCOPES, **parts.scopes}

    async def answer(self, request: Request) -> Response:
        """A page, or the way to one."""
        browser = self._forms.browser(request)
        place = Place(request, browser, PATH, PATH, "your account")
        try:
            fields = dict(await read_form(request)) if request.method == "POST" else {}
        except OAuth2Error as error:
            return self._pages.error(
                error.status_code, "This request cannot be read", f"{error.description}."
            )
        visitor = await self._visitor(request, browser)
        if request.method == "POST" and not self._forms.accepts(request, fields, PATH):
            response = self._pages.error(
                403,
                "Please try again",
                "This form was not shown in this browser, or too long ago. Nothing was done.",
                retry=PATH,
            )
        elif (let_in := await self._entrance.answer(place, fields)) is not None:
            response = let_in
        elif visitor is None:
            response = self._entrance.page(place)
        else:
            response = await self._served(visitor, place, fields)
        self._forms.remember(response, browser)
        return response

    async def _visitor(self, request: Request, browser: str) -> Visitor | None:
        session = await self._parts.sessions.find(self._cookies.get(request, SESSION))
        user = await self._parts.stores.users.find(session.user_id) if session else None
        return Visitor(request, browser, session, user) if session and user else None

    async def _served(self, visitor: Visitor, place: Place, fields: dict[str, str]) -> Response:
        match fields.get("action", ""):
            case "":
                return await self._account_page(visitor)
            case "withdraw":
                await self._parts.leaving.withdraw(visitor.user.id, fields.get("client_id", ""))
                return RedirectResponse(PATH, 303)
            case "leave":
                return await self._leave(visitor)
            case "add-factor" | "confirm-factor" if not self._recent(visitor):
                message = "Please sign in again before you change how you sign in."
                return self._entrance.page(place, 200, message, email=visitor.user.email)
            case "add-factor":
                return await self._factor_page(visitor)
            case "confirm-factor":
                return await self._confirm(visitor, fields.get("code", ""))
            case "remove-factor":
                return await self._remove(visitor, fields.get("code", ""))
            case _:
                return await self._account_page(visitor, 400, "The form said nothing.")

    # --- doing it ---

    async def _leave(self, visitor: Visitor) -> Response:
        await self._parts.leaving.everywhere(visitor.user.id)
        response = self._pages.page("signed_out")
        self._cookies.drop(response, SESSION)
        return response

    async def _confirm(self, visitor: Visitor, code: str) -> Response:
        user = visitor.user
        if await self._parts.factors.has(user.id):
            return RedirectResponse(PATH, 303)
        codes = await self._parts.factors.confirm(user.id, code)
        if codes is None:
            return await self._factor_page(
                visitor, 400, "This code is not right. Please wait for the next one."
            )
        await self._parts.sessions.end_user(user.id)  # others may have signed in with the password alone
        secret = await self._parts.sessions.start(user, TWO_FACTORS)
        await self._note("second-factor.added", visitor)
        response = self._pages.page("recovery_codes", codes=codes, account=PATH)
        self._cookies.put(response, SESSION, secret)
        return response

    async def _remove(self, visitor: Visitor, code: str) -> Response:
        user = visitor.user
        wait = await self._parts.throttle.second_attempt(user.id)
        if wait:
            return await self._account_page(visitor, 429, f"Please try again in {wait} seconds.", wait)
        if not await self._parts.factors.accepts(user.id, code):
            return await self._account_page(visitor, 400, "This code is not right, or was used before.")
        await self._parts.throttle.second_succeeded(user.id)
        await self._parts.factors.remove(user.id)
        await self._note("second-factor.removed", visitor)
        return RedirectResponse(PATH, 303)

    def _recent(self, visitor: Visitor) -> bool:
        return visitor.session.signed_in_at + RECENT > self._parts.clock.now()

    async def _note(self, event: str, visitor: Visitor) -> None:
        await self._parts.stores.audit(event, subject=visitor.user.id, address=address_of(visitor.http))

    # --- pages ---

    async def _account_page(
        self, visitor: Visitor, status: int = 200, message: str = "", wait: int = 0
    ) -> Response:
        user_id, factors = visitor.user.id, self._parts.factors
        has_factor = await factors.has(user_id)
        page = self._pages.page(
            "account",
            status,
            user=visitor.user,
            allowed=await self._allowed(user_id),
            browsers=await self._parts.sessions.count(user_id),
            has_factor=has_factor,
            recovery_codes=await factors.recovery_codes_left(user_id) if has_factor else 0,
            message=message,
            **self._form(visitor),
        )
        if wait:
            page.headers["retry-after"] = str(wait)
        return page

    async def _allowed(self, user_id: str) -> list[dict[str, object]]:
        """What was allowed to whom, in words, newest first."""
        allowed: list[dict[str, object]] = []
        for consent in await self._parts.consents.of(user_id):
            client = await self._parts.stores.clients.find(consent.client_id)
            allowed.append(
                {
                    "client_id": consent.client_id,
                    "name": client.name if client else consent.client_id,
                    "wishes": [words(scope, self._described) for scope in consent.scopes],
                    "since": f"{datetime.fromtimestamp(consent.given_at, UTC):%d %B %Y}".lstrip("0"),
                }
            )
        return allowed

    async def _factor_page(self, visitor: Visitor, status: int = 200, message: str = "") -> Response:
        if await self._parts.factors.has(visitor.user.id):
            return RedirectResponse(PATH, 303)
        secret = await self._parts.factors.begin(visitor.user.id)
        address = totp.address(secret, visitor.user.email, "Triptych")
        picture = Markup(svg(address, "QR code for your authenticator app"))  # noqa: S704 - made here of letters
        return self._pages.page(
            "second_factor",
            status,
            picture=picture,
            address=address,
            secret=totp.typed(secret),
            account=PATH,
            message=message,
            **self._form(visitor),
        )

    def _form(self, visitor: Visitor) -> dict[str, str]:
        return {"form_action": PATH, "form_token": self._forms.token(visitor.browser, PATH)}
