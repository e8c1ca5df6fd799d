"""`/oauth/logout`: the user signs out (OpenID Connect RP-Initiated Logout 1.0)."""

from dataclasses import dataclass
from typing import Any

from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import OAuth2Error
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, GuestProtocol
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.authorization.cookies import SESSION, Cookies, FormTokens
from gateway.authorization.endpoints.exchange import address_of
from gateway.authorization.keys import ALGORITHM, ID_TOKEN
from gateway.authorization.pages import Pages
from gateway.authorization.parameters import Parameters, of_query, read_form
from gateway.authorization.parts import Parts
from gateway.authorization.redirects import is_registered
from gateway.authorization.registration import Client

PATH = "/oauth/logout"
PASSED_ON = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"]


@dataclass(frozen=True, slots=True)
class Hint:
    """What an id token of ours says about who signs out. It may have expired."""

    subject: str
    session_id: str
    client_id: str


class LogoutEndpoint:
    """Signs out at once for a client that shows the user's id token; asks the user otherwise."""

    def __init__(self, issuer: str, parts: Parts, pages: Pages, cookies: Cookies, forms: FormTokens) -> None:
        self._issuer = issuer
        self._stores = parts.stores
        self._keys = parts.keys
        self._sessions = parts.sessions
        self._pages = pages
        self._cookies = cookies
        self._forms = forms

    async def answer(self, request: Request) -> Response:
        """A page, or the way back to the client."""
        try:
            parameters = (
                of_query(request) if request.method != "POST" else Parameters(await read_form(request))
            )
        except OAuth2Error as error:
            return self._pages.error(
                error.status_code, "This request cannot be read", f"{error.description}."
            )
        said = parameters.data
        hint = self._hint(said.get("id_token_hint", ""))
        client_id = said.get("client_id") or (hint.client_id if hint else "")
        if hint and client_id != hint.client_id:
            return self._pages.error(
                400, "This link does not work", "The application named itself in two ways. Nothing was done."
            )
        back = await self._way_back(said, hint, client_id)
        session = await self._sessions.find(self._cookies.get(request, SESSION))
        confirmed = request.method == "POST" and self._forms.accepts(request, said, PATH)
        if hint and (session is None or session.user_id == hint.subject):
            await self._end(request, hint.session_id, hint.subject, client_id)
        elif session is not None and not confirmed:
            return self._question(request, said)
        if session is not None:
            await self._end(request, session.id, session.user_id, client_id)
        response = RedirectResponse(back, 303) if back else self._pages.page("signed_out")
        self._cookies.drop(response, SESSION)
        return response

    def _hint(self, token: str) -> Hint | None:
        """What the id token says, if it is ours; its age does not matter."""
        try:
            decoded = jwt.decode(token, self._key, [ALGORITHM])
            claims: dict[str, Any] = decoded.claims
            if decoded.header.get("typ") != ID_TOKEN or claims.get("iss") != self._issuer:
                return None
            return Hint(claims["sub"], claims["sid"], claims["aud"])
        except (JoseError, ValueError, KeyError):
            return None

    def _key(self, token: GuestProtocol) -> ECKey:
        key = self._keys.find(str(token.headers().get("kid")))
        if key is None:
            raise ValueError("The key is not ours, or not any more")
        return key.key

    async def _way_back(self, said: dict[str, str], hint: Hint | None, client_id: str) -> str:
        """Only where the client registered it, and only with an id token that shows which client it is."""
        wanted = said.get("post_logout_redirect_uri", "")
        client: Client | None = await self._stores.clients.find(client_id) if hint and wanted else None
        if client is None or not is_registered(wanted, client.post_logout_redirect_uris):
            return ""
        return add_params_to_uri(wanted, {"state": said["state"]}) if "state" in said else wanted

    async def _end(self, request: Request, session_id: str, subject: str, client_id: str) -> None:
        await self._sessions.end(session_id)
        await self._stores.authorizations.end_session(session_id)
        await self._stores.audit(
            "logout", subject=subject, client=client_id, session=session_id, address=address_of(request)
        )

    def _question(self, request: Request, said: dict[str, str]) -> Response:
        browser = self._forms.browser(request)
        page = self._pages.page(
            "sign_out",
            form_action=PATH,
            form_token=self._forms.token(browser, PATH),
            passed_on=[(name, said[name]) for name in PASSED_ON if name in said],
        )
        self._forms.remember(page, browser)
        return page
