"""The counters that several gateways share in Redis, and whether they can be reached."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic, time
from typing import Any, Protocol, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

PATIENCE = 0.05
"""Seconds that a request waits for Redis at most."""
RECOVERY = 1.0
"""Seconds between two attempts to reach a Redis that did not answer; only one request makes each."""
PRESENCE = 10
"""Seconds without a sign after which a gateway does not count any more."""

_SCRIPT = Path(__file__).with_name("lease.lua").read_text(encoding="utf-8")
_log = logging.getLogger(__name__)

Charge = tuple[str, int, int]
"""Key of a quota, grain, and the units that were charged to it."""


class Leasing(Protocol):
    """Whoever may have leased units to give back."""

    def returned(self, now: float) -> list[Charge]:
        """What is left of leases that have ended by then."""
        ...


class Counters:
    """The shared counters, and whether they can be reached."""

    def __init__(
        self,
        url: str,
        replica: str,
        prefix: str = "triptych:limits:",
        patience: float = PATIENCE,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self.now = now
        self.patience = patience
        self.gateways = 1
        """How many gateways share, as far as is known."""
        self.prefix = prefix
        self._replica = replica
        self._down_until = 0.0
        self.leasing: set[Leasing] = set()
        """Accounts with something to give back."""
        self._redis = Redis.from_url(  # pyright: ignore[reportUnknownMemberType] - redis leaves keywords untyped
            url,
            socket_timeout=patience,
            socket_connect_timeout=patience,
            retry=Retry(NoBackoff(), 0),
            driver_info=None,  # else each connection first looks for redis's version on disk, and tells it
        )
        self._lease = self._redis.register_script(_SCRIPT)

    @property
    def away(self) -> bool:
        """Whether Redis did not answer within the last second."""
        return self._down_until > self.now()

    @property
    def down(self) -> bool:
        """Whether to do without; answers False to one caller a second, who tries again."""
        if self._down_until == 0.0:
            return False
        if self.away:
            return True
        self._down_until = self.now() + RECOVERY
        return False

    async def lease(self, keys: Sequence[str], arguments: Sequence[float]) -> list[int] | None:
        """What `lease.lua` answers; None when Redis does not answer in time."""
        try:
            async with asyncio.timeout(self.patience):
                answer = cast(list[int], await self._lease(keys=list(keys), args=list(arguments)))
        except (RedisError, OSError, TimeoutError) as error:
            if self._down_until == 0.0:
                _log.warning("Redis does not answer (%s): limits are counted alone", type(error).__name__)
            self._down_until = self.now() + RECOVERY
            return None
        if self._down_until:
            _log.warning("Redis answers again: limits are shared")
            self._down_until = 0.0
        return answer

    async def give_back(self, charges: Sequence[Charge]) -> None:
        """Give back units to quotas."""
        async with asyncio.timeout(1), self._redis.pipeline(transaction=False) as pipe:
            for key, grain, units in charges:
                pipe.hincrby(key, str(grain), -units)
            await cast(Any, pipe.execute())

    async def show_presence(self) -> None:
        """Say that this gateway is there, and learn how many are."""
        key, now = f"{self.prefix}gateways", time()
        async with asyncio.timeout(1), self._redis.pipeline(transaction=False) as pipe:
            pipe.zadd(key, {self._replica: now})
            pipe.zremrangebyscore(key, 0, now - PRESENCE)
            pipe.zcard(key)
            pipe.expire(key, 60)
            self.gateways = max(1, int((await cast(Any, pipe.execute()))[2]))

    async def aclose(self) -> None:
        """Leave, and close the connections."""
        try:
            async with asyncio.timeout(1):
                await self._redis.zrem(f"{self.prefix}gateways", self._replica)
        except (RedisError, OSError, TimeoutError):
            _log.info("Redis was not there to say goodbye to")
        await self._redis.aclose()
