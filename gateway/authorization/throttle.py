"""Slows down whoever guesses passwords: each failure doubles the wait for the next attempt."""

from dataclasses import dataclass

from sqlalchemy import delete, select, update

from gateway.authorization.lifetimes import HOUR, MINUTE, Clock
from gateway.authorization.opaque import fingerprint
from gateway.authorization.tables import login_attempts
from gateway.authorization.upserting import upsert
from triptych.storage import Database


@dataclass(frozen=True, slots=True)
class Rule:
    """So many attempts are free; then the wait doubles from one second up to a longest."""

    free: int
    longest: int
    """Seconds."""

    def wait(self, failures: int) -> int:
        """Seconds until the next attempt after so many failures."""
        beyond = failures - self.free
        return 0 if beyond <= 0 else min(2 ** min(beyond - 1, 30), self.longest)


PAIR = Rule(free=4, longest=15 * MINUTE)
"""One account from one address."""
ADDRESS = Rule(free=50, longest=5 * MINUTE)
"""One address, whichever the account: many people may sit behind it."""
ACCOUNT = Rule(free=100, longest=MINUTE)
"""One account, from anywhere: strangers must not be able to lock its owner out for long."""


SECOND = Rule(free=5, longest=60 * MINUTE)
"""Codes of one account's second factor, from anywhere: whoever guesses them knows the password already."""


class LoginThrottle:
    """Counts attempts before the password is looked at, so that many at once gain nothing."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def attempt(self, account: str, address: str) -> int:
        """Seconds to wait before an attempt is let through; 0 lets this one through, and counts it."""
        return await self._database.run(lambda: self._attempt(_rules(account, address)))

    async def succeeded(self, account: str, address: str) -> None:
        """The attempt was no failure after all."""
        await self._database.run(lambda: self._succeeded(list(_rules(account, address))))

    async def second_attempt(self, user_id: str) -> int:
        """As `attempt`, for the second factor of somebody whose password was right."""
        return await self._database.run(lambda: self._attempt({_second(user_id): SECOND}))

    async def second_succeeded(self, user_id: str) -> None:
        """The code was right after all."""
        await self._database.run(lambda: self._succeeded([_second(user_id)]))

    async def _attempt(self, rules: dict[str, Rule]) -> int:
        now = self._clock.now()
        async with self._database.write() as connection:
            for who in sorted(rules):
                # It sets nothing, and so locks the row, or makes it anew where a success is just deleting it.
                fresh = {"failures": 0, "blocked_until": 0, "expires_at": now + HOUR}
                await upsert(connection, login_attempts, {"who": who}, {"who": who}, fresh)
            query = select(login_attempts).where(login_attempts.c.who.in_(rules))
            rows = (await connection.execute(query)).all()
            wait = max(row.blocked_until - now for row in rows)
            if wait > 0:
                return wait
            for row in rows:
                failures = row.failures + 1 if row.expires_at > now else 1
                blocked_until = now + rules[row.who].wait(failures)
                await connection.execute(
                    update(login_attempts)
                    .where(login_attempts.c.who == row.who)
                    .values(failures=failures, blocked_until=blocked_until, expires_at=blocked_until + HOUR)
                )
        return 0

    async def _succeeded(self, who: list[str]) -> None:
        pair, *others = who
        async with self._database.write() as connection:
            await connection.execute(delete(login_attempts).where(login_attempts.c.who == pair))
            await connection.execute(
                update(login_attempts)
                .where(login_attempts.c.who.in_(others), login_attempts.c.failures > 0)
                .values(failures=login_attempts.c.failures - 1, blocked_until=0)
            )

    async def sweep(self) -> None:
        """Forget attempts of long ago."""
        async with self._database.write() as connection:
            await connection.execute(
                delete(login_attempts).where(login_attempts.c.expires_at < self._clock.now())
            )


def _second(user_id: str) -> str:
    return fingerprint(f"second\n{user_id}")


def _rules(account: str, address: str) -> dict[str, Rule]:
    """The rules that an attempt falls under, by the fingerprint of whom they count: the pair first."""
    account = account.strip().casefold()
    return {
        fingerprint(f"pair\n{account}\n{address}"): PAIR,
        fingerprint(f"account\n{account}"): ACCOUNT,
        fingerprint(f"address\n{address}"): ADDRESS,
    }
