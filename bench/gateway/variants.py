"""The edge front under other conditions, each against plain nginx under the same ones."""

import secrets
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.gateway.fronts import ORDERS, PATH, Missing, edge, nginx, self_signed, service
from bench.gateway.load import script
from bench.gateway.pace import added_latency
from bench.gateway.rounds import GATEWAY, REST, Front, in_turn
from bench.gateway.tokens import ours, registered
from bench.report import Row

ROUNDS = 3
MEGABYTE = 1024 * 1024
UPLOAD = MEGABYTE - 1024
"""Bytes of an upload: what an operation takes at most unless set otherwise, with some room."""


def measure() -> list[Row]:
    """A row or two for each of the conditions."""
    with tempfile.TemporaryDirectory() as name:
        folder, secret = Path(name), secrets.token_urlsafe(32)
        clients = registered(folder / "data", secret, 100)
        with edge(GATEWAY, 1, folder / "data", secret) as running:
            tokens = ours(running.address, clients * 50)
        conditions = Conditions(folder, secret, tokens)
        try:
            return [
                conditions.row("every request different", different=True),
                conditions.row("5,000 tokens", count=5_000),
                conditions.row("TLS", tls=True),
                conditions.row("two workers", TRIPTYCH_WORKERS="2"),
                conditions.row("no token remembered", TRIPTYCH_REMEMBERED_TOKENS="0"),
                conditions.row("100 KB answers", size=100 * 1024),
                conditions.row("1 MB uploads", upload=UPLOAD),
                *conditions.paced(600),
            ]
        except Missing as missing:
            sys.stderr.write(f"gateway: without other conditions, as {missing}\n")
            return []


class Conditions:
    """An installation with its tokens, that is started anew under each condition."""

    def __init__(self, folder: Path, secret: str, tokens: list[str]) -> None:
        self._folder = folder
        self._secret = secret
        self._tokens = tokens

    def row(
        self,
        what: str,
        *,
        count: int = 100,
        size: int = 1024,
        upload: int = 0,
        different: bool = False,
        tls: bool = False,
        **settings: str,
    ) -> Row:
        """CPU for a request, the edge's and nginx's."""
        certificate = self_signed(self._folder) if tls else None
        if certificate is not None:
            settings["TRIPTYCH_TLS_CERTIFICATE"] = str(certificate)
        with ExitStack() as stack:
            behind = stack.enter_context(service(REST, size))
            ways = {
                "edge": edge(GATEWAY, behind, self._folder / "data", self._secret, **settings),
                "nginx": nginx(GATEWAY, behind, certificate),
            }
            path = ORDERS if upload else PATH
            lua = script(self._folder, "load", self._tokens[:count], path, upload, different)
            fronts = {kind: Front(stack.enter_context(way), lua) for kind, way in ways.items()}
            in_turn(fronts, ROUNDS, seconds=2)
        mine, theirs = (fronts[kind].median("microseconds") for kind in ("edge", "nginx"))
        return Row(f"edge/nginx, {what}", mine, "µs CPU", theirs, "nginx")

    def paced(self, rate: int) -> list[Row]:
        """What the edge and nginx add to the time of an answer, at so many requests a second."""
        with ExitStack() as stack:
            behind = stack.enter_context(service(REST))
            mine = stack.enter_context(edge(GATEWAY, behind, self._folder / "data", self._secret))
            theirs = stack.enter_context(nginx(GATEWAY, behind))
            direct = f"http://127.0.0.1:{behind}"
            added = added_latency(direct, [mine.address, theirs.address], PATH, self._tokens[:100], rate)
        (p50, p99), (their_p50, their_p99) = added
        return [
            Row(f"added latency at {rate}/s, p50", p50, "ms", their_p50, "nginx"),
            Row(f"added latency at {rate}/s, p99", p99, "ms", their_p99, "nginx"),
        ]
