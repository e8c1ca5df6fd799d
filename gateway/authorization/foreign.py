"""Access tokens of other issuers, such as the company's own OpenID provider, so that staff sign in there.

Who comes from there has a name that says so, `staff:42`, and can never be taken for one of our own. What they
may do here is what the settings map their scopes and groups to, and nothing else.
"""

from collections.abc import Iterable
from typing import Any, cast

from gateway.authorization.foreign_keys import IssuerKeys
from gateway.authorization.lifetimes import MINUTE, Clock
from gateway.authorization.scopes import OPENID_SCOPES, within
from gateway.authorization.untrusted import MalformedError, Untrusted
from gateway.identity import VerifiedToken
from gateway.plans import Plans
from triptych.assembly.discovery import AssemblyError
from triptych.calling.outside import Outside
from triptych.issuers import ROLES, ForeignIssuer
from triptych.problems import Unauthenticated
from triptych.settings import Settings

SKEW = 30
"""Seconds that the issuer's clock may be ahead of ours."""
ANEW = 5 * MINUTE
"""Seconds after which a token is judged again: so long a key may count that its issuer has withdrawn."""


class ForeignTokens:
    """Judges the tokens of one issuer (RFC 9068 section 4)."""

    def __init__(self, issuer: ForeignIssuer, outside: Outside, scopes: Iterable[str], clock: Clock) -> None:
        self._set = issuer
        self._known = [scope for scope in scopes if scope not in OPENID_SCOPES]
        self._keys = IssuerKeys(issuer.issuer, outside, clock)
        self._clock = clock

    async def verify(self, token: Untrusted) -> VerifiedToken:
        """What the gateway's chain needs to know; raises `Unauthenticated` with the reason, `Unavailable`."""
        try:
            self._check_form(token)
            kid = token.header.get("kid")
            if kid is not None and not isinstance(kid, str):
                raise MalformedError("its kid is not a string")
            keys = await self._keys.of(kid)
            if not any(token.signed_by(key) for key in keys):
                raise Unauthenticated("The access token is not signed with a key of its issuer")
            return self._verified(token)
        except MalformedError as error:
            raise Unauthenticated(f"The access token cannot be used: {error}") from error

    def _check_form(self, token: Untrusted) -> None:
        kind = str(token.header.get("typ", "")).lower().removeprefix("application/")
        if kind not in [one.lower() for one in self._set.token_types]:
            raise MalformedError(f"its type is not {' or '.join(self._set.token_types)}")
        named = token.claims.get("aud")
        if self._set.audience not in (cast("list[object]", named) if isinstance(named, list) else [named]):
            raise Unauthenticated("The access token is meant for another server")

    def _verified(self, token: Untrusted) -> VerifiedToken:
        now = self._clock.now()
        ends, begins, issued = (token.moment(claim) for claim in ("exp", "nbf", "iat"))
        if ends is None:
            raise MalformedError("it never ends")
        if ends <= now:
            raise Unauthenticated("The access token has expired")
        if max(begins or 0, issued or 0) > now + SKEW:
            raise Unauthenticated("The access token is not valid yet")
        subject = token.text("sub", 255)
        if subject is None:
            raise MalformedError("it names no subject")
        client = token.text("client_id") or token.text("azp") or subject
        name, jti = self._set.name, token.text("jti")
        customer = self._at(token, self._set.customer_claim) if self._set.customer_claim else None
        return VerifiedToken(
            subject=f"{name}:{subject}",
            client=f"{name}:{client}",
            scopes=frozenset(self._scopes(token)),
            expires_at=float(min(ends, now + ANEW)),
            plan=self._set.plan,
            customer_id=customer if isinstance(customer, str) and len(customer) <= 64 else None,
            jti=f"{name}:{jti}" if jti else "",
            thumbprint=_thumbprint(token),
        )

    def _scopes(self, token: Untrusted) -> list[str]:
        """Ours, for the scopes and groups that the token has."""
        patterns: list[str] = []
        for scope in _several(self._at(token, self._set.scope_claim)):
            patterns += self._set.scopes.get(scope, ())
        for group in _several(self._at(token, self._set.group_claim)):
            for given in self._set.groups.get(group, ()):
                patterns += ROLES.get(given, (given,))
        return within(self._known, patterns)

    def _at(self, token: Untrusted, path: str) -> object:
        """The claim of this name or, where there is none, at this path."""
        if path in token.claims:
            return token.claims[path]
        found: Any = token.claims
        for step in path.split("."):
            found = cast("dict[str, Any]", found).get(step) if isinstance(found, dict) else None
        return found


def foreign_tokens(
    settings: Settings, outside: Outside, scopes: Iterable[str], clock: Clock
) -> dict[str, ForeignTokens]:
    """The judges of foreign issuers, by issuer. Raises AssemblyError for settings that cannot be meant."""
    plans, every = [plan.name for plan in Plans(settings.plans)], [*scopes]
    reasons, names, found = list[str](), set[str](), dict[str, ForeignTokens]()
    for issuer in settings.issuers:
        if issuer.issuer in (settings.base_url, *found) or issuer.name in names:
            reasons.append(
                f"TRIPTYCH_ISSUERS: {issuer.name}, {issuer.issuer}, is there twice, or is this gateway"
            )
        if issuer.plan not in plans:
            reasons.append(f"TRIPTYCH_ISSUERS: {issuer.plan!r} is no plan; there are {', '.join(plans)}")
        names.add(issuer.name)
        private = Outside(allow_private=True) if issuer.private_network else outside
        found[issuer.issuer] = ForeignTokens(issuer, private, every, clock)
    if reasons:
        raise AssemblyError(reasons)
    return found


def _several(claim: object) -> list[str]:
    """A list of texts, or a text of several with blanks between them."""
    if isinstance(claim, str):
        return claim.split()
    return (
        [one for one in cast("list[object]", claim) if isinstance(one, str)]
        if isinstance(claim, list)
        else []
    )


def _thumbprint(token: Untrusted) -> str | None:
    """Of the key that the token is bound to (RFC 9449); raises `MalformedError` for other bonds."""
    bond = token.claims.get("cnf")
    if bond is None:
        return None
    key = cast("dict[str, object]", bond).get("jkt") if isinstance(bond, dict) else None
    if not isinstance(key, str):
        raise MalformedError("it is bound to its holder in a way that cannot be checked here")
    return key
