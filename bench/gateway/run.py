"""Rounds in turn over all gateways that can be started here, which have one processor each time."""

import secrets
import statistics
import sys
import tempfile
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.gateway.fronts import PATH, Missing, edge, haproxy, nginx, node, service
from bench.gateway.load import Seen, load, script
from bench.gateway.tokens import ours, registered, rs256
from bench.processes import Served
from bench.report import Row, publish

GATEWAY, REST = 0, 1
"""Processors."""
CONNECTIONS = 64
TOKENS = 100
SECONDS = 3
ROUNDS = 5
AIMS = {
    "nginx": "1.8 or less",
    "haproxy-rs256": "0.5 or less",
    "fastify": "0.2 or less",
    "node-tuned": "0.45 or less",
}
FASTIFY = (
    "fastify@5.12.8",
    "@fastify/http-proxy@11.6.3",
    "@fastify/jwt@10.2.8",
    "@fastify/rate-limit@11.2.0",
)


@dataclass
class Front:
    """A gateway that runs."""

    served: Served
    lua: Path
    seen: list[Seen] = field(default_factory=list[Seen])

    def cost(self) -> float:
        """Microseconds of CPU for a request: the median of the rounds."""
        return statistics.median(one.microseconds for one in self.seen)


def measure() -> list[Row]:
    """Start what there is, ask all of it in turn, and compare."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, secret = Path(name), secrets.token_urlsafe(32)
        clients = registered(folder / "data", secret, TOKENS)
        behind = stack.enter_context(service(REST))
        signed = rs256(TOKENS)
        ways: dict[str, AbstractContextManager[Served]] = {
            "edge": edge(GATEWAY, behind, folder / "data", secret),
            "nginx": nginx(GATEWAY, behind),
            "haproxy-rs256": haproxy(GATEWAY, behind, signed),
            "node-tuned": node(GATEWAY, behind, signed, "tuned.cjs", ("undici@7.30.2",)),
            "fastify": node(GATEWAY, behind, signed, "fastify.cjs", FASTIFY),
        }
        fronts: dict[str, Front] = {}
        for kind, way in ways.items():
            try:
                running = stack.enter_context(way)
            except Missing as missing:
                sys.stderr.write(f"gateway: without {kind}, as {missing}\n")
                continue
            tokens = ours(running.address, clients) if kind == "edge" else signed.texts
            fronts[kind] = Front(running, script(folder, kind, tokens, PATH))
        for counted in range(ROUNDS + 1):
            for front in fronts.values():
                seen = load(front.served, front.lua, REST, CONNECTIONS, SECONDS)
                if counted:
                    front.seen.append(seen)
    return rows(fronts)


def rows(fronts: dict[str, Front]) -> list[Row]:
    """What was seen, the edge against each of the others."""
    failed = {kind: sum(one.failed for one in front.seen) for kind, front in fronts.items()}
    if any(failed.values()):
        raise RuntimeError(f"not every request was answered with 200: {failed}")
    mine = fronts["edge"]
    found = [
        Row(f"edge/{kind}", mine.cost(), "µs CPU", front.cost(), kind, AIMS[kind])
        for kind, front in fronts.items()
        if kind != "edge"
    ]
    for kind, front in fronts.items():
        for what in ("p50", "p99"):
            value = statistics.median(getattr(one, what) for one in front.seen)
            found.append(Row(f"{kind}, {what} at full load", value, "ms"))
    return found


def main() -> None:
    """Measure and publish."""
    publish("gateway", measure())
