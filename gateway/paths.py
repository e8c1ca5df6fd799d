"""One canonical path for authorisation and forwarding, so that nobody reads a path differently from us."""

import re
from urllib.parse import quote, unquote_to_bytes

from triptych.problems import BadRequest

_PLAIN = re.compile(rb"/[A-Za-z0-9._~!$&'()*+,;=:@/-]*")
_ESCAPED = re.compile(rb"/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*")
_QUERY = re.compile(rb"[!-~]*")
_FORBIDDEN = re.compile(rb"%(?:2[fF]|5[cC]|[01][0-9a-fA-F]|7[fF])")
_SAFE = "/!$&'()*+,;=:@"


def canonical_path(raw: bytes) -> str:
    """The decoded path of a request target (RFC 3986, 3.3), or `BadRequest` where it could be misread.

    Refused are encoded slashes and backslashes, control characters, empty and dot segments, stray percent
    signs and octets that are no UTF-8: everything that one server may resolve and the next one may not.
    """
    path = raw.decode("ascii") if _PLAIN.fullmatch(raw) else _decoded(raw)
    if "//" in path or ("/." in path and any(segment in (".", "..") for segment in path.split("/"))):
        raise BadRequest("The path has an empty, '.' or '..' segment.")
    return path


def _decoded(raw: bytes) -> str:
    if not _ESCAPED.fullmatch(raw):
        raise BadRequest("The path has a character that a URL cannot have, or a '%' without two digits.")
    if _FORBIDDEN.search(raw):
        raise BadRequest("The path has an encoded slash, backslash or control character.")
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("The path is not UTF-8.") from None


def encoded_path(path: str) -> bytes:
    """The one spelling in which a canonical path is passed on."""
    return quote(path, safe=_SAFE).encode("ascii")


def check_query(raw: bytes) -> None:
    """Raises `BadRequest` for a query string with characters that have to be percent-encoded."""
    if not _QUERY.fullmatch(raw):
        raise BadRequest("The query string has a character that has to be percent-encoded.")
