"""`/oauth/token` with client_credentials: ours on SQLite and PostgreSQL, stock Authlib, one that only signs.

Each has one processor, sixteen connections ask without a pause, and all take turns. Ours is measured once
more while somebody else rotates refresh tokens beside, each of which is on the disk before it is answered.
"""

import base64
import secrets
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.gateway.fronts import Missing, configured, edge, pinned
from bench.gateway.load import Seen, load
from bench.gateway.tokens import refreshing, registered
from bench.postgres import database
from bench.processes import Served, free_port, served
from bench.report import Row, publish

GATEWAY, REST = 0, 1
"""Processors."""
CONNECTIONS = 16
CLIENTS = 20
SECONDS = 3
ROUNDS = 5


@dataclass
class Endpoint:
    """A token endpoint that runs."""

    served: Served
    lua: Path
    beside: Path | None = None
    seen: list[Seen] = field(default_factory=list[Seen])

    def round(self) -> Seen:
        """One round of load."""
        return load(self.served, self.lua, REST, CONNECTIONS, SECONDS, beside=self.beside)

    def median(self, what: str) -> float:
        """Of all rounds."""
        return statistics.median(getattr(one, what) for one in self.seen)

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.median("requests") / SECONDS


def script(folder: Path, name: str, clients: Sequence[tuple[str, str]], path: str = "/oauth/token") -> Path:
    """wrk's script that asks as each client in turn."""
    lines = [base64.b64encode(f"{client}:{secret}".encode()).decode() for client, secret in clients]
    (folder / f"{name}.clients").write_text("\n".join(lines))
    return configured("token.lua", folder, port=name, clients=folder / f"{name}.clients", path=path)


def ours(stack: ExitStack, folder: Path, name: str, url: str | None) -> dict[str, Endpoint]:
    """Ours on this database, alone and with refresh tokens beside."""
    data, secret = folder / name, secrets.token_urlsafe(32)
    lua = script(folder, name, registered(data, secret, CLIENTS, url))
    client, token = refreshing(data, secret, url)
    beside = configured("refresh.lua", folder, port=name, client=client, token=token)
    more = {"TRIPTYCH_ACCESS_LOG": "false"} | ({} if url is None else {"TRIPTYCH_DATABASE_URL": url})
    running = stack.enter_context(edge(GATEWAY, free_port(), data, secret, **more))
    return {name: Endpoint(running, lua), f"{name}, rotations beside": Endpoint(running, lua, beside)}


def by_hand(stack: ExitStack, folder: Path) -> dict[str, Endpoint]:
    """What ours is compared with."""
    clients = [(f"client_{number}", secrets.token_urlsafe(32)) for number in range(CLIENTS)]
    stock, port = script(folder, "by-hand", clients), free_port()
    signs = script(folder, "signs", clients, "/sign/oauth/token")
    program = (sys.executable, "-m", "bench.gateway.token_by_hand")
    command = pinned(
        GATEWAY, *program, str(folder / "by-hand.clients"), str(folder / "by-hand.db"), str(port)
    )
    running = stack.enter_context(served(command, port, "/healthz"))
    return {"stock": Endpoint(running, stock), "signs": Endpoint(running, signs)}


def measure() -> list[Row]:
    """All in turn, each after a round that is not counted."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        endpoints = by_hand(stack, folder) | ours(stack, folder, "SQLite", None)
        try:
            endpoints |= ours(stack, folder, "PostgreSQL", stack.enter_context(database()))
        except Missing as missing:
            sys.stderr.write(f"token endpoint: without PostgreSQL, as {missing}\n")
        for counted in range(ROUNDS + 1):
            for kind, endpoint in endpoints.items():
                seen = endpoint.round()
                if seen.failed:
                    raise RuntimeError(f"{kind}: {seen.failed} of {seen.requests} requests failed")
                if counted:
                    endpoint.seen.append(seen)
    return rows(endpoints)


def rows(endpoints: dict[str, Endpoint]) -> list[Row]:
    """What was seen, ours against the others."""
    stock, signs, found = endpoints["stock"], endpoints["signs"], list[Row]()
    for name, one in endpoints.items():
        if one in (stock, signs):
            continue
        cost = one.median("microseconds")
        found += [
            Row(f"{name}", one.rate, "1/s", stock.rate, "stock Authlib, a row each", "1,000 1/s"),
            Row(f"{name}, p99", one.median("p99"), "ms", stock.median("p99"), "stock", "50 ms or less"),
            Row(f"{name}, one token", cost, "µs CPU", stock.median("microseconds"), "stock"),
            Row(f"{name}, one token", cost, "µs CPU", signs.median("microseconds"), "only signs"),
        ]
    return found


def main() -> None:
    """Measure and publish."""
    publish("token-endpoint", measure())
