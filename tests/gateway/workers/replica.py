"""A replica of a service, in a process of its own, served as every service is: `python -m … PORT`.

It answers everything alike, and writes nothing down.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from triptych.running.loop import Stop
from triptych.serving.server import listen, serving

PROJECT = Path(__file__).parents[3]
BODY = b'{"items":[]}'


async def app(scope: Any, receive: Any, send: Any) -> None:
    """200 after a moment."""
    await asyncio.sleep(0.002)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


async def serve(port: int) -> None:
    """Answer until SIGTERM."""
    stop = Stop(60)
    with stop.on_signals():
        async with serving(app, listen("127.0.0.1", port)):
            stop.settled()
            print("ready", flush=True)
            await stop.wait()


class Replica:
    """One replica, as a test replaces it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.address = f"http://127.0.0.1:{port}"
        self._process: asyncio.subprocess.Process | None = None

    @classmethod
    @asynccontextmanager
    async def running(cls, port: int) -> AsyncGenerator[Self]:
        """Started, and ended with the block."""
        replica = cls(port)
        await replica.start()
        try:
            yield replica
        finally:
            await replica.stop()

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.gateway.workers.replica", str(self.port)),
            cwd=PROJECT,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        assert await self._process.stdout.readline() == b"ready\n"

    async def stop(self) -> None:
        """End it in good order."""
        assert self._process is not None
        self._process.terminate()
        assert await self._process.wait() == 0


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
