"""What is recorded of a deed, and how records are chained."""

import hashlib
import hmac
from dataclasses import dataclass, fields

import orjson

GENESIS = "0" * 64
"""What the first record has in place of a previous hash."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done, or tried. Never a body, a token or a query string."""

    time: str
    """When, RFC 3339 in UTC with microseconds."""
    actor: str
    """Who: the subject of the token, or what a login called itself."""
    client: str
    """Through which OAuth client."""
    action: str
    """What: `partner.place_order`, `login.failed`."""
    object: str
    """To what: the path, or the id of what was concerned."""
    outcome: str
    """How it ended: an HTTP status, or a word."""
    request_id: str
    details: str = "{}"
    """Further facts, as a JSON object."""

    def columns(self) -> dict[str, str]:
        """Its fields by name; `asdict` takes ten times as long, and this is on every token's way."""
        return {name: getattr(self, name) for name in _COLUMNS}


_COLUMNS = tuple(field.name for field in fields(Deed))


@dataclass(frozen=True, slots=True)
class Record:
    """A deed with its place in the chain."""

    sequence: int
    """1, 2, 3, without a gap."""
    deed: Deed
    previous: str
    """Hash of the record before."""
    hash: str
    """SHA-256 over all of the above as JSON with sorted keys and without spaces, in hexadecimal."""

    @classmethod
    def after(cls, sequence: int, previous: str, deed: Deed) -> "Record":
        """The record that follows one of this hash."""
        return cls(sequence, deed, previous, chained(sequence, previous, deed))


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain at some moment. Whoever keeps one elsewhere can tell later if it was cut."""

    sequence: int
    hash: str
    signature: str
    """HMAC-SHA-256 over the two, with a key that the database does not hold."""

    @classmethod
    def signed(cls, sequence: int, hash: str, key: bytes) -> "Head":
        """The head of a chain that ends with this record."""
        return cls(sequence, hash, _signature(sequence, hash, key))

    def genuine(self, key: bytes) -> bool:
        """Whether it was signed with this key."""
        return hmac.compare_digest(self.signature, _signature(self.sequence, self.hash, key))


def chained(sequence: int, previous: str, deed: Deed) -> str:
    """The hash of a record."""
    document = {**deed.columns(), "sequence": sequence, "previous": previous}
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _signature(sequence: int, hash: str, key: bytes) -> str:
    return hmac.new(key, f"{sequence} {hash}".encode(), hashlib.sha256).hexdigest()
