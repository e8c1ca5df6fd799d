"""Slowloris: what a healthy client waits while 1,000 slow connections are held against the edge front."""

import asyncio
import contextlib
import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from bench.gateway.fronts import PATH, edge, service
from bench.gateway.tokens import ours, registered
from bench.report import Row, publish

CONNECTIONS = 1_000
REQUESTS = 2_000
PAUSE = 0.5
"""Seconds between two drops on a slow connection."""
GATEWAY, REST = 0, 1

HEAD = b"GET " + PATH.encode() + b" HTTP/1.1\r\nHost: gateway.example\r\n"
BODY = b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: gateway.example\r\nContent-Length: 60000\r\n\r\n"
KINDS: list[tuple[bytes, Callable[[int], bytes]]] = [
    (HEAD, lambda number: b"X-%d: x\r\n" % number),
    (BODY, lambda _: b"x"),
    (b"", lambda _: b"\r\n"),
]


async def dribble(port: int, kind: int, begun: asyncio.Event) -> None:
    """One slow connection, and another as soon as it is cut off."""
    head, drop = KINDS[kind % len(KINDS)]
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head)
            begun.set()
            number = 0
            while not reader.at_eof():
                writer.write(drop(number))
                number += 1
                await asyncio.sleep(PAUSE)
            writer.close()


async def waited(port: int, token: str) -> list[float]:
    """Milliseconds of each request of a healthy client, one after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = HEAD + b"Authorization: Bearer " + token.encode() + b"\r\n\r\n"
    found: list[float] = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"a healthy client was not served: {head[:100]!r}")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        found.append((time.perf_counter() - began) * 1e3)
    writer.close()
    return sorted(found)


async def beside(port: int, token: str) -> tuple[list[float], list[float]]:
    """What a healthy client waits alone, and beside the slow ones."""
    alone = await waited(port, token)
    begun = [asyncio.Event() for _ in range(CONNECTIONS)]
    slow = [asyncio.create_task(dribble(port, number, one)) for number, one in enumerate(begun)]
    await asyncio.gather(*(one.wait() for one in begun))
    crowded = await waited(port, token)
    for one in slow:
        one.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    return alone, crowded


def measure() -> list[Row]:
    """Both percentiles, against those without the slow ones."""
    with tempfile.TemporaryDirectory() as name, service(REST) as behind:
        secret, data = secrets.token_urlsafe(32), Path(name) / "data"
        clients = registered(data, secret, 1)
        with edge(GATEWAY, behind, data, secret) as front:
            port = urlsplit(front.address).port
            assert port is not None, "it was chosen a moment ago"
            alone, crowded = asyncio.run(beside(port, ours(front.address, clients)[0]))
    what = f"edge, healthy client beside {CONNECTIONS:,} slow connections"
    return [
        Row(f"{what}, {name}", crowded[at], "ms", alone[at], "without them", aim)
        for name, at, aim in (("p50", REQUESTS // 2, ""), ("p99", REQUESTS * 99 // 100, "50 ms or less"))
    ]


def main() -> None:
    """Measure and publish."""
    publish("gateway-slow", measure())
