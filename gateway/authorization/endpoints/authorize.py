"""`/oauth/authorize`: a user signs in and says whether a client may act for them (RFC 6749 section 4.1.1).

All that the flow knows is in its address: forms post to the same address, and signing in leads back to it.
"""

from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import BaseGrant
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.authorization.cookies import SESSION, Cookies, FormTokens
from gateway.authorization.endpoints.account import PATH as ACCOUNT
from gateway.authorization.endpoints.entrance import Entrance, Place
from gateway.authorization.endpoints.exchange import address_of
from gateway.authorization.endpoints.visit import PATH, Visit, error_for, refuse_oddities
from gateway.authorization.pages import Pages
from gateway.authorization.parameters import Parameters, of_query, read_form
from gateway.authorization.parts import Parts
from gateway.authorization.pushed import PREFIX
from gateway.authorization.requests import OAuthRequest
from gateway.authorization.scopes import words
from gateway.authorization.server import OAuthServer, running
from gateway.authorization.sessions import TWO_FACTORS_ACR
from gateway.authorization.users import User


class AuthorizeEndpoint:
    """Shows pages until it can answer with a code, or with an error that the client gets to see."""

    def __init__(
        self,
        server: OAuthServer,
        parts: Parts,
        pages: Pages,
        cookies: Cookies,
        forms: FormTokens,
        entrance: Entrance,
    ) -> None:
        self._server = server
        self._sessions = parts.sessions
        self._consents = parts.consents
        self._pushed = parts.pushed
        self._entrance = entrance
        self._factors = parts.factors
        self._pages = pages
        self._cookies = cookies
        self._forms = forms
        self._clock = parts.clock

    async def answer(self, request: Request) -> Response:
        """A page, or the way back to the client."""
        try:
            parameters = of_query(request)
            fields = dict(await read_form(request)) if request.method == "POST" else {}
        except OAuth2Error as error:
            return self._pages.error(
                error.status_code, "This request cannot be read", f"{error.description}."
            )
        visit = await self._visit(request, parameters)
        if isinstance(visit, Response):
            return visit
        if request.method != "POST":
            response = await self._arrived(visit)
        elif not self._forms.accepts(request, fields, visit.address()):
            response = self._pages.error(
                403,
                "Please try again",
                "This form was not shown in this browser, or too long ago. Nothing was done.",
                retry=visit.address(),
            )
        else:
            response = await self._submitted(visit, fields)
        self._forms.remember(response, visit.browser)
        return response

    async def _visit(self, request: Request, parameters: Parameters) -> "Visit | Response":
        browser, pushed = self._forms.browser(request), None
        if parameters.data.get("request_uri", "").startswith(PREFIX):
            pushed = await self._pushed.open(
                parameters.data["request_uri"], parameters.client_id or "", browser
            )
            if pushed is None:
                return self._used_up()
            parameters = Parameters(pushed.pairs)
        session = await self._sessions.find(self._cookies.get(request, SESSION))
        user = await self._server.stores.users.find(session.user_id) if session else None
        asked = OAuthRequest("GET", self._server.issuer + PATH, parameters, address=address_of(request))
        asked.session, asked.pushed = session if user else None, pushed
        try:
            grant = await running(self._validated, asked, user)
        except OAuth2Error as error:
            return await self._refused(asked, error)
        return Visit(request, asked, grant, browser)

    def _validated(self, asked: OAuthRequest, user: User | None) -> BaseGrant:
        grant = self._server.get_consent_grant(asked, end_user=user)
        refuse_oddities(asked)
        if asked.client.pushed_only and asked.pushed is None:
            raise error_for(asked, "invalid_request", "This client has to send its requests ahead (RFC 9126)")
        return grant

    # --- what to do next ---

    async def _arrived(self, visit: Visit) -> Response:
        if self._must_sign_in(visit) or await self._must_step_up(visit):
            if "none" in visit.prompts:
                return await self._refused(
                    visit.asked, error_for(visit.asked, "login_required", "Nobody is signed in")
                )
            return self._entrance.page(self._place(visit))
        allowed = self._allowed(visit)
        if not allowed:
            return await self._refused(
                visit.asked, error_for(visit.asked, "access_denied", "The user may do nothing of this")
            )
        if await self._agreed_before(visit, allowed):
            return await self._finish(visit, allowed)
        if "none" in visit.prompts:
            return await self._refused(
                visit.asked, error_for(visit.asked, "consent_required", "The user was not asked")
            )
        return self._consent_page(visit, allowed)

    async def _submitted(self, visit: Visit, fields: dict[str, str]) -> Response:
        place, action = self._place(visit), fields.get("action")
        if (let_in := await self._entrance.answer(place, fields)) is not None:
            return let_in
        if action == "switch":
            return await self._switch(visit)
        if self._must_sign_in(visit):
            return self._entrance.page(place, 400, "Your session has ended. Please sign in again.")
        if action == "deny":
            return await self._finish(visit, "")
        if action == "allow" and (allowed := self._allowed(visit)):
            assert visit.user is not None
            await self._consents.give(visit.user.id, visit.asked.client.client_id, allowed)
            return await self._finish(visit, allowed)
        return self._pages.error(400, "Please try again", "The form said nothing.", retry=visit.address())

    def _must_sign_in(self, visit: Visit) -> bool:
        session = visit.asked.session
        if session is None:
            return True
        pushed = visit.asked.pushed
        if pushed is not None and session.signed_in_at >= pushed.opened_at:
            return False  # whatever it demands, it has just been done
        if {"login", "select_account"} & set(visit.prompts):
            return True
        oldest = visit.asked.payload.data.get("max_age")
        return oldest is not None and self._clock.now() - session.signed_in_at > int(oldest[:9])

    async def _must_step_up(self, visit: Visit) -> bool:
        """Whether the client wants two factors, and the user has a second one that was not asked for yet."""
        wanted = visit.asked.payload.data.get("acr_values", "").split()
        session = visit.asked.session
        if TWO_FACTORS_ACR not in wanted or session is None or session.acr == TWO_FACTORS_ACR:
            return False
        return await self._factors.has(session.user_id)

    def _allowed(self, visit: Visit) -> str:
        return " ".join(visit.user.may(visit.asked.scope or "")) if visit.user else ""

    async def _agreed_before(self, visit: Visit, scope: str) -> bool:
        """Never for an address that only resembles a registered one: any program may listen on a port."""
        client, uri = visit.asked.client, visit.asked.payload.redirect_uri
        if "consent" in visit.prompts or uri not in client.redirect_uris or visit.user is None:
            return False
        return await self._consents.covers(visit.user.id, client.client_id, scope)

    # --- doing it ---

    async def _switch(self, visit: Visit) -> Response:
        if visit.asked.session is not None:
            await self._sessions.end(visit.asked.session.id)
        response = RedirectResponse(visit.address(), 303)
        self._cookies.drop(response, SESSION)
        return response

    async def _finish(self, visit: Visit, scope: str) -> Response:
        """Send the user back, with a code for this scope or, without any, the news that they declined."""
        asked, user = visit.asked, visit.user
        if asked.pushed is not None and not await self._pushed.spend(asked.pushed.request_uri):
            return self._used_up()
        asked.granted = scope
        await self._server.stores.audit(
            "authorization.given" if scope else "authorization.declined",
            client=asked.client.client_id,
            subject=user.id if user else "",
            scope=scope or asked.scope,
            address=asked.address,
        )
        response = await running(
            self._server.create_authorization_response, asked, user if scope else None, visit.grant
        )
        return self._with_issuer(response, visit.http.method)

    async def _refused(self, asked: OAuthRequest, error: OAuth2Error) -> Response:
        """Errors go to the client, unless it is not certain that the address is the client's."""
        if not error.redirect_uri:
            return self._pages.error(
                400,
                "This link does not work",
                "The application that sent you here did it wrongly, and nothing was done. "
                "Please go back, and tell its makers what it says below.",
                cause=_plain(error),
            )
        response = await running(self._server.handle_error_response, asked, error)
        return self._with_issuer(response, "GET")

    def _used_up(self) -> Response:
        """A request that was sent ahead is answered once, in one browser, and soon."""
        return self._pages.error(
            400,
            "This link does not work any more",
            "It was used before, or too much time has passed, and nothing was done. "
            "Please go back to the application that sent you here, and begin again.",
            cause="invalid_request_uri",
        )

    def _with_issuer(self, response: Response, method: str) -> Response:
        """Say who answers (RFC 9207), and let no browser repeat a posted password (RFC 9700 section 4.12)."""
        location = response.headers.get("location")
        if location is not None:
            response.headers["location"] = add_params_to_uri(location, {"iss": self._server.issuer})
            response.status_code = 303 if method == "POST" else 302
        return response

    # --- pages ---

    def _place(self, visit: Visit) -> Place:
        return Place(
            visit.http,
            visit.browser,
            visit.address(),
            visit.address(signed_in=True),
            visit.asked.client.name,
            visit.redirects_to(),
            visit.asked.payload.data.get("login_hint", ""),
        )

    def _consent_page(self, visit: Visit, scope: str) -> Response:
        assert visit.user is not None
        return self._pages.page(
            "consent",
            200,
            visit.redirects_to(),
            client=visit.asked.client.name,
            form_action=visit.address(),
            form_token=self._forms.token(visit.browser, visit.address()),
            user=visit.user,
            wishes=[words(one, self._server.scopes) for one in scope.split()],
            destination=visit.redirects_to(),
            account=ACCOUNT,
        )


def _plain(error: OAuth2Error) -> str:
    return (error.get_error_description() or error.error).rstrip(".")
