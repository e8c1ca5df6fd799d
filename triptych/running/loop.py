"""The event loop of a process, and how signals end it."""

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

from triptych.running.memory import give_back_large_blocks

T = TypeVar("T")

UNWINDING = 1.5
"""Seconds after the grace of open requests at which a process ends, whatever still hangs. What was accepted
is safe on disk."""


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on uvloop; being cut off by a signal raises KeyboardInterrupt after cleaning up."""
    import uvloop  # takes a moment to load, and `--help` needs no loop

    give_back_large_blocks()
    gc.freeze()  # what is loaded stays, and no collection need go through it
    gc.enable()  # the command line begins without: from here on there is garbage
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            return runner.run(work)
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None


class Stop:
    """The wish to end, as signals bring it.

    Before `settled` it cancels the start; afterwards `wait` returns, and there is an orderly end. A second
    signal, or `latest` seconds, end the process at once.
    """

    def __init__(self, latest: float) -> None:
        self._latest = latest
        self._wished = asyncio.Event()
        self._starting: asyncio.Task[Any] | None = None
        self.wished = False

    @contextmanager
    def on_signals(self) -> Generator[None]:
        """Listen to SIGINT and SIGTERM within this block."""
        loop = asyncio.get_running_loop()
        self._starting = asyncio.current_task()
        for found in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(found, self._signalled)
        try:
            yield
        finally:
            for found in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(found)

    def settled(self) -> None:
        """The start is over: from now on a signal ends what runs in good order."""
        self._starting = None

    async def wait(self) -> None:
        """Until somebody wishes the end."""
        await self._wished.wait()

    def wish(self, latest: float) -> None:
        """Bring about an orderly end, as a signal does, within so many seconds."""
        if self.wished:
            return
        self.wished = True
        self._wished.set()
        if self._starting is not None:
            self._starting.cancel()
        last = threading.Timer(latest, _end)
        last.daemon = True
        last.start()

    def _signalled(self) -> None:
        if self.wished:
            _end()
        self.wish(self._latest)


def _end() -> None:
    """End without another word from Python, which may be what hangs."""
    os.write(2, b"triptych: ended before everything was closed; nothing that was accepted is lost\n")
    os._exit(130)
