"""The keys that sign tokens: next → current → retired, so that no valid token is refused while they change.

The next key is published before it signs anything, and a retired one until its last token has expired.
Private keys lie in the database only sealed.
"""

import base64
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.authorization.generation import bump
from gateway.authorization.lifetimes import Clock, Lifetimes
from gateway.authorization.sealing import BrokenSealError, Seal
from gateway.authorization.tables import signing_keys
from triptych.problems import Conflict
from triptych.secrets import SecretKeyError
from triptych.storage import Database

ALGORITHM = "ES256"
ACCESS_TOKEN, ID_TOKEN = "at+jwt", "JWT"
CURRENT, NEXT = "current", "next"
JWKS_SECONDS = 60
"""How long others may keep the published keys."""
PUBLISHED_SECONDS = 2 * JWKS_SECONDS
"""How long a key is published before it signs."""


_ES256 = JWSRegistry.algorithms[ALGORITHM]


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


@lru_cache(maxsize=64)
def _first_part(kind: str, kid: str) -> str:
    header = {"typ": kind, "alg": ALGORITHM, "kid": kid}  # in this order for ever: tokens are known by it
    return _base64url(json.dumps(header, separators=(",", ":")).encode())


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair; its id is the RFC 7638 thumbprint."""

    kid: str
    key: ECKey

    def sign(self, kind: str, claims: dict[str, Any]) -> str:
        """A compact JWT of this `typ`.

        Put together here, since joserfc looks through its registries each time, for as long as signing takes.
        """
        payload = json.dumps(claims, separators=(",", ":"), ensure_ascii=False).encode()
        signed = f"{self.first_part(kind)}.{_base64url(payload)}"
        return f"{signed}.{_base64url(_ES256.sign(signed.encode(), self.key))}"

    def first_part(self, kind: str) -> str:
        """How every token of this kind begins that this key has signed, byte for byte."""
        return _first_part(kind, self.kid)

    def public(self) -> dict[str, Any]:
        """As the JWKS document shows it (RFC 7517)."""
        return {**self.key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": ALGORITHM}


@dataclass(frozen=True, slots=True)
class KeyAge:
    """Where a key stands, and since when; moments are Unix seconds."""

    kid: str
    place: Literal["next", "current", "retired"]
    published_at: int
    signs_since: int | None
    """Of the current key alone."""
    retires_at: int | None
    """When a retired key is forgotten."""


class KeyRing:
    """All keys that sign or have signed tokens which may still be valid.

    `sealing_key` has 32 bytes; without it the keys in the database are noise.
    """

    def __init__(self, database: Database, sealing_key: bytes, lifetimes: Lifetimes, clock: Clock) -> None:
        self._database = database
        self._seal = Seal(sealing_key)
        # Other gateways go on signing with the old key until they notice, so it stays a little longer.
        self._retirement = max(lifetimes.access_token, lifetimes.id_token) + 2 * lifetimes.clock_skew
        self._clock = clock
        self._current: SigningKey | None = None
        self._keys: dict[str, SigningKey] = {}
        self._by_header: dict[str, SigningKey] = {}

    @property
    def current(self) -> SigningKey:
        """The key that signs now."""
        if self._current is None:
            raise RuntimeError("The key ring was not opened")
        return self._current

    def by_header(self, header: str) -> SigningKey | None:
        """The key that an access token beginning with this header must be signed with."""
        return self._by_header.get(header)

    def find(self, kid: str) -> SigningKey | None:
        """The key with this id, if its tokens may still be valid."""
        return self._keys.get(kid)

    def all(self) -> list[SigningKey]:
        """Every key whose tokens may be valid, now or soon."""
        return list(self._keys.values())

    def public(self) -> dict[str, Any]:
        """The JWKS document."""
        return {"keys": [key.public() for key in self.all()]}

    async def open(self) -> None:
        """Load the keys; make the first two where there are none yet."""
        await self.refresh()
        if self._current is None:
            try:
                async with self._database.write() as connection:
                    for place in (CURRENT, NEXT):
                        await self._insert(connection, place)
                    await bump(connection)
            except IntegrityError:
                pass  # another gateway, starting at the same moment, made them
            await self.refresh()

    async def rotate(self) -> str:
        """Let the next key sign from now on, retire the current one and make a new next; its `kid`.

        Raises `Conflict` if another gateway is rotating right now, or if the next key has not been published
        for long enough to be known wherever tokens are checked.
        """
        old = self.current
        try:
            async with self._database.write() as connection:
                now = self._clock.now()
                retired = await connection.execute(
                    update(signing_keys)
                    .where(signing_keys.c.kid == old.kid, signing_keys.c.place == CURRENT)
                    .values(place=old.kid, retires_at=now + self._retirement)
                )
                if retired.rowcount != 1:
                    raise Conflict("The keys were rotated by another gateway just now")
                promoted = await connection.execute(
                    update(signing_keys)
                    .where(signing_keys.c.place == NEXT, signing_keys.c.created_at <= now - PUBLISHED_SECONDS)
                    .values(place=CURRENT)
                )
                if promoted.rowcount != 1:
                    raise Conflict(f"The next key was published less than {PUBLISHED_SECONDS} seconds ago")
                await self._insert(connection, NEXT)
                await bump(connection)
        except IntegrityError as error:
            raise Conflict("The keys are being rotated by another gateway") from error
        await self.refresh()
        return self.current.kid

    async def ages(self) -> list[KeyAge]:
        """Every key as the database has it, oldest first."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(signing_keys).order_by(signing_keys.c.created_at))).all()
        # A next key is made in the moment when the one before begins to sign.
        since = next((row.created_at for row in rows if row.place == NEXT), None)
        places: dict[str, Literal["next", "current"]] = {CURRENT: "current", NEXT: "next"}
        return [
            KeyAge(
                row.kid,
                places.get(row.place, "retired"),
                row.created_at,
                since if row.place == CURRENT else None,
                row.retires_at,
            )
            for row in rows
        ]

    async def due(self, longest: int) -> bool:
        """Whether the current key has been signing for this many seconds."""
        since = [age.signs_since for age in await self.ages() if age.signs_since is not None]
        return bool(since) and since[0] + longest <= self._clock.now()

    async def sweep(self) -> None:
        """Delete the retired keys whose last token has expired, and forget them here."""
        async with self._database.write() as connection:
            await connection.execute(
                delete(signing_keys).where(signing_keys.c.retires_at <= self._clock.now())
            )
        await self.refresh()

    async def refresh(self) -> None:
        """Read the keys as the database has them now."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(signing_keys).order_by(signing_keys.c.created_at))).all()
        now = self._clock.now()
        valid = [row for row in rows if row.retires_at is None or row.retires_at > now]
        self._keys = {
            row.kid: self._keys.get(row.kid) or SigningKey(row.kid, self._unsealed(row.sealed, row.kid))
            for row in valid
        }
        self._by_header = {key.first_part(ACCESS_TOKEN): key for key in self._keys.values()}
        self._current = next((self._keys[row.kid] for row in valid if row.place == CURRENT), None)

    async def _insert(self, connection: AsyncConnection, place: str) -> None:
        key = ECKey.generate_key("P-256", private=True)
        kid = key.thumbprint()
        values = {
            "kid": kid,
            "place": place,
            "sealed": self._sealed(key, kid),
            "created_at": self._clock.now(),
        }
        await connection.execute(insert(signing_keys).values(values))

    def _sealed(self, key: ECKey, kid: str) -> str:
        return self._seal.sealed(json.dumps(key.as_dict(private=True)).encode(), kid)

    def _unsealed(self, sealed: str, kid: str) -> ECKey:
        try:
            return ECKey.import_key(json.loads(self._seal.opened(sealed, kid)))
        except BrokenSealError as error:
            raise SecretKeyError(
                f"The signing key {kid} in the gateway's database was sealed with another secret key, or has "
                "been changed: set TRIPTYCH_SECRET_KEY to the former one"
            ) from error
