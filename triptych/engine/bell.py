"""Bells: whoever waits for news of a process is woken when something happens to it in this OS process."""

import asyncio
from collections import defaultdict


class Bells:
    """One bell for each process that somebody waits for. Used from the event loop only."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)
        self._here: set[str] = set()

    def begins_here(self, process: str) -> None:
        """The process runs in this OS process now, so its bell rings for everything that happens to it."""
        self._here.add(process)

    def ends_here(self, process: str) -> None:
        """The process does not run here any more; that is news."""
        self._here.discard(process)
        self.ring(process)

    def runs_here(self, process: str) -> bool:
        """Whether the bell rings for everything that happens to the process."""
        return process in self._here

    def ring(self, process: str) -> None:
        """Wake everybody who waits for news of this process."""
        for waiter in self._waiting.get(process, ()):
            if not waiter.done():
                waiter.set_result(None)

    def ring_all(self) -> None:
        """Wake everybody."""
        for process in list(self._waiting):
            self.ring(process)

    def listen(self, process: str) -> "Listener":
        """Hear every ring from now on, also those that come while nobody is waiting."""
        return Listener(self._waiting, process)


class Listener:
    """Hears one bell: a ring between two waits is not missed."""

    def __init__(self, waiting: defaultdict[str, set[asyncio.Future[None]]], process: str) -> None:
        self._waiting = waiting
        self._process = process
        self._future = self._next()

    def _next(self) -> asyncio.Future[None]:
        future = asyncio.get_running_loop().create_future()
        self._waiting[self._process].add(future)
        return future

    async def wait(self, seconds: float) -> None:
        """Wait until it has rung since the last wait, but no longer than that many seconds."""
        await asyncio.wait([self._future], timeout=seconds)
        if self._future.done():
            self._waiting[self._process].discard(self._future)
            self._future = self._next()

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_: object) -> None:
        waiters = self._waiting[self._process]
        waiters.discard(self._future)
        if not waiters:
            del self._waiting[self._process]
