"""The exact limit: a moving window, counted in grains."""

from collections import deque
from math import ceil, inf

from gateway.plans import Quota

GRAINS = 288
"""Parts of a window in which use is counted: 5 minutes of a day. More is finer and takes more memory."""


class MovingWindow:
    """Admits at most `units` in any stretch of `window` seconds, wherever it begins.

    Use is counted per grain, and given back when the whole grain has left the window: never too early,
    at most a grain too late.
    """

    __slots__ = ("_back_at", "_grain", "_quota", "_used_in", "_window", "units", "used")

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self.units = quota.units
        self.used = 0
        self._window = quota.window
        self._grain = quota.window / GRAINS
        self._used_in: deque[list[int]] = deque()
        """`[grain, units]`, oldest first."""
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
        for grain, units in self._used_in:
            missing -= units
            if missing <= 0:
                return self._returns_at(grain) - now
        raise AssertionError("more units are missing than were used")

    def take(self, cost: int, now: float) -> None:
        """Take what `wait` said would fit."""
        if cost > self.units:
            cost = self.units
        grain = int(now / self._grain)
        used_in = self._used_in
        if used_in and used_in[-1][0] == grain:
            used_in[-1][1] += cost
        else:
            used_in.append([grain, cost])
            self._back_at = self._returns_at(used_in[0][0])
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
        used_in = self._used_in
        while used_in and self._returns_at(used_in[0][0]) <= now:
            self.used -= used_in.popleft()[1]
        self._back_at = self._returns_at(used_in[0][0]) if used_in else inf
