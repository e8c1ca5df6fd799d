"""The exact limit: a moving window, counted in grains."""

from collections import deque
from math import ceil, inf
from typing import Final

from gateway.plans import Quota

GRAINS: Final = 288
"""Parts of a window in which use is counted: 5 minutes of a day. More is finer and takes more memory."""


class MovingWindow:
    """Admits at most `units` in any stretch of `window` seconds, wherever it begins.

    Use is counted per grain, and given back when the whole grain has left the window: never too early,
    at most a grain too late.
    """

    __slots__ = (
        "_back_at",
        "_grain",
        "_in_latest",
        "_latest",
        "_older",
        "_quota",
        "_window",
        "units",
        "used",
    )

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self.units = quota.units
        self.used = 0
        self._window = quota.window
        self._grain = quota.window / GRAINS
        self._older: deque[tuple[int, int]] = deque()
        """Grains and the units that were used in them, oldest first, without the latest one."""
        self._latest = 0
        self._in_latest = 0
        self._back_at = inf
        """When the oldest use is given back."""

    def share(self, share: float) -> None:
        """Admit only this share of the quota from now on; what was used stays used."""
        self.units = max(1, int(self._quota.units * share))

    def wait(self, cost: int, now: float) -> float:
        """Seconds until `cost` units fit; 0 when they do. More than the whole quota counts as the whole."""
        if now >= self._back_at:
            self._give_back(now)
        if self.used + cost <= self.units:
            return 0.0
        missing = self.used + min(cost, self.units) - self.units
        if missing <= 0:
            return 0.0
        for grain, units in (*self._older, (self._latest, self._in_latest)):
            missing -= units
            if missing <= 0:
                return self._returns_at(grain) - now
        raise AssertionError("more units are missing than were used")

    def take(self, cost: int, now: float) -> None:
        """Take what `wait` said would fit."""
        if cost > self.units:
            cost = self.units
        grain = int(now / self._grain)
        if grain == self._latest:
            self._in_latest += cost
        else:
            if self._in_latest:
                self._older.append((self._latest, self._in_latest))
            self._latest, self._in_latest = grain, cost
        if self._back_at == inf:
            self._back_at = self._returns_at(grain)
        self.used += cost

    def standing(self, now: float) -> tuple[int, int]:
        """Units that fit now, and the seconds, rounded up, until the oldest use is given back; 0 without any.

        At most the window: that giving back may be a grain late is not what a header should speak of.
        """
        if now >= self._back_at:
            self._give_back(now)
        back = self._back_at - now
        window = self._window
        wait = 0 if back == inf else window if back > window else ceil(back)
        return self.units - self.used if self.used < self.units else 0, wait

    def _returns_at(self, grain: int) -> float:
        return (grain + 1) * self._grain + self._window

    def _give_back(self, now: float) -> None:
        older = self._older
        while older and self._returns_at(older[0][0]) <= now:
            self.used -= older.popleft()[1]
        if not older and self._returns_at(self._latest) <= now:
            self.used, self._in_latest = 0, 0
        oldest = older[0][0] if older else self._latest
        self._back_at = self._returns_at(oldest) if self.used else inf
