"""The burst limit: the generic cell rate algorithm (GCRA, ITU-T I.371)."""

from math import ceil

from gateway.plans import Quota


class Bucket:
    """Admits at most `units` at once and `units / window` a second, remembering a single moment.

    In any stretch of `t` seconds no more than `units + t * units / window` are admitted. Moments are
    seconds on any clock that does not go back.
    """

    __slots__ = ("_depth", "_empty_at", "_interval", "_quota", "units")

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._empty_at = 0.0
        """The theoretical arrival time: when everything taken so far has drained."""
        self.share(1.0)

    def share(self, share: float) -> None:
        """Admit only this share of the quota from now on."""
        self.units = max(1, int(self._quota.units * share))
        self._interval = self._quota.window / (self._quota.units * share)
        self._depth = self._interval * self.units

    def wait(self, cost: int, now: float) -> float:
        """Seconds until `cost` units fit; 0 when they do. More than the whole bucket counts as the whole."""
        backlog = self._empty_at - now
        if backlog <= 0:
            return 0.0
        wait = backlog + self._interval * (cost if cost < self.units else self.units) - self._depth
        return wait if wait > 1e-9 else 0.0

    def take(self, cost: int, now: float) -> None:
        """Take what `wait` said would fit."""
        empty_at = self._empty_at
        cost = cost if cost < self.units else self.units
        self._empty_at = (empty_at if empty_at > now else now) + self._interval * cost

    def standing(self, now: float) -> tuple[int, int]:
        """Units that fit now, and the seconds, rounded up, until the bucket is as good as new."""
        backlog = self._empty_at - now
        if backlog <= 0:
            return self.units, 0
        return max(0, int((self._depth - backlog) / self._interval + 1e-6)), ceil(backlog)
