"""Scopes: `<service>:<read|write|...>` for our services, and OpenID Connect's own."""

import re
from collections.abc import Iterable, Mapping

OPENID_SCOPES = {
    "openid": "Know that it is you",
    "profile": "See your name",
    "email": "See your e-mail address",
    "offline_access": "Keep access while you are away, until you withdraw it",
}
"""What each means, in words for the user (OpenID Connect Core section 5.4)."""

PERSONAL = "pii"
_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")
_VERBS = {"read": "See your data in", "write": "Act for you in"}


def is_scope(text: str) -> bool:
    """Whether it has the form of one scope (RFC 6749 section 3.3)."""
    return _TOKEN.fullmatch(text) is not None


def words(scope: str, described: Mapping[str, str]) -> str:
    """What a scope means, for the user who is asked: as described, or made from its name."""
    if known := OPENID_SCOPES.get(scope) or described.get(scope):
        return known
    service, _, action = scope.partition(":")
    return f"{_VERBS.get(action, f'Use “{action}” of')} {service.replace('-', ' ')}"


def within(scopes: Iterable[str], patterns: Iterable[str]) -> list[str]:
    """Those scopes that some pattern allows: itself, `service:*`, `*:read` or `*`.

    To read everywhere is not to read personal data: `pii:read` has to be named, or `*`.
    """
    allowed = set(patterns)
    return [scope for scope in scopes if not allowed.isdisjoint(_patterns_of(scope))]


def _patterns_of(scope: str) -> list[str]:
    service, _, action = scope.partition(":")
    everywhere = [] if service == PERSONAL else [f"*:{action}"]
    return [scope, f"{service}:*", "*", *everywhere]
