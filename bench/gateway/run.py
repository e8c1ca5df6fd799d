"""The edge front with everything on against other gateways, each on one processor."""

import secrets
import sys
import tempfile
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from bench.gateway import variants
from bench.gateway.fronts import PATH, Missing, edge, haproxy, naive, nginx, node, service
from bench.gateway.load import script
from bench.gateway.rounds import GATEWAY, REST, Front, in_turn
from bench.gateway.tokens import ours, registered, rs256
from bench.processes import Served
from bench.report import Row, publish

TOKENS = 100
ROUNDS = 5
AIMS = {
    "nginx": "1.8",
    "haproxy-rs256": "0.5",
    "fastify": "0.2",
    "node-tuned": "0.45",
    "fastapi-httpx": "0.1",
}
FASTIFY = (
    "fastify@5.12.8",
    "@fastify/http-proxy@11.6.3",
    "@fastify/jwt@10.2.8",
    "@fastify/rate-limit@11.2.0",
)


def measure() -> list[Row]:
    """Start what there is, ask all of it in turn, and compare."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, secret = Path(name), secrets.token_urlsafe(32)
        clients = registered(folder / "data", secret, TOKENS)
        behind = stack.enter_context(service(REST))
        signed = rs256(TOKENS)
        ways: dict[str, AbstractContextManager[Served]] = {
            "edge": edge(GATEWAY, behind, folder / "data", secret),
            "edge-interpreted": edge(GATEWAY, behind, folder / "data", secret, PYTHONPATH=""),
            "nginx": nginx(GATEWAY, behind),
            "haproxy-rs256": haproxy(GATEWAY, behind, signed),
            "node-tuned": node(GATEWAY, behind, signed, "tuned.cjs", ("undici@7.30.2",)),
            "fastify": node(GATEWAY, behind, signed, "fastify.cjs", FASTIFY),
            "fastapi-httpx": naive(GATEWAY, behind, signed),
        }
        fronts: dict[str, Front] = {}
        for kind, way in ways.items():
            try:
                running = stack.enter_context(way)
            except Missing as missing:
                sys.stderr.write(f"gateway: without {kind}, as {missing}\n")
                continue
            tokens = ours(running.address, clients) if kind.startswith("edge") else signed.texts
            fronts[kind] = Front(running, script(folder, kind, tokens, PATH))
        in_turn(fronts, ROUNDS)
    return rows(fronts)


def rows(fronts: dict[str, Front]) -> list[Row]:
    """What was seen, the edge against each of the others."""
    mine = fronts["edge"].median("microseconds")
    found = [
        Row(f"edge/{kind}", mine, "µs CPU", front.median("microseconds"), kind, AIMS.get(kind, ""))
        for kind, front in fronts.items()
        if kind != "edge"
    ]
    return found + [
        Row(f"{kind}, {what} at full load", front.median(what), "ms")
        for kind, front in fronts.items()
        for what in ("p50", "p99")
    ]


def main() -> None:
    """Measure and publish."""
    publish("gateway", [*measure(), *variants.measure()])
