"""Accounts that several gateways share: each leases units from Redis in batches, and spends them alone.

No request waits for Redis longer than the counters' patience. While Redis cannot be asked, each gateway
goes on with its share of every plan, counting what it admitted itself before; plans that are `closed`
refuse instead.
"""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager

from redis.exceptions import RedisError

from gateway.beside import beside
from gateway.limits.accounts import ADMITTED, Account, Accounts, LocalAccount, Verdict
from gateway.limits.counters import RECOVERY, Charge, Counters
from gateway.limits.window import GRAINS
from gateway.plans import Plan

LEASE = 1.0
"""Seconds that leased units may be spent; what is left is given back."""
LARGEST = 2_000
"""Units of the largest batch."""

_log = logging.getLogger(__name__)


class LeasedAccount(Account):
    """An account whose units come from Redis in batches, as large as the client's use of the last second."""

    __slots__ = (
        "_charged",
        "_counters",
        "_debt",
        "_ends",
        "_keys",
        "_known",
        "_left",
        "_owed",
        "_own",
        "_refilling",
        "_refused",
        "_refused_cost",
        "_refused_until",
        "_size",
        "_waiting",
    )

    def __init__(self, key: str, plan: Plan, counters: Counters) -> None:
        super().__init__(plan)
        self._counters = counters
        self._own = LocalAccount(plan)
        """What this gateway admitted itself."""
        self._keys = [f"{counters.prefix}{{{key}}}:{found.name}" for found in (plan.burst, *plan.quotas)]
        self._left = 0
        self._ends = 0.0
        self._size = 1
        self._waiting = 0
        """Units that requests wait for."""
        self._charged: list[int] = []
        """The grain of each quota that the lease came from."""
        self._debt = 0
        """Units that were admitted alone, and that Redis does not know of yet."""
        self._owed: list[Charge] = []
        """What is left of earlier leases."""
        self._known: list[tuple[int, int]] = []
        """Units left and seconds until more come back, for each policy, when Redis was last asked."""
        self._refused = ADMITTED
        self._refused_cost = 0
        self._refused_until = 0.0
        self._refilling: asyncio.Task[None] | None = None

    def take(self, cost: int, now: float) -> Verdict | asyncio.Future[Verdict]:
        """From the lease; from Redis when that is spent; alone when Redis is not there."""
        verdict = self._take(cost, now)
        if verdict is not None:
            return verdict
        if self._counters.away or (self._refilling is None and self._counters.down):
            return self._alone(cost, now)
        return asyncio.ensure_future(self._wait(cost))

    def header(self, now: float) -> bytes:
        """The value of `RateLimit`."""
        if not self._known:
            return self._own.header(now)
        quotas = (self.plan.burst, *self.plan.quotas)
        items = [
            f'"{quota.name}";r={min(quota.units, left + self._left)};t={min(quota.window, back)}'
            for quota, (left, back) in zip(quotas, self._known, strict=True)
        ]
        return ", ".join(items).encode()

    def returned(self, now: float) -> list[Charge]:
        """What is left of leases that have ended, to be given back."""
        if now >= self._ends:
            self._end_lease()
            self._counters.leasing.discard(self)
        owed, self._owed = self._owed, []
        return owed

    def _take(self, cost: int, now: float) -> Verdict | None:
        if cost <= self._left and now < self._ends:
            self._left -= cost
            self._own.count(cost, now)
            return ADMITTED
        if now < self._refused_until and cost >= self._refused_cost:
            return self._refused
        return None

    def _end_lease(self) -> None:
        if self._left > 0:
            grains = zip(self._keys[1:], self._charged, strict=True)
            self._owed += [(key, grain, self._left) for key, grain in grains]
        self._left = 0

    async def _wait(self, cost: int) -> Verdict:
        """Ask Redis, together with whoever else waits, and take from what it grants."""
        self._waiting += cost
        try:
            async with asyncio.timeout(self._counters.patience * 1.1):  # Redis itself is given up first
                while True:
                    if self._refilling is None:
                        self._refilling = asyncio.create_task(self._refill(cost))
                    await asyncio.shield(self._refilling)
                    verdict = self._take(cost, self._counters.now())
                    if verdict is not None:
                        return verdict
                    if self._counters.down:
                        break
        except TimeoutError:
            pass  # others took what was granted, or the answer is late
        finally:
            self._waiting -= cost
        return self._alone(cost, self._counters.now())

    async def _refill(self, cost: int) -> None:
        try:
            await self._lease(cost)
        finally:
            self._refilling = None  # at once: to whom waits for what is done already, nothing else happens

    async def _lease(self, cost: int) -> None:
        debt = self._debt
        answer = await self._counters.lease(self._keys, self._arguments(cost, debt))
        if answer is None:
            return
        self._debt -= debt
        now = self._counters.now()
        policies = [tuple(answer[at : at + 3]) for at in range(1, 1 + 3 * len(self._keys), 3)]
        self._known = [(max(0, left), back) for left, back, _ in policies]
        if answer[0] == 0:
            names = (self.plan.burst.name, *(quota.name for quota in self.plan.quotas))
            waits = [
                (name, wait / 1e6) for name, (_, _, wait) in zip(names, policies, strict=True) if wait > 0
            ]
            longest = max((wait for _, wait in waits), default=LEASE)
            self._refused = Verdict(tuple(name for name, _ in waits) or (names[0],), longest)
            self._refused_until, self._refused_cost = now + min(longest, LEASE), cost
            return
        self._end_lease()
        self._left, self._ends = answer[0], now + LEASE
        self._charged = answer[1 + 3 * len(self._keys) :]
        self._counters.leasing.add(self)

    def _arguments(self, cost: int, debt: int) -> list[float]:
        now = self._counters.now()
        spent_early = self._left <= 0 and now < self._ends
        self._size = min(LARGEST, self._size * 2) if spent_early else max(cost, self._size // 2)
        burst = self.plan.burst
        arguments: list[float] = [cost, max(self._size, self._waiting), self._counters.gateways]
        arguments += (burst.window * 1e6 / burst.units, burst.units, debt)
        for quota in self.plan.quotas:
            arguments += (quota.units, quota.window * 1e6, quota.window * 1e6 / GRAINS)
        return arguments

    def _alone(self, cost: int, now: float) -> Verdict:
        if self.plan.closed:
            return Verdict((self.plan.burst.name,), RECOVERY, closed=True)
        self._known = []
        self._own.share(1 / self._counters.gateways)
        verdict = self._own.take(cost, now)
        if not verdict.violated:
            self._debt += cost
        return verdict


class LeasedAccounts(Accounts):
    """Accounts over shared counters."""

    def __init__(self, counters: Counters, capacity: int = 100_000) -> None:
        super().__init__(capacity)
        self._counters = counters

    def open(self, key: str, plan: Plan) -> Account:
        """A new leased account."""
        return LeasedAccount(key, plan, self._counters)

    def running(self) -> AbstractAsyncContextManager[None]:
        """Say every second that this gateway is there, and give back what is left of leases."""
        return beside(self._beat, "leases", self._leave)

    async def _leave(self) -> None:
        await self._settle(float("inf"))
        await self._counters.aclose()

    async def _beat(self) -> None:
        while True:
            try:
                await self._counters.show_presence()
            except (RedisError, OSError, TimeoutError):
                _log.info("Redis does not know that this gateway is there")
            await self._settle(self._counters.now())
            await asyncio.sleep(1)

    async def _settle(self, now: float) -> None:
        leasing = list(self._counters.leasing)
        charges = [charge for account in leasing for charge in account.returned(now)]
        try:
            for at in range(0, len(charges), 500):
                await self._counters.give_back(charges[at : at + 500])
        except (RedisError, OSError, TimeoutError):
            _log.info("units of %d leases are lost", len(charges))
