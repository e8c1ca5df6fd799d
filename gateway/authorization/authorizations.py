"""What users allow clients, and the codes and refresh tokens that carry it: each is spent at most once."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.authorization.allowed import Authorization, RefreshToken
from gateway.authorization.lifetimes import Clock, Lifetimes
from gateway.authorization.opaque import fingerprint, new_secret
from gateway.authorization.revocations import Revocations
from gateway.authorization.sessions import PASSWORD
from gateway.authorization.tables import authorizations, refresh_tokens, sessions
from triptych.ids import new_id
from triptych.storage import Database


class Authorizations:
    """All authorizations that are still good for something."""

    def __init__(
        self, database: Database, revocations: Revocations, lifetimes: Lifetimes, clock: Clock
    ) -> None:
        self._database = database
        self._revocations = revocations
        self._lifetimes = lifetimes
        self._clock = clock

    async def allow(
        self,
        *,
        client_id: str,
        user_id: str,
        session_id: str,
        redirect_uri: str,
        scope: str,
        audience: tuple[str, ...],
        nonce: str | None,
        code_challenge: str,
        signed_in_at: int,
        dpop_jkt: str | None = None,
        methods: str = PASSWORD,
    ) -> str | None:
        """Note what the user allows, and return the code that the client can turn into tokens, once.

        None where the session has ended. It is held until this is on the disk: who signs the user out ends
        sessions first, so either they wait and find the authorization, or there is none.
        """
        now, code = self._clock.now(), new_secret("code")
        values = {
            "id": new_id("azn"),
            "code_hash": fingerprint(code),
            "code_expires_at": now + self._lifetimes.code,
            "client_id": client_id,
            "user_id": user_id,
            "session_id": session_id,
            "redirect_uri": redirect_uri,
            "scope": scope,
            "audience": " ".join(audience),
            "nonce": nonce,
            "code_challenge": code_challenge,
            "signed_in_at": signed_in_at,
            "dpop_jkt": dpop_jkt,
            "amr": methods,
            "expires_at": now + self._lifetimes.authorization,
        }
        alive = select(sessions.c.id).where(sessions.c.id == session_id, sessions.c.expires_at > now)
        async with self._database.write() as connection:
            if (await connection.execute(alive.with_for_update(read=True))).first() is None:
                return None
            await connection.execute(insert(authorizations).values(values))
        return code

    async def spend_code(self, code: str, client_id: str) -> Authorization | None:
        """The authorization behind a code, for the first who asks. A code that comes again revokes it all.

        None if the code is unknown, expired, spent, or another client's (which leaves it as it is).
        """
        ours = (authorizations.c.code_hash == fingerprint(code)) & (authorizations.c.client_id == client_id)
        async with self._database.read() as connection:
            if (await connection.execute(select(authorizations.c.id).where(ours))).first() is None:
                return None
        now = self._clock.now()
        async with self._database.write() as connection:
            spent = await connection.execute(
                update(authorizations)
                .where(ours, authorizations.c.code_spent_at.is_(None))
                .values(code_spent_at=now)
            )
            row = (await connection.execute(select(authorizations).where(ours))).one()
            if spent.rowcount == 1:
                alive = row.code_expires_at > now and row.revoked_at is None
                return _authorization(row) if alive else None
            committed = await self._revoke(connection, authorizations.c.id == row.id)
        committed()
        return None

    async def new_refresh_token(self, authorization: Authorization, dpop_jkt: str | None) -> str:
        """The first refresh token of an authorization, bound to a key if one is given."""
        async with self._database.write() as connection:
            return await self._insert(connection, authorization.id, dpop_jkt)

    async def find(self, refresh_token: str) -> RefreshToken | None:
        """What stands behind a refresh token, spent or not; None if it is unknown, expired or revoked."""
        query = (
            select(
                authorizations,
                refresh_tokens.c.token_hash,
                refresh_tokens.c.issued_at,
                refresh_tokens.c.spent_at,
                refresh_tokens.c.expires_at.label("token_expires_at"),
                refresh_tokens.c.dpop_jkt.label("token_dpop_jkt"),
            )
            .join_from(refresh_tokens, authorizations)
            .where(
                refresh_tokens.c.token_hash == fingerprint(refresh_token),
                authorizations.c.revoked_at.is_(None),
            )
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        expires_at = min(row.token_expires_at, row.expires_at)
        if expires_at <= self._clock.now():
            return None
        return RefreshToken(
            row.token_hash,
            _authorization(row),
            row.issued_at,
            expires_at,
            row.spent_at is not None,
            row.token_dpop_jkt,
        )

    async def rotate(self, token: RefreshToken, dpop_jkt: str | None = None) -> str | None:
        """Spend a refresh token for a new one; None if it was spent before, which revokes the authorization.

        RFC 9700 section 4.14.2: of two who hold the same token one is a thief, and nobody can tell which.
        """
        this = refresh_tokens.c.token_hash == token.token_hash
        live = (
            select(authorizations.c.id)
            .where(authorizations.c.id == token.authorization.id, authorizations.c.revoked_at.is_(None))
            .exists()
        )
        async with self._database.write() as connection:
            spent = await connection.execute(
                update(refresh_tokens)
                .where(this, refresh_tokens.c.spent_at.is_(None), live)
                .values(spent_at=self._clock.now())
            )
            if spent.rowcount == 1:
                return await self._insert(connection, token.authorization.id, token.dpop_jkt or dpop_jkt)
            committed = await self._revoke(connection, authorizations.c.id == token.authorization.id)
        committed()
        return None

    async def revoke(self, authorization_id: str) -> None:
        """End one authorization and every token that came of it."""
        await self._end(authorizations.c.id == authorization_id)

    async def end_session(self, session_id: str) -> None:
        """End what was allowed while signed in there, save where the user allowed access while away."""
        lasting = (literal(" ") + authorizations.c.scope + " ").contains(" offline_access ")
        await self._end((authorizations.c.session_id == session_id) & ~lasting)

    async def end_user(self, user_id: str) -> None:
        """End everything that this user has allowed."""
        await self._end(authorizations.c.user_id == user_id)

    async def end(self, user_id: str, client_id: str) -> None:
        """End what this user has allowed this client."""
        await self._end((authorizations.c.user_id == user_id) & (authorizations.c.client_id == client_id))

    async def end_client(self, client_id: str) -> None:
        """End everything that this client was allowed, and the tokens that it got for itself."""
        await self._end(authorizations.c.client_id == client_id)
        await self._revocations.revoke("client", client_id)

    async def sweep(self) -> None:
        """Delete what can serve nobody any more, thieves included."""
        now = self._clock.now()
        dead = select(authorizations.c.id).where(authorizations.c.expires_at < now)
        async with self._database.write() as connection:
            await connection.execute(
                delete(refresh_tokens).where(
                    (refresh_tokens.c.expires_at < now) | refresh_tokens.c.authorization_id.in_(dead)
                )
            )
            await connection.execute(delete(authorizations).where(authorizations.c.expires_at < now))

    async def _end(self, which: ColumnElement[bool]) -> None:
        async def end() -> Callable[[], None]:
            async with self._database.write() as connection:
                return await self._revoke(connection, which)

        committed = await self._database.run(end)
        committed()

    async def _revoke(self, connection: AsyncConnection, which: ColumnElement[bool]) -> Callable[[], None]:
        """Mark them in this transaction; call what is returned once it has been committed."""
        ended = await connection.execute(
            update(authorizations)
            .where(which, authorizations.c.revoked_at.is_(None))
            .values(revoked_at=self._clock.now())
            .returning(authorizations.c.id, authorizations.c.user_id)
        )
        by_user: dict[str, list[str]] = {}
        for row in ended:
            by_user.setdefault(row.user_id, []).append(row.id)
        noted = [
            await self._revocations.add(connection, "authorization", ids, subject=user)
            for user, ids in by_user.items()
        ]

        def committed() -> None:
            for note in noted:
                note()

        return committed

    async def _insert(self, connection: AsyncConnection, authorization_id: str, dpop_jkt: str | None) -> str:
        now, token = self._clock.now(), new_secret("refresh")
        await connection.execute(
            insert(refresh_tokens).values(
                token_hash=fingerprint(token),
                authorization_id=authorization_id,
                issued_at=now,
                expires_at=now + self._lifetimes.refresh_token,
                dpop_jkt=dpop_jkt,
            )
        )
        return token


def _authorization(row: Row[Any]) -> Authorization:
    return Authorization(
        id=row.id,
        client_id=row.client_id,
        user_id=row.user_id,
        session_id=row.session_id,
        redirect_uri=row.redirect_uri,
        scope=row.scope,
        audience=tuple(row.audience.split()),
        nonce=row.nonce,
        code_challenge=row.code_challenge,
        signed_in_at=row.signed_in_at,
        dpop_jkt=row.dpop_jkt,
        methods=row.amr or PASSWORD,
    )
