"""The way in: the pages on which people sign in, wherever they were going."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.authorization.cookies import SESSION, Cookies, FormTokens
from gateway.authorization.endpoints.sign_in import Attempt, SignIn
from gateway.authorization.pages import Pages
from gateway.authorization.parts import Parts


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody stands who has to sign in, and where they go on."""

    http: Request
    browser: str
    address: str
    """Where the form was shown, and is sent."""
    onward: str
    """Where those go who were let in."""
    going_to: str
    """The name of it, for people."""
    target: str = ""
    """Origin of another site that the way leads to in the end."""
    email: str = ""
    """Who is expected."""


class Entrance:
    """Asks for the password, and for a code where somebody has a second factor."""

    def __init__(self, parts: Parts, pages: Pages, cookies: Cookies, forms: FormTokens) -> None:
        self._sign_in = SignIn(parts, cookies)
        self._pages = pages
        self._cookies = cookies
        self._forms = forms

    async def answer(self, place: Place, fields: dict[str, str]) -> Response | None:
        """What comes of a form that was sent here; None for one that is not about signing in."""
        action = fields.get("action")
        if action == "sign-in":
            email = fields.get("email", "")
            attempt = await self._sign_in.attempt(
                place.http, email, fields.get("password", ""), place.browser
            )
            if attempt.ticket:
                return self._code_page(place, attempt.ticket)
            wrong = "This e-mail address and password do not belong together."
            return self._let_in(place, attempt) or self.page(place, *_refused(attempt, wrong), email=email)
        if action == "code":
            ticket = fields.get("ticket", "")
            attempt = await self._sign_in.second_attempt(
                place.http, ticket, fields.get("code", ""), place.browser
            )
            if attempt.expired:
                return self.page(place, 400, "That took too long. Please sign in again.")
            wrong = "This code is not right, or was used before. Please wait for the next one."
            return self._let_in(place, attempt) or self._code_page(place, ticket, *_refused(attempt, wrong))
        return None

    def page(
        self, place: Place, status: int = 200, message: str = "", wait: int = 0, *, email: str = ""
    ) -> Response:
        """The page that asks for address and password."""
        return self._shown("login", place, status, message, wait, email=email or place.email)

    def _code_page(
        self, place: Place, ticket: str, status: int = 200, message: str = "", wait: int = 0
    ) -> Response:
        return self._shown("code", place, status, message, wait, ticket=ticket)

    def _shown(self, name: str, place: Place, status: int, message: str, wait: int, **words: str) -> Response:
        page = self._pages.page(
            name,
            status,
            place.target,
            client=place.going_to,
            form_action=place.address,
            form_token=self._forms.token(place.browser, place.address),
            message=message,
            **words,
        )
        if wait:
            page.headers["retry-after"] = str(wait)
        return page

    def _let_in(self, place: Place, attempt: Attempt) -> Response | None:
        if not attempt.session_secret:
            return None
        response = RedirectResponse(place.onward, 303)
        self._cookies.put(response, SESSION, attempt.session_secret)
        return response


def _refused(attempt: Attempt, wrong: str) -> tuple[int, str, int]:
    """Status, what to say, and the seconds to wait."""
    if not attempt.wait:
        return 400, wrong, 0
    unit = "second" if attempt.wait == 1 else "seconds"
    return 429, f"Too many attempts. Please try again in {attempt.wait} {unit}.", attempt.wait
