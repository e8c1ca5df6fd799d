"""Deadlines without a timer for each call: one wheel, turned while anybody waits.

After Varghese and Lauck, "Hashed and hierarchical timing wheels" (SOSP 1987): entering and leaving cost
one dictionary operation, and a call may end up to one tick late, never early.
"""

import asyncio
import time
from types import TracebackType

from triptych.context import NEVER
from triptych.problems import DeadlineExceeded

TICK = 0.02


class DeadlineWheel:
    """Cancels what runs past its deadline. One for each event loop."""

    def __init__(self) -> None:
        self._slots: dict[int, set[Guard]] = {}
        self._turning: asyncio.TimerHandle | None = None

    def guard(self, deadline: float, what: str) -> "Guard":
        """`with wheel.guard(deadline, "crm.customers.get"):` raises DeadlineExceeded when it is past.

        `deadline` is a moment on `time.monotonic`.
        """
        return Guard(self, deadline, what)

    def enter(self, guard: "Guard", slot: int) -> None:
        """Watch a guard until its slot comes up."""
        self._slots.setdefault(slot, set()).add(guard)
        if self._turning is None:
            self._schedule()

    def leave(self, guard: "Guard", slot: int) -> None:
        """Stop watching."""
        if (guards := self._slots.get(slot)) is not None:
            guards.discard(guard)

    def _schedule(self) -> None:
        self._turning = asyncio.get_running_loop().call_later(TICK, self._turn)

    def _turn(self) -> None:
        now = int(time.monotonic() / TICK)
        for slot in [slot for slot, guards in self._slots.items() if slot < now or not guards]:
            for guard in self._slots.pop(slot):
                guard.expire()
        self._turning = None
        if self._slots:
            self._schedule()


class Guard:
    """One call that has to end in time; see asyncio.Timeout for the dance with cancellation."""

    __slots__ = ("_cancelling", "_deadline", "_expired", "_slot", "_task", "_what", "_wheel")

    def __init__(self, wheel: DeadlineWheel, deadline: float, what: str) -> None:
        self._wheel = wheel
        self._deadline = deadline
        self._what = what
        self._expired = False
        self._slot = -1
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0

    def expire(self) -> None:
        """The deadline has passed: interrupt the call."""
        self._expired = True
        if self._task is not None:
            self._task.cancel()

    def __enter__(self) -> None:
        if self._deadline == NEVER:
            return
        if self._deadline <= time.monotonic():
            raise DeadlineExceeded(f"No time is left for {self._what}.")
        self._task = asyncio.current_task()
        self._cancelling = self._task.cancelling() if self._task else 0
        self._slot = int(self._deadline / TICK)
        self._wheel.enter(self, self._slot)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is None:
            return
        task, self._task = self._task, None
        self._wheel.leave(self, self._slot)
        if self._expired and task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise DeadlineExceeded(f"{self._what} did not answer in time.") from error
