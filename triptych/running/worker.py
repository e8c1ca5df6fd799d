"""A process that serves the gateway, as its supervisor sees it."""

import asyncio
import os
import sys
from contextlib import suppress
from socket import socket, socketpair
from typing import Self

from triptych.running.channel import DRAIN, READY, Channel
from triptych.settings import Settings


class Worker:
    """One process, in one of the places that there are for workers."""

    def __init__(self, number: int, process: asyncio.subprocess.Process, channel: Channel) -> None:
        self.number = number
        """Its place, from 1 on."""
        self.pid = process.pid
        self._process = process
        self._channel = channel

    @classmethod
    async def start(cls, number: int, listening: socket, lock: int, settings: Settings) -> Self:
        """Start a process that takes requests at this socket.

        It reads settings as they are now in the environment and in `.env`, except where it listens.
        """
        ours, theirs = socketpair()
        files = (listening.fileno(), theirs.fileno(), lock)
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "triptych.cli.worker", *map(str, files)),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=files,
                env={**os.environ, **_told(number, listening, settings)},
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then ends them
            )
        return cls(number, process, await Channel.over(ours))

    async def ready(self) -> bool:
        """Wait until it takes requests; False if it ends instead."""
        return await self._channel.heard() == READY

    async def ended(self) -> int:
        """Wait for its end; its exit code, negative for a signal."""
        code = await self._process.wait()
        self._channel.close()
        return code

    def drain(self) -> None:
        """Have it finish its requests and end; another one takes new ones."""
        self._channel.say(DRAIN)

    def terminate(self) -> None:
        """Have it end as quickly as SIGTERM says."""
        with suppress(ProcessLookupError):
            self._process.terminate()

    async def end_within(self, seconds: float) -> None:
        """Wait for its end, and kill it when that takes longer."""
        try:
            async with asyncio.timeout(seconds):
                await self._process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        self._channel.close()


def _told(number: int, listening: socket, settings: Settings) -> dict[str, str]:
    """What flags of the command may have set, and which of the workers it is."""
    return {
        "TRIPTYCH_DATA": str(settings.data),
        "TRIPTYCH_HOST": settings.host,
        "TRIPTYCH_PORT": str(listening.getsockname()[1]),
        "TRIPTYCH_WORKERS": str(settings.workers),
        "TRIPTYCH_REPLICA": f"{settings.replica}-{number}",
    }
