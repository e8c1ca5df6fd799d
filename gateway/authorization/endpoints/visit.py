"""A visit at the authorization endpoint: what was asked, by whom, and where the visit goes on."""

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import BaseGrant
from starlette.requests import Request

from gateway.authorization.parameters import Pairs
from gateway.authorization.redirects import origin
from gateway.authorization.requests import OAuthRequest
from gateway.authorization.users import User

PATH = "/oauth/authorize"
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody at the authorization endpoint, with a request that was found in order."""

    http: Request
    asked: OAuthRequest
    grant: BaseGrant
    browser: str

    @property
    def user(self) -> User | None:
        """Who is signed in."""
        return self.asked.user

    @property
    def prompts(self) -> list[str]:
        """What the client wants to happen (OpenID Connect Core section 3.1.2.1)."""
        return self.asked.payload.data.get("prompt", "").split()

    def address(self, *, signed_in: bool = False) -> str:
        """This very request; having `signed_in`, without the demand to do so."""
        pushed, pairs = self.asked.pushed, self.asked.payload.pairs()
        if pushed is not None:
            said = {"client_id": self.asked.payload.client_id, "request_uri": pushed.request_uri}
            return f"{PATH}?{urlencode(said)}"
        return f"{PATH}?{urlencode(_satisfied(pairs) if signed_in else pairs)}"

    def redirects_to(self) -> str:
        """Where the user will be sent in the end: scheme, host and port."""
        return origin(self.asked.payload.redirect_uri or "")


def refuse_oddities(asked: OAuthRequest) -> None:
    """Raises `OAuth2Error` for what Authlib lets pass; the redirect URI must have been checked before."""
    said = asked.payload.data
    for name in ("request", "request_uri"):
        if name in said:
            raise error_for(asked, f"{name}_not_supported", "Parameters come in the address, or ahead")
    if said.get("response_mode", "query") != "query":
        raise error_for(asked, "invalid_request", "The only response_mode is query")
    if not said.get("max_age", "0").isdigit():
        raise error_for(asked, "invalid_request", "max_age is a number of seconds")
    if "none" in said.get("prompt", "").split() and said["prompt"].split() != ["none"]:
        raise error_for(asked, "invalid_request", "prompt=none stands alone")
    if not _THUMBPRINT.fullmatch(said.get("dpop_jkt", "0" * 43)):
        raise error_for(asked, "invalid_request", "dpop_jkt is the SHA-256 thumbprint of a key")


def error_for(asked: OAuthRequest, error: str, description: str) -> OAuth2Error:
    """An error that the client gets to see; only for requests whose redirect URI was checked."""
    return OAuth2Error(
        description, error=error, redirect_uri=asked.payload.redirect_uri, state=asked.payload.state
    )


def _satisfied(pairs: Pairs) -> Pairs:
    """Without what has just been done: otherwise the user would have to sign in for ever."""
    left: Pairs = []
    for name, value in pairs:
        if name == "prompt":
            value = " ".join(one for one in value.split() if one not in ("login", "select_account"))
        if name != "max_age" and value:
            left.append((name, value))
    return left
