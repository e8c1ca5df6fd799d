"""Measuring inside one process: CPU time of repeated work, medians over interleaved rounds."""

import statistics
import time
from collections.abc import Awaitable, Callable, Mapping

Work = Callable[[], Awaitable[object]]


async def cpu_each(works: Mapping[str, tuple[Work, int]], rounds: int = 5) -> dict[str, float]:
    """Microseconds of CPU for one run of each work: its median over rounds, all works in turn."""
    for work, _ in works.values():
        for _ in range(20):
            await work()
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, (work, count) in works.items():
            began = time.process_time()
            for _ in range(count):
                await work()
            found[name].append((time.process_time() - began) / count * 1e6)
    return {name: statistics.median(values) for name, values in found.items()}
