"""`/oauth/userinfo`: who the user is, for a client that may know (OpenID Connect Core section 5.3)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.authorization.endpoints.presented import PresentedTokens
from gateway.authorization.tokens import claims_about
from gateway.authorization.users import Users


class UserInfoEndpoint:
    """Answers to an access token with the scope `openid`."""

    def __init__(self, users: Users, tokens: PresentedTokens) -> None:
        self._users = users
        self._tokens = tokens

    async def answer(self, request: Request) -> Response:
        """The claims; 401 for a bad token, 403 for one without the scope."""
        presented = await self._tokens.judge(request, "openid")
        if isinstance(presented, Response):
            return presented
        said = presented.token
        user = await self._users.find(said.subject)
        if user is None:
            way = "DPoP" if said.thumbprint else "Bearer"
            return self._tokens.refusal(401, way, "invalid_token", "The user can no longer sign in")
        fields = {"cache-control": "private, no-store", **presented.headers}
        return JSONResponse(claims_about(user, said.scope), headers=fields)
