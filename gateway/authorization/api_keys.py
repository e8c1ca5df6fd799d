"""API keys, for partners that cannot do OAuth: each stands for a client, with fewer scopes where so wanted.

A key is `trp_live_`, 32 random letters and digits, and six that are their checksum: so secret scanners find
it, and a key that was mistyped, or made up without knowing how, costs no look into the database.
"""

import secrets
import string
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

from sqlalchemy import Row, delete, insert, select, update

from gateway.authorization.clients import Clients
from gateway.authorization.lifetimes import DAY, HOUR, MINUTE, Clock
from gateway.authorization.opaque import fingerprint
from gateway.authorization.registration import Client
from gateway.authorization.revocations import Revocations
from gateway.authorization.scopes import OPENID_SCOPES
from gateway.authorization.tables import api_keys
from gateway.identity import VerifiedToken
from triptych.ids import new_id
from triptych.problems import FieldError, InvalidInput, NotFound, Problem, Unauthenticated
from triptych.storage import Database

PREFIX = "trp_live_"
GRANT = "urn:triptych:params:oauth:grant-type:api-key"
"""The grant that turns a key into an access token; see `grants.api_key`."""
LONGEST = 1_825
"""Days that a key can be good for."""
_ALPHABET = string.ascii_letters + string.digits
_RANDOM, _CHECKSUM = 32, 6
_ANEW = MINUTE
"""Seconds after which a gateway looks a key up again: so its client's scopes and plan are never older."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as its owner may see it; moments are Unix seconds."""

    id: str
    client_id: str
    name: str
    hint: str
    """How it ends."""
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int
    revoked_at: int | None
    used_at: int | None
    """When it was last used, give or take an hour."""


def new_key() -> str:
    """A fresh key: 190 random bits."""
    drawn = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return f"{PREFIX}{drawn}{_checksum(drawn)}"


def is_key(text: str) -> bool:
    """Whether this can be a key: by its form and its checksum."""
    drawn = text[len(PREFIX) : len(PREFIX) + _RANDOM]
    return len(drawn) == _RANDOM and text == f"{PREFIX}{drawn}{_checksum(drawn)}"


def _checksum(drawn: str) -> str:
    left, letters = crc32(drawn.encode()), ""
    for _ in range(_CHECKSUM):
        left, digit = divmod(left, len(_ALPHABET))
        letters = _ALPHABET[digit] + letters
    return letters


class ApiKeys:
    """All API keys. What is looked up here is as the database has it; the gateway remembers the answer."""

    def __init__(self, database: Database, clients: Clients, revocations: Revocations, clock: Clock) -> None:
        self._database = database
        self._clients = clients
        self._revocations = revocations
        self._clock = clock

    async def add(
        self, client_id: str, name: str, scopes: Iterable[str] | None = None, days: int = 365
    ) -> tuple[ApiKey, str]:
        """A key of this client, by default with all its scopes, and its text, which is not kept.

        Raises `InvalidInput` naming each field that is wrong.
        """
        client = await self._clients.find(client_id)
        if client is None:
            fault = FieldError(pointer="/client_id", detail=f"There is no client {client_id!r}")
            raise InvalidInput("The API key cannot be made like this", errors=[fault])
        granted = _without_openid(client.scopes) if scopes is None else tuple(dict.fromkeys(scopes))
        _refuse_faults(client, name, granted, days)
        text, now = new_key(), self._clock.now()
        made = ApiKey(
            new_id("key"),
            client_id,
            name,
            text[-4:],
            granted,
            now,
            now + days * DAY,
            revoked_at=None,
            used_at=None,
        )
        values = {
            "id": made.id,
            "key_hash": fingerprint(text),
            "client_id": client_id,
            "name": name,
            "hint": made.hint,
            "scope": " ".join(granted),
            "created_at": now,
            "expires_at": made.expires_at,
        }
        async with self._database.write() as connection:
            await connection.execute(insert(api_keys).values(values))
        return made, text

    async def all(self, client_id: str | None = None) -> list[ApiKey]:
        """Those that were not revoked, expired ones too, oldest first; of one client if so asked."""
        query = select(api_keys).where(api_keys.c.revoked_at.is_(None)).order_by(api_keys.c.created_at)
        if client_id is not None:
            query = query.where(api_keys.c.client_id == client_id)
        async with self._database.read() as connection:
            return [_api_key(row) for row in await connection.execute(query)]

    async def revoke(self, key_id: str) -> ApiKey:
        """End a key, and the access tokens that it was exchanged for; raises `NotFound`."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(api_keys).where(api_keys.c.id == key_id))).first()
        if row is None:
            raise NotFound(f"There is no API key {key_id!r}")
        async with self._database.write() as connection:
            await connection.execute(
                update(api_keys)
                .where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
                .values(revoked_at=self._clock.now())
            )
            committed = await self._revocations.add(
                connection, "authorization", [key_id], subject=row.client_id
            )
        committed()
        return _api_key(row)

    async def find(self, text: str) -> tuple[ApiKey, Client]:
        """The key with this text and its client, with the scopes that both have.

        Raises `Unauthenticated` with the reason.
        """
        if not is_key(text):
            raise Unauthenticated("This is no API key")
        query = select(api_keys).where(api_keys.c.key_hash == fingerprint(text))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            raise Unauthenticated("This API key is not known")
        if row.revoked_at is not None:
            raise Unauthenticated("The API key was revoked")
        now = self._clock.now()
        if row.expires_at <= now:
            raise Unauthenticated("The API key has expired")
        client = await self._clients.find(row.client_id)
        if client is None:
            raise Unauthenticated("The API key's client is let in no more")
        if row.used_at is None or row.used_at + HOUR <= now:
            await self._note_use(row.id, now)
        found = _api_key(row)
        granted = [scope for scope in found.scopes if scope in client.scopes]
        return found, replace(client, scopes=tuple(granted))

    async def verify(self, text: str) -> VerifiedToken:
        """What the gateway's chain needs to know; raises `Unauthenticated` with the reason."""
        key, client = await self.find(text)
        if client.bound_tokens_only:
            raise Unauthenticated("This client may use bound tokens only: exchange the API key for one")
        return VerifiedToken(
            subject=client.client_id,
            client=client.client_id,
            scopes=frozenset(client.scopes),
            expires_at=float(min(key.expires_at, self._clock.now() + _ANEW)),
            plan=client.plan,
            customer_id=client.customer_id,
            jti=key.id,
        )

    async def sweep(self) -> None:
        """Delete what has expired a month ago."""
        async with self._database.write() as connection:
            long_ago = self._clock.now() - 30 * DAY
            await connection.execute(delete(api_keys).where(api_keys.c.expires_at < long_ago))

    async def _note_use(self, key_id: str, now: int) -> None:
        with suppress(Problem):  # whether that can be noted now is not the caller's concern
            async with self._database.write() as connection:
                await connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(used_at=now))


def _without_openid(scopes: Iterable[str]) -> tuple[str, ...]:
    return tuple(scope for scope in scopes if scope not in OPENID_SCOPES)


def _refuse_faults(client: Client, name: str, scopes: tuple[str, ...], days: int) -> None:
    errors: list[FieldError] = []
    if client.public:
        errors.append({"pointer": "/client_id", "detail": "A public client can keep no secret"})
    if not name.strip():
        errors.append({"pointer": "/name", "detail": "A key needs a name, by which its owner knows it"})
    if not 1 <= days <= LONGEST:
        errors.append({"pointer": "/days", "detail": f"A key is good for 1 to {LONGEST} days"})
    allowed = _without_openid(client.scopes)
    errors += [
        FieldError(pointer=f"/scopes/{index}", detail=f"{client.client_id} does not have the scope {scope!r}")
        for index, scope in enumerate(scopes)
        if scope not in allowed
    ]
    if not scopes:
        errors.append({"pointer": "/scopes", "detail": "A key needs at least one scope"})
    if errors:
        raise InvalidInput("The API key cannot be made like this", errors=errors)


def _api_key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        client_id=row.client_id,
        name=row.name,
        hint=row.hint,
        scopes=tuple(row.scope.split()),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        used_at=row.used_at,
    )
