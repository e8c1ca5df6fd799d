"""Load on one gateway: wrk with a file of tokens, and the CPU that the gateway used for it."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.gateway.fronts import configured, pinned, program
from bench.processes import Served


@dataclass(frozen=True, slots=True)
class Seen:
    """What one round of load showed."""

    requests: int
    microseconds: float
    """CPU of the gateway for one request."""
    p50: float
    """Milliseconds."""
    p99: float
    failed: int


def cpu(process: psutil.Popen) -> float:
    """Seconds of CPU of a process and of its children."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    return sum(times.user + times.system for times in (one.cpu_times() for one in family))


def script(folder: Path, name: str, tokens: Sequence[str], path: str) -> Path:
    """wrk's script that sends requests with each token in turn."""
    (folder / f"{name}.tokens").write_text("\n".join(tokens))
    return configured("load.lua", folder, port=name, tokens=folder / f"{name}.tokens", path=path)


def load(front: Served, lua: Path, core: int, connections: int, seconds: int) -> Seen:
    """One round."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "-s", str(lua), front.address]
    busy = cpu(front.process)
    whole = pinned(core, program(command[0]), *command[1:])
    ran = subprocess.run(whole, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    used = cpu(front.process) - busy
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+)", ran.stdout)
    if found is None:
        raise RuntimeError(f"wrk said nothing of use: {ran.stdout}{ran.stderr}")
    requests, p50, p99, failed = map(int, found.groups())
    return Seen(requests, used / max(1, requests) * 1e6, p50 / 1e3, p99 / 1e3, failed)
