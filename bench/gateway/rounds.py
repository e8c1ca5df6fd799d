"""Rounds of load over gateways in turn, so that whatever else goes on beside is shared by all of them."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.gateway.load import Seen, load
from bench.processes import Served

GATEWAY, REST = 0, 1
"""Processors: one for the gateway, the other one for the load and the service."""
CONNECTIONS = 64


class Failed(Exception):
    """Not every request was answered with success, so nothing was measured."""


@dataclass
class Front:
    """A gateway that runs, and what is asked of it."""

    served: Served
    lua: Path
    seen: list[Seen] = field(default_factory=list[Seen])

    def median(self, what: str) -> float:
        """Of the rounds: `microseconds`, `p50` or `p99`."""
        return statistics.median(getattr(one, what) for one in self.seen)


def in_turn(
    fronts: Mapping[str, Front], rounds: int, seconds: int = 3, connections: int = CONNECTIONS
) -> None:
    """Load each of them so many times, and once before to warm up; raises Failed."""
    for counted in range(rounds + 1):
        for front in fronts.values():
            seen = load(front.served, front.lua, REST, connections, seconds)
            if counted:
                front.seen.append(seen)
    failed = {kind: sum(one.failed for one in front.seen) for kind, front in fronts.items()}
    if any(failed.values()):
        raise Failed(f"not every request was answered with 200: {failed}")
