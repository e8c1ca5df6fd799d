"""What comes in, read strictly: a request says each thing once, in plain characters, or it is refused."""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qsl, unquote_plus

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Payload
from starlette.requests import Request

MAX_BODY = 64 * 1024
MAX_QUERY = 8 * 1024
MAX_FIELDS = 50
FORM = "application/x-www-form-urlencoded"
REPEATABLE = {"resource", "audience"}
"""RFC 8707 section 2, RFC 8693 section 2.1."""
_VISIBLE = re.compile(r"[\x20-\x7e]*")
"""What a value may consist of (RFC 6749 appendix A)."""
_WORDS = re.compile(r"[A-Za-z0-9_.:/ -]*")
"""Names of types and modes; Authlib repeats them in its errors, where quotes must not be."""
_FORMS = {
    "response_type": _WORDS,
    "response_mode": _WORDS,
    "grant_type": _WORDS,
    "code_challenge_method": _WORDS,
    "login_hint": re.compile(r".*", re.DOTALL),
}

Pairs = list[tuple[str, str]]


class TooLargeError(InvalidRequestError):
    """The body is larger than any honest request."""

    status_code = 413


class Parameters(OAuth2Payload):
    """The parameters of one request. Raises `InvalidRequestError` for those that RFC 6749 does not allow."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._lists: dict[str, list[str]] = {}
        for name, value in pairs:
            self._lists.setdefault(name, []).append(value)
        for name, values in self._lists.items():
            if len(values) > 1 and name not in REPEATABLE:
                raise InvalidRequestError("A parameter came more than once")
            form = _FORMS.get(name, _VISIBLE)
            if not all(form.fullmatch(value) for value in values):
                raise InvalidRequestError("A parameter has characters that it must not have")
        self._first = {name: values[0] for name, values in self._lists.items()}

    @property
    def data(self) -> dict[str, str]:
        """Each parameter's value."""
        return self._first

    @property
    def datalist(self) -> dict[str, list[str]]:
        """All values of each parameter."""
        return self._lists

    def pairs(self, without: Sequence[str] = ()) -> Pairs:
        """Everything again, in order, save some."""
        return [
            (name, value) for name, values in self._lists.items() if name not in without for value in values
        ]


def of_query(request: Request) -> Parameters:
    """The parameters in the address. Raises `InvalidRequestError`."""
    query: bytes = request.scope["query_string"]
    if len(query) > MAX_QUERY:
        raise InvalidRequestError("The query is too long")
    return Parameters(_decoded(query))


async def read_form(request: Request) -> Pairs:
    """The fields of a posted form, as they came. Raises `InvalidRequestError`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise InvalidRequestError(f"The body has to be {FORM}")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise TooLargeError("The body is larger than 64 KiB")
    return _decoded(bytes(body))


def _decoded(encoded: bytes) -> Pairs:
    """Fields without a value count as left out (RFC 6749 section 3.1)."""
    try:
        pairs = parse_qsl(
            encoded.decode("ascii"), max_num_fields=MAX_FIELDS, encoding="utf-8", errors="strict"
        )
    except ValueError as error:
        raise InvalidRequestError("The parameters are not form-encoded UTF-8, or too many") from error
    if any("\0" in text for pair in pairs for text in pair):
        raise InvalidRequestError("A parameter has a NUL in it")
    return pairs


def basic_credentials(header: str | None) -> tuple[str, str] | None:
    """Client id and secret out of an `Authorization: Basic` header (RFC 6749 section 2.3.1), or None."""
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        both = base64.b64decode(encoded.strip(), validate=True).decode("ascii")
        client_id, colon, secret = both.partition(":")
        credentials = unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except (binascii.Error, ValueError):
        return None
    return credentials if colon and all(text and "\0" not in text for text in credentials) else None
