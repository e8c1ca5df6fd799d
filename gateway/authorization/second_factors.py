"""Second factors: an authenticator app for whoever wants one, and codes for when the phone is lost."""

import base64
import secrets

from sqlalchemy import delete, func, insert, select, update

from gateway.authorization import totp
from gateway.authorization.lifetimes import Clock
from gateway.authorization.opaque import fingerprint
from gateway.authorization.sealing import Seal
from gateway.authorization.tables import recovery_codes, second_factors
from gateway.authorization.upserting import upsert
from triptych.problems import InvalidState
from triptych.storage import Database

RECOVERY_CODES = 10
_RECOVERY_BYTES = 10
"""80 bits: enough for a code that is kept as a plain hash."""


class SecondFactors:
    """Who has one. A code counts once, and so does a recovery code, however many come with it at once."""

    def __init__(self, database: Database, sealing_key: bytes, clock: Clock) -> None:
        self._database = database
        self._seal = Seal(sealing_key)
        self._clock = clock

    async def has(self, user_id: str) -> bool:
        """Whether this person signs in with one."""
        return await self._secret(user_id, confirmed=True) is not None

    async def begin(self, user_id: str) -> bytes:
        """The secret that the person's app shall have, the same one until it is confirmed.

        Raises `InvalidState` for somebody who has a second factor already.
        """
        known = await self._secret(user_id, confirmed=False)
        if known is not None:
            return known
        secret = totp.new_secret()
        values = {"sealed": self._seal.sealed(secret, user_id), "confirmed_at": None, "last_step": 0}
        async with self._database.write() as connection:
            await upsert(connection, second_factors, {"user_id": user_id}, {}, values)
        begun = await self._secret(user_id, confirmed=False)
        if begun is None:
            raise InvalidState("There is a second factor already: it has to be removed first")
        return begun

    async def confirm(self, user_id: str, given: str) -> list[str] | None:
        """Take it into use, if the app has shown this code; the recovery codes, or None for a wrong code."""
        secret = await self._secret(user_id, confirmed=False)
        now = self._clock.now()
        step = totp.step_of(secret, _digits(given), now) if secret is not None else None
        if step is None:
            return None
        codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
        async with self._database.write() as connection:
            done = await connection.execute(
                update(second_factors)
                .where(second_factors.c.user_id == user_id, second_factors.c.confirmed_at.is_(None))
                .values(confirmed_at=now, last_step=step)
            )
            if done.rowcount != 1:
                return None
            await connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
            rows = [{"code_hash": _hash(user_id, code), "user_id": user_id} for code in codes]
            await connection.execute(insert(recovery_codes), rows)
        return codes

    async def accepts(self, user_id: str, given: str) -> bool:
        """Whether this is the app's code of now, or a recovery code; either is spent by it."""
        if len(_digits(given)) == totp.DIGITS:
            return await self._accepts_code(user_id, _digits(given))
        return await self._accepts_recovery(user_id, given)

    async def recovery_codes_left(self, user_id: str) -> int:
        """How many were not used yet."""
        query = select(func.count()).where(
            recovery_codes.c.user_id == user_id, recovery_codes.c.spent_at.is_(None)
        )
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one()

    async def remove(self, user_id: str) -> None:
        """Let this person sign in with a password alone again."""
        async with self._database.write() as connection:
            await connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
            await connection.execute(delete(second_factors).where(second_factors.c.user_id == user_id))

    async def _accepts_code(self, user_id: str, given: str) -> bool:
        secret = await self._secret(user_id, confirmed=True)
        step = totp.step_of(secret, given, self._clock.now()) if secret is not None else None
        if step is None:
            return False
        async with self._database.write() as connection:
            spent = await connection.execute(
                update(second_factors)
                .where(second_factors.c.user_id == user_id, second_factors.c.last_step < step)
                .values(last_step=step)
            )
            return spent.rowcount == 1

    async def _accepts_recovery(self, user_id: str, given: str) -> bool:
        async with self._database.write() as connection:
            spent = await connection.execute(
                update(recovery_codes)
                .where(
                    recovery_codes.c.code_hash == _hash(user_id, given), recovery_codes.c.spent_at.is_(None)
                )
                .values(spent_at=self._clock.now())
            )
            return spent.rowcount == 1

    async def _secret(self, user_id: str, *, confirmed: bool) -> bytes | None:
        kept = (
            second_factors.c.confirmed_at.is_not(None)
            if confirmed
            else second_factors.c.confirmed_at.is_(None)
        )
        query = select(second_factors.c.sealed).where(second_factors.c.user_id == user_id, kept)
        async with self._database.read() as connection:
            sealed = (await connection.execute(query)).scalar()
        return None if sealed is None else self._seal.opened(sealed, user_id)


def _digits(given: str) -> str:
    """What was typed without the blanks that apps show between digits."""
    return given.replace(" ", "") if given.isascii() and given.replace(" ", "").isdigit() else ""


def _recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _hash(user_id: str, code: str) -> str:
    """However it was typed: in capitals, with blanks for dashes, or with neither."""
    plain = "".join(sign for sign in code.lower() if sign.isalnum())
    return fingerprint(f"{user_id}\n{plain}")
