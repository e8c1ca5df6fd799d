"""What users have agreed to before, so that they are not asked twice."""

from dataclasses import dataclass

from sqlalchemy import delete, select

from gateway.authorization.lifetimes import Clock
from gateway.authorization.tables import consents
from gateway.authorization.upserting import upsert
from triptych.storage import Database


@dataclass(frozen=True, slots=True)
class Consent:
    """What a user has allowed a client, and when; in Unix seconds."""

    client_id: str
    scopes: tuple[str, ...]
    given_at: int


class Consents:
    """The scopes that each user has allowed each client."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def covers(self, user_id: str, client_id: str, scope: str) -> bool:
        """Whether the user has allowed the client all of this before."""
        return set(scope.split()) <= await self._given(user_id, client_id)

    async def give(self, user_id: str, client_id: str, scope: str) -> None:
        """Remember it, besides what was allowed before."""
        everything = " ".join(sorted(await self._given(user_id, client_id) | set(scope.split())))
        async with self._database.write() as connection:
            await upsert(
                connection,
                consents,
                {"user_id": user_id, "client_id": client_id},
                {"scope": everything, "given_at": self._clock.now()},
            )

    async def of(self, user_id: str) -> list[Consent]:
        """Everything that the user has allowed, newest first."""
        query = select(consents).where(consents.c.user_id == user_id).order_by(consents.c.given_at.desc())
        async with self._database.read() as connection:
            rows = await connection.execute(query)
            return [Consent(row.client_id, tuple(row.scope.split()), row.given_at) for row in rows]

    async def withdraw(self, user_id: str, client_id: str) -> None:
        """Ask again next time."""
        async with self._database.write() as connection:
            await connection.execute(
                delete(consents).where(consents.c.user_id == user_id, consents.c.client_id == client_id)
            )

    async def _given(self, user_id: str, client_id: str) -> set[str]:
        query = select(consents.c.scope).where(
            consents.c.user_id == user_id, consents.c.client_id == client_id
        )
        async with self._database.read() as connection:
            return set(((await connection.execute(query)).scalar() or "").split())
