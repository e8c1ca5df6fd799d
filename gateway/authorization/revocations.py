"""Access tokens that were called back before they expired.

An access token is signed, not stored, so issuing one costs no write. What is stored is the rare opposite, for
as long as the token would have lived. Every gateway has the few that count in memory.
"""

from collections.abc import Callable, Iterable
from typing import Literal, Protocol

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.authorization.generation import bump
from gateway.authorization.lifetimes import Clock, Lifetimes
from gateway.authorization.tables import revocations
from gateway.authorization.upserting import upsert
from triptych.storage import Database

Kind = Literal["token", "authorization", "client"]


class Forgetful(Protocol):
    """Whoever remembers verified tokens, and must drop those that are called back."""

    def __call__(self, *, jti: str = "", client: str = "", subject: str = "") -> None:
        """Drop one token, or all of a client or a subject; they will be verified anew."""
        ...


class Revocations:
    """What was called back: single tokens, all of one authorization, or all of one client until a moment."""

    def __init__(self, database: Database, lifetimes: Lifetimes, clock: Clock) -> None:
        self._database = database
        self._memory = lifetimes.access_token + lifetimes.clock_skew
        self._clock = clock
        self._revoked: dict[tuple[str, str], int] = {}
        self._listeners: list[Forgetful] = []

    def tell(self, listener: Forgetful) -> None:
        """Let this one know of every revocation, here at once, from other gateways within a second."""
        self._listeners.append(listener)

    def covers(self, jti: str, authorization: str, client: str, issued_at: int) -> bool:
        """Whether a token with these marks was called back."""
        revoked = self._revoked
        if not revoked:
            return False
        return (
            ("token", jti) in revoked
            or ("authorization", authorization) in revoked
            or revoked.get(("client", client), -1) >= issued_at
        )

    async def add(
        self, connection: AsyncConnection, kind: Kind, ids: Iterable[str], subject: str = ""
    ) -> Callable[[], None]:
        """Note a revocation in this transaction; call what is returned once it has been committed."""
        now = self._clock.now()
        noted = list(ids)
        for one in noted:
            values = {"subject": subject, "revoked_at": now, "expires_at": now + self._memory}
            await upsert(connection, revocations, {"kind": kind, "id": one}, values)
        await connection.execute(delete(revocations).where(revocations.c.expires_at < now))
        await bump(connection)

        def committed() -> None:
            for one in noted:
                self._note(kind, one, subject, now)

        return committed

    async def revoke(self, kind: Kind, one: str, subject: str = "") -> None:
        """Call back a token by its `jti`, or all that an authorization or a client has been given so far."""
        async with self._database.write() as connection:
            committed = await self.add(connection, kind, [one], subject)
        committed()

    async def refresh(self) -> None:
        """Learn what other gateways have called back."""
        now = self._clock.now()
        async with self._database.read() as connection:
            rows = (
                await connection.execute(select(revocations).where(revocations.c.expires_at >= now))
            ).all()
        for row in rows:
            if self._revoked.get((row.kind, row.id)) != row.revoked_at:
                self._note(row.kind, row.id, row.subject, row.revoked_at)
        self._revoked = {one: at for one, at in self._revoked.items() if at + self._memory >= now}

    def _note(self, kind: str, one: str, subject: str, at: int) -> None:
        self._revoked[kind, one] = at
        for forget in self._listeners:
            forget(
                jti=one if kind == "token" else "",
                client=one if kind == "client" else "",
                subject=subject if kind == "authorization" else "",
            )
