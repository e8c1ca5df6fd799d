"""The registered OAuth clients."""

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypedDict, Unpack

from sqlalchemy import Row, delete, exists, select, update

from gateway.authorization.generation import bump
from gateway.authorization.lifetimes import DAY, Clock
from gateway.authorization.opaque import fingerprint, new_secret
from gateway.authorization.registration import KEY_METHODS, SECRET_METHODS, Client, refuse_faults
from gateway.authorization.tables import api_keys, authorizations, clients, consents, pushed_requests
from gateway.authorization.upserting import upsert
from triptych.ids import new_id
from triptych.problems import InvalidInput, NotFound
from triptych.storage import Database


class Credentials(NamedTuple):
    """What a client needs to know of its registration. The secret is told once and kept only as a hash."""

    client_id: str
    client_secret: str | None


class Special(TypedDict, total=False):
    """What only some clients have; `Client` says what each is."""

    jwks: str | None
    jwks_uri: str | None
    pushed_only: bool
    bound_tokens_only: bool
    exchanges: tuple[str, ...]
    impersonates: bool
    pinned: str
    origins: tuple[str, ...]


ITSELF = "*"
"""Who registered a client that needed nobody's leave to register."""
UNUSED = 30 * DAY
"""Seconds that such a client is kept whom nobody has allowed anything yet."""
BEFORE_PINS = "2026-11-01"
"""What clients were given that registered before a client had a day to be pinned to."""


class Clients:
    """The registered clients. Those in use are remembered, and forgotten when any client changes."""

    REMEMBERED = 10_000

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: dict[str, Client] = {}
        self._changes = 0
        self.newest = ""
        """The day of the newest version that any of our APIs has: new clients are pinned to it at least."""
        self.origins: frozenset[str] = frozenset()
        """Web origins of all clients, whose pages may call the token endpoint (CORS)."""
        self.pins: dict[str, str] = {}
        """The day that each client is pinned to."""
        self.pages: dict[str, frozenset[str]] = {}
        """The web origins of each client that has any."""

    async def add(
        self,
        name: str,
        *,
        grants: Iterable[str],
        scopes: Iterable[str],
        plan: str,
        redirect_uris: Iterable[str] = (),
        post_logout_redirect_uris: Iterable[str] = (),
        public: bool = False,
        client_id: str | None = None,
        client_secret: str | None = None,
        customer_id: str | None = None,
        **more: Unpack[Special],
    ) -> Credentials:
        """Register a client, or register it anew if there is one with this `client_id`.

        Makes id and secret where none are given; a client that is registered anew keeps its secret, which
        then is not told again, and the day that it is pinned to. `customer_id` is the customer as which it
        acts on its own. One with public keys signs, and has no secret. Raises `InvalidInput` naming each
        field that is wrong.
        """
        signs = more.get("jwks") is not None or more.get("jwks_uri") is not None
        methods = KEY_METHODS if signs else ("none",) if public else SECRET_METHODS
        client = Client(
            client_id or new_id("client"),
            name,
            tuple(grants),
            tuple(scopes),
            plan,
            tuple(redirect_uris),
            tuple(post_logout_redirect_uris),
            methods,
            customer_id=customer_id,
            **more,
        )
        return await self.register(client, client_secret)

    async def register(self, client: Client, secret: str | None = None) -> Credentials:
        """The same for one that is put together already; its `secret_hash` does not count."""
        bare = client.public or client.signs
        refuse_faults(client, secret)
        async with self._database.write() as connection:
            known = (
                await connection.execute(select(clients).where(clients.c.id == client.client_id))
            ).first()
            if not client.pinned:
                client = replace(client, pinned=_client(known).pinned if known else self._today())
            if secret is None and not bare and (known is None or known.secret_hash is None):
                secret = new_secret("secret")
            secret_hash = fingerprint(secret) if secret else known and known.secret_hash
            values = {
                "secret_hash": None if bare else secret_hash,
                "registration": _registration(client),
                "disabled_at": None,
            }
            fresh = {"created_at": self._clock.now()}
            await upsert(connection, clients, {"id": client.client_id}, values, fresh)
            await bump(connection)
        await self.refresh()
        return Credentials(client.client_id, None if bare else secret)

    async def change(
        self, client_id: str, *, pinned: str | None = None, origins: tuple[str, ...] | None = None
    ) -> Client:
        """Pin a client to another day, or name other web origins. Raises `NotFound`, `InvalidInput`."""
        client = await self.find(client_id)
        if client is None:
            raise NotFound(f"There is no client {client_id!r}")
        client = replace(client, pinned=pinned or client.pinned)
        client = client if origins is None else replace(client, origins=origins)
        refuse_faults(client, None)
        async with self._database.write() as connection:
            await connection.execute(
                update(clients).where(clients.c.id == client_id).values(registration=_registration(client))
            )
            await bump(connection)
        await self.refresh()
        return client

    async def register_anew(self, client: Client) -> Credentials:
        """Other metadata for a client that is let in; a secret where it now needs one and had none.

        Raises `NotFound`, `InvalidInput`.
        """
        refuse_faults(client, None)
        this = (clients.c.id == client.client_id) & clients.c.disabled_at.is_(None)
        async with self._database.write() as connection:
            known = (await connection.execute(select(clients).where(this).with_for_update())).first()
            if known is None:
                raise NotFound(f"There is no client {client.client_id!r}")
            bare = client.public or client.signs
            secret = None if bare or known.secret_hash else new_secret("secret")
            secret_hash = None if bare else fingerprint(secret) if secret else known.secret_hash
            values = {"secret_hash": secret_hash, "registration": _registration(client)}
            await connection.execute(update(clients).where(this).values(values))
            await bump(connection)
        await self.refresh()
        return Credentials(client.client_id, secret)

    async def sweep(self) -> None:
        """Delete clients that registered themselves and that nobody has allowed anything within `UNUSED`."""
        old = clients.c.created_at < self._clock.now() - UNUSED
        untouched = [
            ~exists().where(table.c.client_id == clients.c.id)
            for table in (authorizations, consents, api_keys, pushed_requests)
        ]
        async with self._database.write() as connection:
            rows = (await connection.execute(select(clients).where(old, *untouched))).all()
            dead = [row.id for row in rows if _client(row).registered_by == ITSELF]
            if not dead:
                return
            await connection.execute(delete(clients).where(clients.c.id.in_(dead), *untouched))
            await bump(connection)
        await self.refresh()

    async def rotate_secret(self, client_id: str) -> Credentials:
        """Another secret in place of the one that the client has; raises `NotFound`, `InvalidInput`."""
        client, secret = await self.find(client_id), new_secret("secret")
        if client is None:
            raise NotFound(f"There is no client {client_id!r}")
        if client.secret_hash is None:
            raise InvalidInput(f"{client_id} has no secret that could be changed")
        async with self._database.write() as connection:
            await connection.execute(
                update(clients).where(clients.c.id == client_id).values(secret_hash=fingerprint(secret))
            )
            await bump(connection)
        await self.refresh()
        return Credentials(client_id, secret)

    async def disable(self, client_id: str) -> None:
        """Let the client in no more; raises `NotFound`. Its tokens are called back by `Revocations`."""
        async with self._database.write() as connection:
            done = await connection.execute(
                update(clients).where(clients.c.id == client_id).values(disabled_at=self._clock.now())
            )
            if done.rowcount == 0:
                raise NotFound(f"There is no client {client_id!r}")
            await bump(connection)
        await self.refresh()

    def pin(self, client_id: str) -> str | None:
        """The day that a client is pinned to."""
        return self.pins.get(client_id)

    def known(self, client_id: str) -> Client | None:
        """The client, if it was in use lately; a None says nothing."""
        return self._known.get(client_id)

    async def find(self, client_id: str) -> Client | None:
        """The client as the database has it; None if there is none, or it was disabled."""
        changes = self._changes
        async with self._database.read() as connection:
            query = select(clients).where(clients.c.id == client_id, clients.c.disabled_at.is_(None))
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        client = _client(row)
        self.pins[client_id] = client.pinned
        if changes == self._changes:
            if len(self._known) >= self.REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[client_id] = client
        return client

    async def all(self) -> list[Client]:
        """All clients that are let in, by name."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(clients).where(clients.c.disabled_at.is_(None)))
            return sorted((_client(row) for row in rows), key=lambda client: client.name)

    async def refresh(self) -> None:
        """Forget what was remembered, since a client changed here or at another gateway."""
        self._changes += 1
        self._known = {}
        found = await self.all()
        self.pins = {client.client_id: client.pinned for client in found}
        self.pages = {client.client_id: client.web_origins for client in found if client.web_origins}
        self.origins = frozenset(page for pages in self.pages.values() for page in pages)

    def _today(self) -> str:
        """What a client that registers now is pinned to."""
        return max(self.newest, datetime.fromtimestamp(self._clock.now(), UTC).date().isoformat())


def _registration(client: Client) -> str:
    fields = asdict(client)
    del fields["client_id"], fields["secret_hash"]
    return json.dumps(fields)


def _client(row: Row[Any]) -> Client:
    fields: dict[str, str | list[str] | None] = json.loads(row.registration)
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }
    values.setdefault("pinned", BEFORE_PINS)
    return Client(client_id=row.id, secret_hash=row.secret_hash, **values)
