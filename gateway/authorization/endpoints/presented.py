"""Access tokens that are presented to the authorization server itself, as a protected resource."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.authorization.endpoints.exchange import printable
from gateway.authorization.verify import AccessToken, AccessTokenVerifier
from gateway.possession import Possession, ProofError
from triptych.problems import Unauthenticated


@dataclass(frozen=True, slots=True)
class Presented:
    """A token that counts, and header fields for the answer."""

    token: AccessToken
    headers: dict[str, str]


class PresentedTokens:
    """Judges the token of a request: in the header, nowhere else, and its key proved where it has one."""

    def __init__(self, verifier: AccessTokenVerifier, proofs: Possession) -> None:
        self._verifier = verifier
        self._proofs = proofs

    async def judge(self, request: Request, scope: str) -> Presented | Response:
        """The token; else 401 for a bad one, 403 for one without the scope (RFC 6750 section 3.1)."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() not in ("bearer", "dpop"):
            return self.refusal(401, "Bearer", "", "An access token is needed")
        way = "DPoP" if scheme.lower() == "dpop" else "Bearer"
        try:
            said = self._verifier.judge(token.strip())
            headers = await self._proved(request, way, token.strip(), said.thumbprint)
        except Unauthenticated as problem:
            return self.refusal(401, way, "invalid_token", problem.detail)
        except ProofError as error:
            return self.refusal(401, "DPoP", error.code, error.reason, error.nonce)
        if self._verifier.audience not in said.audience:
            return self.refusal(401, way, "invalid_token", "The access token is for one service only")
        if scope not in said.scope.split():
            return self.refusal(403, way, "insufficient_scope", f"The scope {scope} is needed")
        return Presented(said, headers)

    def refusal(
        self, status: int, way: str, error: str, description: str, nonce: str | None = None
    ) -> Response:
        """The answer to a token that does not count."""
        parts = ['realm="triptych"']
        if error:
            parts += [f'error="{error}"', f'error_description="{printable(description)}"']
        if way == "DPoP":
            parts.append(f'algs="{" ".join(self._proofs.algorithms)}"')
        body = {"error": error or "invalid_request", "error_description": description}
        headers = {"www-authenticate": f"{way} {', '.join(parts)}", "cache-control": "no-store"}
        return JSONResponse(body, status, headers | ({"dpop-nonce": nonce} if nonce else {}))

    async def _proved(self, request: Request, way: str, token: str, thumbprint: str | None) -> dict[str, str]:
        """Fields for the answer. Raises `Unauthenticated` or `ProofError` unless the key was proved."""
        if (thumbprint is not None) != (way == "DPoP"):
            raise Unauthenticated("A token that is bound to a key comes as DPoP, and no other does")
        if thumbprint is None:
            return {}
        sent = request.headers.getlist("dpop")
        if len(sent) != 1:
            raise ProofError("One DPoP proof is needed")
        proven = await self._proofs.prove(
            sent[0], request.method, request.scope["path"], token=token, thumbprint=thumbprint
        )
        return {} if proven.nonce is None else {"dpop-nonce": proven.nonce}
