"""People who sign in: customers, partners' staff, our own."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, select, tuple_, update

from gateway.authorization.lifetimes import Clock
from gateway.authorization.passwords import MAX_LENGTH, Passwords
from gateway.authorization.scopes import OPENID_SCOPES, within
from gateway.authorization.tables import users
from gateway.authorization.upserting import upsert
from triptych.ids import new_id
from triptych.problems import FieldError, InvalidInput, NotFound
from triptych.storage import Database


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a password. `scopes` are what this person may do at most, through whichever client."""

    id: str
    email: str
    name: str
    scopes: tuple[str, ...]
    """Scopes, or patterns like `storefront:*`; `*` is everything."""
    customer_id: str | None = None
    """Canonical id of the customer that this person is, if one."""

    def may(self, scope: str) -> list[str]:
        """Those of the scopes asked for that this person may give to a client."""
        return within(scope.split(), [*OPENID_SCOPES, *self.scopes])


@dataclass(frozen=True, slots=True)
class KnownUser:
    """Somebody as the registry has them, let in or not."""

    user: User
    disabled: bool
    created_at: int


class Users:
    """Everybody who can sign in."""

    def __init__(self, database: Database, passwords: Passwords, clock: Clock) -> None:
        self._database = database
        self._passwords = passwords
        self._clock = clock

    async def add(
        self,
        email: str,
        name: str,
        password: str,
        *,
        scopes: Iterable[str],
        customer_id: str | None = None,
        user_id: str | None = None,
    ) -> User:
        """Add a person, or change the one with this e-mail address, who keeps the id.

        `scopes` are what the person may do at most: `("storefront:*",)`, `("*",)`. Raises `InvalidInput`.
        """
        email = _checked(email, password)
        allowed = tuple(scopes)
        values = {
            "name": name,
            "password_hash": await self._passwords.hash(password),
            "customer_id": customer_id,
            "scopes": " ".join(allowed),
            "disabled_at": None,
        }
        fresh = {"id": user_id or new_id("usr"), "created_at": self._clock.now()}
        async with self._database.write() as connection:
            await upsert(connection, users, {"email": email}, values, fresh)
            row = await connection.execute(select(users.c.id).where(users.c.email == email))
            return User(row.scalar_one(), email, name, allowed, customer_id)

    async def disable(self, user_id: str) -> None:
        """Let this person in no more; raises `NotFound`. Sessions and tokens end through `Authorizations`."""
        async with self._database.write() as connection:
            done = await connection.execute(
                update(users).where(users.c.id == user_id).values(disabled_at=self._clock.now())
            )
            if done.rowcount == 0:
                raise NotFound(f"There is no user {user_id!r}")

    async def set_password(self, user_id: str, password: str) -> None:
        """Let this person sign in with another password; raises `InvalidInput`, `NotFound`."""
        if fault := _password_fault(password):
            raise InvalidInput("The password cannot be taken", errors=[fault])
        hashed = await self._passwords.hash(password)
        async with self._database.write() as connection:
            done = await connection.execute(
                update(users).where(users.c.id == user_id).values(password_hash=hashed)
            )
            if done.rowcount == 0:
                raise NotFound(f"There is no user {user_id!r}")

    async def known(self, id_or_email: str) -> KnownUser:
        """Who has this id or e-mail address, disabled or not; raises `NotFound`."""
        email = id_or_email.strip().casefold()
        query = select(users).where((users.c.id == id_or_email) | (users.c.email == email))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            raise NotFound(f"There is no user {id_or_email!r}")
        return _known(row)

    async def page(
        self, limit: int, after: tuple[int, str] | None = None, email: str | None = None
    ) -> list[KnownUser]:
        """Everybody, oldest first, from after the moment and id of the last one of the page before."""
        query = select(users).order_by(users.c.created_at, users.c.id).limit(limit)
        if after is not None:
            query = query.where(tuple_(users.c.created_at, users.c.id) > after)
        if email is not None:
            query = query.where(users.c.email == email.strip().casefold())
        async with self._database.read() as connection:
            return [_known(row) for row in await connection.execute(query)]

    async def find(self, user_id: str) -> User | None:
        """The person with this id, unless disabled."""
        row = await self._row(select(users).where(users.c.id == user_id))
        return None if row is None else _user(row)

    async def authenticate(self, email: str, password: str) -> User | None:
        """The person whose e-mail address and password these are.

        None for a wrong password and for an unknown address alike, after the same work.
        """
        row = await self._row(select(users).where(users.c.email == email.strip().casefold()))
        fits = await self._passwords.fits(password, None if row is None else row.password_hash)
        return _user(row) if fits and row is not None else None

    async def _row(self, query: Select[Any]) -> Row[Any] | None:
        async with self._database.read() as connection:
            return (await connection.execute(query.where(users.c.disabled_at.is_(None)))).first()


def _checked(email: str, password: str) -> str:
    errors: list[FieldError] = []
    address = email.strip().casefold()
    name, at, domain = address.rpartition("@")
    if not (name and at and domain) or len(address) > 254 or any(sign.isspace() for sign in address):
        errors.append({"pointer": "/email", "detail": f"{email!r} is not an e-mail address"})
    if fault := _password_fault(password):
        errors.append(fault)
    if errors:
        raise InvalidInput("The user cannot be added like this", errors=errors)
    return address


def _password_fault(password: str) -> FieldError | None:
    if 8 <= len(password) <= MAX_LENGTH:
        return None
    return {"pointer": "/password", "detail": f"A password has 8 to {MAX_LENGTH} characters"}


def _known(row: Row[Any]) -> KnownUser:
    return KnownUser(_user(row), row.disabled_at is not None, row.created_at)


def _user(row: Row[Any]) -> User:
    return User(row.id, row.email, row.name, tuple(row.scopes.split()), row.customer_id)
