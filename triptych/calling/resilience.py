"""What a caller remembers of each target: whether it answers, how busy it is, how much was repeated."""

import asyncio
import random
import time
from collections import deque
from dataclasses import dataclass

from triptych.problems import Overloaded, Unavailable


@dataclass(frozen=True, slots=True)
class Resilience:
    """How calls to one target are protected."""

    attempts: int = 3
    """Tries of one call at most, the first included."""
    backoff: float = 0.05
    """Seconds before the first repeat; doubled each time, with full jitter."""
    budget: float = 0.1
    """Repeats allowed as a share of calls, so that repeats never make an outage worse."""
    trip_after: int = 5
    """Failures in a row after which the circuit opens."""
    open_for: float = 1.0
    """Seconds until an open circuit lets one call try again."""
    concurrency: int = 256
    """Calls under way at once."""
    queue: int = 512
    """Calls that wait for their turn; further ones are turned away."""


class Target:
    """One callee as its callers see it: circuit breaker, concurrency limit and retry budget."""

    def __init__(self, name: str, resilience: Resilience) -> None:
        self.name = name
        self.resilience = resilience
        self._failures = 0
        self._open_until = 0.0
        self._probing = False
        self._under_way = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._repeats = 10.0

    @property
    def state(self) -> str:
        """`closed`, `open` or `half-open`, as circuit breakers are called."""
        if self._failures < self.resilience.trip_after:
            return "closed"
        return "open" if time.monotonic() < self._open_until else "half-open"

    @property
    def under_way(self) -> int:
        """How many calls it is serving for us."""
        return self._under_way

    @property
    def waiting(self) -> int:
        """How many calls wait for their turn."""
        return len(self._waiting)

    async def admit(self) -> None:
        """Take a place, or raise Unavailable (open circuit) or Overloaded (too many wait)."""
        if self._failures >= self.resilience.trip_after:
            self._probe()
        if self._under_way < self.resilience.concurrency:
            self._under_way += 1
            return
        if len(self._waiting) >= self.resilience.queue:
            raise Overloaded(f"{self.name} has {self._under_way} calls under way.", retry_after=1)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._hand_on()
            else:
                self._waiting.remove(turn)
            raise

    def _probe(self) -> None:
        now = time.monotonic()
        if now < self._open_until or self._probing:
            wait = max(0.1, round(self._open_until - now, 1))
            raise Unavailable(
                f"{self.name} is not answering; it is tried again in {wait} s.", retry_after=wait
            )
        self._probing = True

    def release(self, *, failed: bool | None) -> None:
        """Give the place back, and remember how it went; None when the caller gave up before it showed."""
        self._probing = False
        if failed:
            self._failures += 1
            if self._failures >= self.resilience.trip_after:
                self._open_until = time.monotonic() + self.resilience.open_for
        elif failed is False:
            self._failures = 0
            self._repeats = min(10.0, self._repeats + self.resilience.budget)
        self._hand_on()

    def _hand_on(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._under_way -= 1

    def may_repeat(self) -> bool:
        """Spend one repeat from the budget, if there is one."""
        if self._repeats < 1:
            return False
        self._repeats -= 1
        return True

    def pause(self, attempt: int) -> float:
        """Seconds to wait before attempt number `attempt` (2, 3, …): exponential, full jitter."""
        return random.uniform(0, self.resilience.backoff * 2 ** (attempt - 2))  # noqa: S311 - not a secret
