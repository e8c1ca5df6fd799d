"""Cursors of lists: where the next page starts, in a form that only we can make."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from datetime import UTC, datetime, timedelta

from triptych.problems import FieldError, InvalidInput

_START = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SIGNATURE = 12

Place = tuple[datetime, str]
"""The last item of a page: when it was created, and its id."""


class Cursors:
    """Makes and reads the cursors of one list.

    A cursor is the place, signed (HMAC-SHA256 truncated to 96 bits, RFC 2104) together with the list's name
    and the filters of the question; so one that was altered, or is used with other filters, is refused.
    """

    def __init__(self, key: bytes, name: str) -> None:
        self._key = key
        self._name = name.encode()

    def made(self, place: Place, filters: bytes) -> str:
        """The cursor that goes on after a place."""
        created, last = place
        payload = f"{(created - _START) // _MICROSECOND}:{last}".encode()
        return urlsafe_b64encode(self._signature(payload, filters) + payload).decode().rstrip("=")

    def read(self, cursor: str, filters: bytes) -> Place:
        """The place in a cursor; raises InvalidInput for one that this list has not made."""
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except (NotBase64, UnicodeEncodeError) as error:
            raise _refused() from error
        signature, payload = raw[:_SIGNATURE], raw[_SIGNATURE:]
        if not hmac.compare_digest(signature, self._signature(payload, filters)):
            raise _refused()
        micros, _, last = payload.decode().partition(":")
        return _START + int(micros) * _MICROSECOND, last

    def _signature(self, payload: bytes, filters: bytes) -> bytes:
        signed = b"\0".join((self._name, hashlib.sha256(filters).digest(), payload))
        return hmac.digest(self._key, signed, "sha256")[:_SIGNATURE]


def _refused() -> InvalidInput:
    detail = "is no cursor of this list with these filters: take next_cursor from the page before"
    return InvalidInput(f"The cursor {detail}.", errors=[FieldError(pointer="?cursor", detail=detail)])
