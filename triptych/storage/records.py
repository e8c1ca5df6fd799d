"""What is kept of a write under its idempotency key, as its block sees it."""

import time
from datetime import datetime

from triptych.problems import IdempotencyKeyInFlight

RETRY_AFTER = 1.0


class Record:
    """The record of one write: its stored answer if it was done before, else where the answer goes."""

    def __init__(self, replayed: bool, body: str | None = None) -> None:
        self.replayed = replayed
        self.body = body

    def store(self, body: str) -> None:
        """Keep the answer, a JSON text, for whoever comes with the same key again."""
        self.body = body


class Attempt(Record):
    """The record of one attempt at a write in another system, and what is known of those before it."""

    def __init__(self, body: str | None = None, over_at: datetime | None = None) -> None:
        super().__init__(body is not None, body)
        self.over_at = over_at
        """When the last attempt of unknown outcome was over at the latest; None where there was none."""
        self.held_until = 0.0
        """Moment on `time.monotonic` from which on others may take the key over."""
        self.under_way = False

    def begin(self) -> None:
        """From now on it may have its effect. Raises IdempotencyKeyInFlight when the key may be another's."""
        if time.monotonic() >= self.held_until:  # this process stood still, and somebody may have taken over
            raise IdempotencyKeyInFlight("This attempt came too late.", retry_after=RETRY_AFTER)
        self.under_way = True

    def end(self) -> None:
        """It is known that it had none."""
        self.under_way = False
        self.over_at = None
