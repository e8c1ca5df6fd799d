"""Somebody's pager, which takes webhooks."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

from tests.triptych.operations.conftest import SECRET
from tests.triptych.running.shell import PATIENCE


@dataclass
class Pager:
    """Takes what it is sent, once it is willing."""

    willing: bool = False
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list[tuple[dict[str, str], bytes]])

    def bodies(self) -> list[Any]:
        return [Webhook(SECRET).verify(body, headers) for headers, body in self.got]

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait for it."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, self.got
            time.sleep(0.05)


@contextmanager
def answering(pager: Pager) -> Generator[tuple[Pager, int]]:
    """A pager that takes webhooks, and its port."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            pager.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204 if pager.willing else 503)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield pager, server.server_port
        server.shutdown()
        thread.join()
