"""What counting a request costs: in memory, leased from Redis, and how far four processes miss a quota.

The baselines are `limits`, on which slowapi stands: its moving window in memory, and in Redis, which is asked
for each request. What was admitted is compared with the quota while four processes spend it together.
"""

import asyncio
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import monotonic

import redis
from limits import RateLimitItemPerDay
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter

from bench.gateway.spender import QUOTA, spend
from bench.report import Row, publish
from bench.timing import Work, cpu_each
from gateway.limits import Accounts, Verdict
from gateway.limits.counters import Counters
from gateway.limits.leased import LeasedAccounts
from gateway.plans import plan

REDIS = os.environ.get("TRIPTYCH_TEST_REDIS", "redis://127.0.0.1:6379")
PLENTY = {"burst": 10_000_000, "day": 100_000_000, "month": 1_000_000_000}
"""As many policies as a partner's plan has."""
GATEWAYS, REQUESTS = 4, 600


def taking(accounts: Accounts) -> Work:
    """A request of a client that has plenty left."""
    account = accounts.of_client("acme", plan("bench", PLENTY))

    async def take() -> None:
        verdict = account.take(1, monotonic())
        if not isinstance(verdict, Verdict):
            verdict = await verdict
        if verdict.violated:
            raise RuntimeError(f"there was plenty, and yet {verdict}")

    return take


def hitting(storage: MemoryStorage | RedisStorage, key: str) -> Work:
    """The same with `limits`, for one quota."""
    window, day = MovingWindowRateLimiter(storage), RateLimitItemPerDay(PLENTY["day"])

    async def hit() -> None:
        if not await window.hit(day, key):
            raise RuntimeError("there was plenty")

    return hit


@asynccontextmanager
async def shared(prefix: str) -> AsyncGenerator[dict[str, tuple[Work, int]]]:
    """Ours and theirs with Redis; nothing where there is none."""
    if not _redis_answers():
        sys.stderr.write("limiter: without Redis, as none answers\n")
        yield {}
        return
    leased = LeasedAccounts(Counters(REDIS, "gateway-0", prefix, patience=10))
    asked = RedisStorage("async+" + REDIS, implementation="redispy", key_prefix=prefix)
    async with leased.running():
        yield {"leased": (taking(leased), 20_000), "asked": (hitting(asked, "acme"), 300)}


async def measure() -> list[Row]:
    """Microseconds of CPU of one request, and what four processes admit."""
    prefix = f"triptych-bench-{secrets.token_hex(6)}:"
    works = {"memory": (taking(Accounts()), 20_000), "limits": (hitting(MemoryStorage(), "acme"), 300)}
    try:
        async with shared(prefix) as more:
            cost = await cpu_each(works | more)
        error = await asyncio.to_thread(missed, prefix + "quota:") if more else None
    finally:
        await asyncio.to_thread(_forget, prefix)
    rows = [Row("in memory", cost["memory"], "µs CPU", cost["limits"], "limits, moving window in memory")]
    if error is not None:
        rows.append(Row("leased from Redis", cost["leased"], "µs CPU", cost["asked"], "limits, asking Redis"))
        rows.append(Row("4 processes, error of a quota of 1,000", error, "requests", aim="0"))
    return rows


def missed(prefix: str) -> int:
    """Requests by which four processes, and a late fifth one, miss a quota that they ask more than.

    The late one takes what the others had leased and gave back when they ended.
    """
    program = (sys.executable, "-m", "bench.gateway.spender", REDIS)
    running = [
        subprocess.Popen(  # noqa: S603 - our own words
            (*program, f"gateway-{number}", prefix, str(REQUESTS)), stdout=subprocess.PIPE, text=True
        )
        for number in range(GATEWAYS)
    ]
    admitted = [int(process.communicate(timeout=120)[0]) for process in running]
    admitted.append(asyncio.run(spend(REDIS, f"gateway-{GATEWAYS}", prefix, REQUESTS)))
    return sum(admitted) - QUOTA.quotas[0].units


def _redis_answers() -> bool:
    try:
        with redis.Redis.from_url(REDIS, socket_connect_timeout=3) as client:  # pyright: ignore[reportUnknownMemberType] - redis leaves keywords untyped
            return bool(client.ping())  # pyright: ignore[reportUnknownMemberType] - redis leaves answers untyped
    except redis.ConnectionError:
        return False


def _forget(prefix: str) -> None:
    if not _redis_answers():
        return
    with redis.Redis.from_url(REDIS) as client:  # pyright: ignore[reportUnknownMemberType] - redis leaves keywords untyped
        for key in client.scan_iter(f"{prefix}*"):  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - redis leaves keys untyped
            client.delete(key)  # pyright: ignore[reportUnknownArgumentType] - redis leaves keys untyped


def main() -> None:
    """Measure and publish."""
    publish("limiter", asyncio.run(measure()))
