"""Quotas over several processes, and a Redis that is paused and killed under them."""

import asyncio
import shutil
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from bench.gateway.spender import QUOTA, spend
from gateway.limits import Verdict
from gateway.limits.counters import Counters
from gateway.limits.leased import LeasedAccounts
from tests.conftest import PROJECT, absent
from tests.landscape import free_ports

ALONE = QUOTA.quotas[0].units // 4
"""What one of four gateways admits by itself."""


async def spender(url: str, prefix: str, number: int, requests: int) -> int:
    """What a process of its own is admitted."""
    command = ("-m", "bench.gateway.spender", url, f"gateway-{number}", prefix, str(requests))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=PROJECT, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return int(output)


async def test_four_processes_together_admit_the_quota_and_not_one_more(
    redis_url: str, redis_prefix: str
) -> None:
    admitted = await asyncio.gather(*(spender(redis_url, redis_prefix, one, 600) for one in range(4)))
    rest = await spend(redis_url, "gateway-4", redis_prefix, 600)

    assert sum(admitted) + rest == 1_000
    assert sum(admitted) > 900, "little lies idle in leases while they run"


@asynccontextmanager
async def redis_of_our_own(folder: Path) -> AsyncGenerator[tuple[str, asyncio.subprocess.Process]]:
    """A Redis server that nobody else uses."""
    program = shutil.which("redis-server")
    if program is None:
        absent("redis-server is not installed")
    (port,) = free_ports(1)
    arguments = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder))
    process = await asyncio.create_subprocess_exec(program, *arguments, stdout=asyncio.subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}"
    try:
        async with Redis.from_url(url) as client:  # pyright: ignore[reportUnknownMemberType] - redis leaves keywords untyped
            for _ in range(200):
                try:
                    await client.execute_command("PING")  # pyright: ignore[reportUnknownMemberType] - redis leaves answers untyped
                    break
                except (RedisConnectionError, OSError):
                    await asyncio.sleep(0.05)
        yield url, process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            await process.wait()


class Gateway:
    """One of four gateways, whose clock the test moves."""

    def __init__(self, url: str) -> None:
        self.now = 1_000.0
        self.counters = Counters(url, "gateway-0", "test:", now=lambda: self.now)
        self.counters.gateways = 4
        self.account = LeasedAccounts(self.counters).of_client("acme", QUOTA)
        self.waited = 0

    async def admits(self, requests: int) -> int:
        """How many of so many requests pass."""
        admitted = 0
        for _ in range(requests):
            found = self.account.take(1, self.now)
            if not isinstance(found, Verdict):
                self.waited += 1
                found = await found
            admitted += not found.violated
        return admitted


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL], ids=["paused", "killed"])
async def test_a_gateway_goes_on_with_its_share_while_redis_is_gone(
    tmp_path: Path, how: signal.Signals
) -> None:
    async with redis_of_our_own(tmp_path) as (url, process):
        gateway = Gateway(url)
        gateway.counters.patience = 10
        before = await gateway.admits(100)
        gateway.counters.patience = 0.05
        process.send_signal(how)
        gateway.now += 2  # the lease has ended
        gateway.waited = 0
        alone = await gateway.admits(400)
        waited = gateway.waited
        shared = 0
        if how is signal.SIGSTOP:
            process.send_signal(signal.SIGCONT)
            gateway.counters.patience = 10
            gateway.now += 2
            shared = await gateway.admits(1_000)
        await gateway.counters.aclose()

    assert (before, alone) == (100, ALONE - 100)
    assert waited == 1, "the others do not wait for a Redis that is known to be gone"
    if how is signal.SIGSTOP:
        left = 1_000 - ALONE
        assert left - 2 * 64 <= shared <= left, "what was admitted alone counts; two leases may be lost"
