"""Where users may be sent back to, and which web origins that makes known."""

from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

LOOPBACK = ("127.0.0.1", "::1")
_FORBIDDEN = set("\"'<>\\^`{|}*;, ")


def _split(uri: str) -> SplitResult | None:
    """Its parts, if it is an absolute URI of plain characters without fragment and user."""
    if len(uri) > 2_000 or not uri.isascii() or not uri.isprintable() or _FORBIDDEN & set(uri):
        return None
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    if not parts.scheme or "#" in uri or "@" in parts.netloc or port == 0:
        return None
    return parts


def redirect_uri_fault(uri: str) -> str:
    """What keeps this URI from being registered, empty if nothing does.

    `https` anywhere; `http` only on the user's own machine; or an app's own scheme, which has a dot in it
    (RFC 8252 section 7.1).
    """
    parts = _split(uri)
    if parts is None:
        return f"{uri!r} is not an absolute URI, or has a fragment, a user, a wildcard or odd characters"
    if parts.scheme == "https" and parts.hostname:
        return ""
    if parts.scheme == "http" and parts.hostname in (*LOOPBACK, "localhost"):
        return ""
    if "." in parts.scheme and not parts.netloc:
        return ""
    return f"{uri!r} must be https, http on this machine, or an app's own scheme like com.example.app"


def is_registered(uri: str, registered: Iterable[str]) -> bool:
    """Whether `uri` is one of `registered`, or differs from it only by its port on a loopback address.

    Apps on the user's machine listen on whatever port is free (RFC 8252 section 7.3).
    """
    asked = _split(uri)
    if asked is None:
        return False
    for known in registered:
        if uri == known:
            return True
        listed = urlsplit(known)
        if (
            asked.hostname in LOOPBACK
            and (asked.scheme, asked.hostname) == (listed.scheme, listed.hostname)
            and asked.scheme == "http"
            and (asked.path, asked.query) == (listed.path, listed.query)
        ):
            return True
    return False


def origin_of(uri: str) -> str:
    """The web origin of a redirect URI, as a browser's `Origin` names it, with `:*` for any port on loopback.

    Empty for an app's own scheme.
    """
    parts = urlsplit(uri)
    if parts.scheme not in ("https", "http"):
        return ""
    return origin(uri, any_port=parts.hostname in LOOPBACK)


def origin(uri: str, *, any_port: bool = False) -> str:
    """Scheme, host and port of a URI, or `*` for the port; of an app's own scheme, the scheme."""
    parts = urlsplit(uri)
    if not parts.hostname:
        return f"{parts.scheme}:"
    default = {"https": 443, "http": 80}.get(parts.scheme)
    port = "" if parts.port in (None, default) else f":{parts.port}"
    return f"{parts.scheme}://{_host(parts)}{':*' if any_port else port}"


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return f"[{host}]" if ":" in host else host
