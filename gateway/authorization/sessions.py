"""Who is signed in, in which browser. The browser holds a random secret, the database its fingerprint."""

from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select

from gateway.authorization.lifetimes import Clock, Lifetimes
from gateway.authorization.opaque import fingerprint, new_secret
from gateway.authorization.tables import sessions
from gateway.authorization.users import User
from triptych.ids import new_id
from triptych.storage import Database

PASSWORD = "pwd"  # noqa: S105 - the name of a method
TWO_FACTORS = "pwd otp mfa"
PASSWORD_ACR, TWO_FACTORS_ACR = "1", "2"
"""What the claim `acr` says of each (OpenID Connect Core section 2)."""


@dataclass(frozen=True, slots=True)
class Session:
    """A user signed in somewhere."""

    id: str
    user_id: str
    signed_in_at: int
    methods: str = PASSWORD
    """How they proved who they are (RFC 8176), as in the claim `amr`."""

    @property
    def acr(self) -> str:
        """How well that was."""
        return acr_of(self.methods)


def acr_of(methods: str) -> str:
    """How well somebody has proved who they are."""
    return TWO_FACTORS_ACR if methods == TWO_FACTORS else PASSWORD_ACR


class Sessions:
    """All sessions that have not ended."""

    def __init__(self, database: Database, lifetimes: Lifetimes, clock: Clock) -> None:
        self._database = database
        self._lifetime = lifetimes.session
        self._clock = clock

    async def start(self, user: User, methods: str = PASSWORD) -> str:
        """The secret of a new session; never one that the browser brought along (session fixation)."""
        secret, now = new_secret("session"), self._clock.now()
        values = {
            "id": new_id("ses"),
            "cookie_hash": fingerprint(secret),
            "user_id": user.id,
            "signed_in_at": now,
            "amr": methods,
            "expires_at": now + self._lifetime,
        }
        async with self._database.write() as connection:
            await connection.execute(insert(sessions).values(values))
        return secret

    async def find(self, secret: str) -> Session | None:
        """The session with this secret, unless it has ended."""
        query = select(sessions).where(
            sessions.c.cookie_hash == fingerprint(secret), sessions.c.expires_at > self._clock.now()
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        return Session(row.id, row.user_id, row.signed_in_at, row.amr or PASSWORD)

    async def count(self, user_id: str) -> int:
        """In how many browsers somebody is signed in."""
        query = select(func.count()).where(
            sessions.c.user_id == user_id, sessions.c.expires_at > self._clock.now()
        )
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one()

    async def end(self, session_id: str) -> None:
        """Sign out there."""
        async with self._database.write() as connection:
            await connection.execute(delete(sessions).where(sessions.c.id == session_id))

    async def end_user(self, user_id: str) -> None:
        """Sign out everywhere."""
        async with self._database.write() as connection:
            await connection.execute(delete(sessions).where(sessions.c.user_id == user_id))

    async def sweep(self) -> None:
        """Delete those that have ended."""
        async with self._database.write() as connection:
            await connection.execute(delete(sessions).where(sessions.c.expires_at < self._clock.now()))
