"""How long everything lasts that the authorization server gives out."""

import time
from collections.abc import Callable
from dataclasses import dataclass

MINUTE, HOUR, DAY = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """All in seconds."""

    code: int = MINUTE
    access_token: int = 10 * MINUTE
    id_token: int = 10 * MINUTE
    refresh_token: int = 30 * DAY
    """Counted anew at each rotation, within the authorization's own life."""
    authorization: int = 180 * DAY
    session: int = 12 * HOUR
    pushed_request: int = MINUTE
    """Until a browser comes with it (RFC 9126 section 2.2)."""
    visit: int = 30 * MINUTE
    """Until the user has answered a request that was sent ahead."""
    clock_skew: int = 30
    """How far apart the clocks of gateways may be."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The time of day, handed in so that tests can move it."""

    read: Callable[[], float] = time.time

    def now(self) -> int:
        """Unix seconds, rounded down."""
        return int(self.read())
