"""One gateway of several, in a process of its own: spends what it can of one client's quota."""

import asyncio
import sys
from time import monotonic

from gateway.limits import Verdict
from gateway.limits.counters import Counters
from gateway.limits.leased import LeasedAccounts
from gateway.plans import plan

QUOTA = plan("test", {"burst": 1_000_000, "day": 1_000})


async def spend(url: str, name: str, prefix: str, requests: int) -> int:
    """How many requests are admitted, sixteen at a time."""
    counters = Counters(url, name, prefix, patience=10)  # exact, however slow this machine is
    counters.gateways = 4
    accounts = LeasedAccounts(counters)
    left = iter(range(requests))

    async def client() -> int:
        admitted = 0
        for _ in left:
            found = accounts.of_client("acme", QUOTA).take(1, monotonic())
            verdict = found if isinstance(found, Verdict) else await found
            admitted += not verdict.violated
        return admitted

    async with accounts.running():
        return sum(await asyncio.gather(*(client() for _ in range(16))))


if __name__ == "__main__":
    _, url, name, prefix, requests = sys.argv
    sys.stdout.write(f"{asyncio.run(spend(url, name, prefix, int(requests)))}\n")
