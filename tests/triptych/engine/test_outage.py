"""A database that goes away for a while stops the processes for that while, and does nothing worse."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Generator
from urllib.parse import urlsplit

import pytest

from tests.triptych.engine.conftest import Trade, house_on_postgres


class Line:
    """The line to a database, which can be cut. It has threads of its own: the loop blocks at a launch."""

    def __init__(self, database_url: str) -> None:
        target = urlsplit(database_url)
        self._target = target.hostname or "127.0.0.1", target.port or 5432
        self._ends: list[socket.socket] = []
        self._listener = self._lay(0)
        port = self._listener.getsockname()[1]
        user = f"{target.username}@" if target.username else ""
        self.url = target._replace(netloc=f"{user}127.0.0.1:{port}").geturl()
        """Address of the database at the near end."""

    def _lay(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._serve, args=(listener,), daemon=True).start()
        return listener

    def lay_again(self) -> None:
        """Repair it."""
        self._listener = self._lay(urlsplit(self.url).port or 0)

    def cut(self) -> None:
        """Cut it: what is connected is lost, and nobody can connect."""
        for end in [self._listener, *self._ends]:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def _serve(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
                self._ends += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def line(postgres_url: str) -> Generator[Line]:
    """A line to PostgreSQL."""
    line = Line(postgres_url)
    yield line
    line.cut()


async def test_a_process_waits_for_a_database_that_went_away_and_goes_on(line: Line, trade: Trade):
    door = trade.holds("authorise")
    async with house_on_postgres(line.url).open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("authorise")
        line.cut()
        door.set()
        await asyncio.sleep(0.3)
        line.lay_again()
        assert (await trading.settled("ord_1")).phase == "completed"
    assert trade.ledger == ["reserve", "authorise", "ship", "notify"]


async def test_an_engine_stops_although_its_database_is_away(line: Line, trade: Trade):
    house = house_on_postgres(line.url)
    door = trade.holds("authorise")
    async with asyncio.timeout(20), house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("authorise")
        line.cut()
        door.set()
        await asyncio.sleep(0.2)
    line.lay_again()
    async with house.open(trade.sentence()) as trading:
        assert (await trading.settled("ord_1")).phase == "completed"
    assert trade.ledger == ["reserve", "authorise", "authorise", "ship", "notify"]
