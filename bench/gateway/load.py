"""Load on one gateway: wrk with a file of tokens, and the CPU that the gateway used for it."""

import re
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
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


def script(
    folder: Path, name: str, tokens: Sequence[str], path: str, upload: int = 0, different: bool = False
) -> Path:
    """wrk's script: each token in turn, `upload` bytes where there are any, no two alike if `different`."""
    (folder / f"{name}.tokens").write_text("\n".join(tokens))
    return configured(
        "load.lua",
        folder,
        port=name,
        tokens=folder / f"{name}.tokens",
        path=path,
        upload=upload,
        different=int(different),
    )


def load(
    front: Served,
    lua: Path,
    core: int,
    connections: int,
    seconds: int,
    *,
    beside: Path | None = None,
) -> Seen:
    """One round, of one connection more that sends what `beside` says."""
    busy = cpu(front.process)
    with ExitStack() as stack:
        if beside is not None:
            other = _wrk(core, 1, seconds, beside, front.address)
            stack.enter_context(subprocess.Popen(other, stdout=subprocess.DEVNULL))  # noqa: S603 - our own words
        whole = _wrk(core, connections, seconds, lua, front.address)
        ran = subprocess.run(whole, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    used = cpu(front.process) - busy
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+)", ran.stdout)
    if found is None:
        raise RuntimeError(f"wrk said nothing of use: {ran.stdout}{ran.stderr}")
    requests, p50, p99, failed = map(int, found.groups())
    return Seen(requests, used / max(1, requests) * 1e6, p50 / 1e3, p99 / 1e3, failed)


def _wrk(core: int, connections: int, seconds: int, lua: Path, address: str) -> list[str]:
    return pinned(
        core,
        program("wrk"),
        "-t1",
        "--timeout",
        "20s",
        f"-c{connections}",
        f"-d{seconds}",
        "-s",
        str(lua),
        address,
    )
