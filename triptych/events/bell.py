"""A bell that wakes everybody in this process who waits for news."""

import asyncio


class Bell:
    """Rings for all who wait; a ring between two waits is not missed. Used from the event loop only.

    `heard = bell.listen()`, then look, then `await bell.wait(heard, seconds)`.
    """

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def ring(self) -> None:
        """Wake everybody."""
        self._next.set()
        self._next = asyncio.Event()

    def listen(self) -> asyncio.Event:
        """What the next ring will set."""
        return self._next

    async def wait(self, heard: asyncio.Event, seconds: float) -> bool:
        """Wait for that ring, but no longer than so many seconds; whether it has rung."""
        try:
            async with asyncio.timeout(seconds):
                await heard.wait()
        except TimeoutError:
            return False
        return True
