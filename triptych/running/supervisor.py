"""Several gateway processes at one port: `triptych serve gateway --workers 4`.

The supervisor holds the socket that listens and serves nothing itself. A worker that ends is replaced; at
SIGHUP all are, one by one.
"""

import asyncio
import signal
from collections.abc import Coroutine
from socket import socket
from typing import Any

import structlog

from triptych.running.loop import UNWINDING, Stop
from triptych.running.serve import DRAINING
from triptych.running.worker import Worker
from triptych.serving.server import BACKLOG, listen
from triptych.settings import Settings

STEADY = 60.0
"""Seconds after which a worker that ends is replaced at once: it does not fail for how it starts."""
SHORTEST, LONGEST = 0.5, 30.0
"""Seconds before a worker that did not last is replaced: at first, and at most; doubled each time."""
STARTING = 60.0
"""Seconds that the replacement of a worker that works has to become ready."""
KILL = 5.0
"""Seconds after the time of a worker that is to stop at which it is killed."""

log = structlog.get_logger("triptych.supervisor")


class Supervisor:
    """Starts the workers and looks after them: `await Supervisor(settings, lock).run()`.

    `lock` is the file that whole lines on standard error are written under.
    """

    def __init__(self, settings: Settings, lock: int) -> None:
        self._settings = settings
        self._lock = lock
        self._places: dict[int, Worker] = {}
        """The worker in each place; one that was replaced and finishes its requests is in none."""
        self._alive: set[Worker] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pauses: dict[int, float] = {}
        self._hangup = asyncio.Event()

    async def run(self) -> None:
        """Until SIGTERM or SIGINT; open requests are finished then.

        Raises AddressInUse, and SystemExit with the code of the first worker when that one cannot start.
        """
        stop = Stop(self._settings.grace + UNWINDING + KILL + 1)
        loop = asyncio.get_running_loop()
        with stop.on_signals(), listen(self._settings.host, self._settings.port) as listening:
            listening.listen(BACKLOG)
            loop.add_signal_handler(signal.SIGHUP, self._hangup.set)
            try:
                await self._start(listening)
                stop.settled()
                await stop.wait()
            finally:
                loop.remove_signal_handler(signal.SIGHUP)
                await self._end()

    async def _start(self, listening: socket) -> None:
        """The first worker brings the database up to date; what keeps it from starting keeps all."""
        first = await self._begin(1, listening)
        if not await first.ready():
            raise SystemExit(await first.ended() or 1)
        self._look_after(first, listening)
        others = [await self._begin(number, listening) for number in range(2, self._settings.workers + 1)]
        for other in others:
            self._look_after(other, listening)
        for other in others:
            await other.ready()
        self._spawn(self._replace_when_told(listening))
        address = f"{self._settings.host}:{listening.getsockname()[1]}"
        log.info("workers are ready", workers=len(self._places), address=address)
        if self._settings.redis_url is None:
            log.warning(
                "without TRIPTYCH_REDIS_URL each worker counts limits alone, and grants its share of them",
                share=f"1/{self._settings.workers}",
            )

    async def _begin(self, number: int, listening: socket) -> Worker:
        worker = await Worker.start(number, listening, self._lock, self._settings)
        self._alive.add(worker)
        self._places[number] = worker
        return worker

    def _look_after(self, worker: Worker, listening: socket) -> None:
        self._spawn(self._watch(worker, listening))

    async def _watch(self, worker: Worker, listening: socket) -> None:
        """Replace a worker that ends without having been told to."""
        began = asyncio.get_running_loop().time()
        code = await worker.ended()
        self._alive.discard(worker)
        if self._places.get(worker.number) is not worker:
            return
        lasted = asyncio.get_running_loop().time() - began
        pause = 0.0 if lasted > STEADY else self._pauses.get(worker.number, 0.0)
        self._pauses[worker.number] = min(LONGEST, max(SHORTEST, pause * 2))
        log.error(
            "a worker has ended, and is replaced",
            worker=worker.number,
            pid=worker.pid,
            ended_by=_reason(code),
            after_seconds=round(lasted, 1),
            in_seconds=pause,
        )
        await asyncio.sleep(pause)
        if self._places.get(worker.number) is worker:
            self._look_after(await self._begin(worker.number, listening), listening)

    async def _replace_when_told(self, listening: socket) -> None:
        while True:
            await self._hangup.wait()
            self._hangup.clear()
            log.info("workers are replaced one by one", workers=len(self._places))
            for number in list(self._places):
                if not await self._replaced(number, listening):
                    break
            else:
                log.info("all workers are replaced")

    async def _replaced(self, number: int, listening: socket) -> bool:
        """Put another worker in this place; the one before finishes its requests and ends."""
        fresh = await Worker.start(number, listening, self._lock, self._settings)
        self._alive.add(fresh)
        try:
            async with asyncio.timeout(STARTING):
                ready = await fresh.ready()
        except TimeoutError:
            ready = False
        if not ready:
            log.error("the replacement of a worker does not start: the others stay", worker=number)
            await fresh.end_within(0)
            self._alive.discard(fresh)
            return False
        former, self._places[number] = self._places[number], fresh
        self._look_after(fresh, listening)
        former.drain()
        await former.end_within(max(self._settings.grace, DRAINING) + UNWINDING + KILL)
        return True

    async def _end(self) -> None:
        """Nobody is replaced any more; all finish their requests and end."""
        self._places.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for worker in self._alive:
            worker.terminate()
        patience = self._settings.grace + UNWINDING + KILL
        await asyncio.gather(*(worker.end_within(patience) for worker in self._alive))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _reason(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
