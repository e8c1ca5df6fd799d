"""Who calls, proved: a short-lived signed token on every request between services.

A compact JWT (RFC 7519) signed with HS256 by a key derived from TRIPTYCH_SECRET_KEY; the audience is the
called service, so a token for one service is worth nothing at another.
"""

import time
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from triptych.context import Caller
from triptych.problems import Unauthenticated

LIFETIME = 60
_ALGORITHMS = ["HS256"]
_CACHED = 4096


class InternalTokens:
    """Issues and verifies the tokens of calls between services.

    Both directions are cached: the same caller is signed for once in half a lifetime, and a token that was
    verified is known until it expires.
    """

    def __init__(self, key: bytes) -> None:
        self._key = OctKey.import_key(key)
        self._issued: dict[tuple[Caller, str], tuple[float, str]] = {}
        self._verified: dict[tuple[str, str], tuple[float, Caller]] = {}

    def issue(self, caller: Caller, audience: str) -> str:
        """A token that proves `caller` to the service `audience` for a minute."""
        now = time.time()
        renew_at, token = self._issued.get((caller, audience), (0.0, ""))
        if now < renew_at:
            return token
        claims: dict[str, Any] = {
            "iss": "triptych",
            "aud": audience,
            "sub": caller.subject,
            "client_id": caller.client,
            "service": caller.service,
            "customer": caller.customer,
            "scope": " ".join(sorted(caller.scopes)),
            "exp": int(now) + LIFETIME,
        }
        if caller.acting:
            claims["acting"] = list(caller.acting)
        token = jwt.encode({"alg": "HS256", "typ": "triptych-call+jwt"}, claims, self._key)
        _remember(self._issued, (caller, audience), (now + LIFETIME / 2, token))
        return token

    def verify(self, token: str, audience: str) -> Caller:
        """The caller that a token proves; raises Unauthenticated, with the reason."""
        now = time.time()
        expires, caller = self._verified.get((token, audience), (0.0, None))
        if caller is not None and now < expires:
            return caller
        claims = self._claims(token)
        if claims.get("aud") != audience:
            raise Unauthenticated(f"The internal token is for {claims.get('aud')}, not for {audience}.")
        expires = float(claims["exp"])
        if now >= expires:
            raise Unauthenticated("The internal token has expired; are the clocks in step?")
        caller = Caller(
            subject=claims["sub"],
            client=claims["client_id"],
            service=claims["service"],
            scopes=frozenset(claims["scope"].split()),
            customer=claims["customer"],
            acting=tuple(claims.get("acting", ())),
        )
        _remember(self._verified, (token, audience), (expires, caller))
        return caller

    def _claims(self, token: str) -> dict[str, Any]:
        if len(token) > 8192:
            raise Unauthenticated("The internal token is too long.")
        try:
            decoded = jwt.decode(token, self._key, algorithms=_ALGORITHMS)
        except (JoseError, ValueError) as error:
            raise Unauthenticated("The internal token is not valid.") from error
        if decoded.header.get("typ") != "triptych-call+jwt":
            raise Unauthenticated("This is not an internal token.")
        return decoded.claims


def _remember(cache: dict[Any, Any], key: Any, value: Any) -> None:
    """Keep a value in a cache of bounded size: the oldest entry makes room."""
    if len(cache) >= _CACHED:
        cache.pop(next(iter(cache)))
    cache[key] = value
