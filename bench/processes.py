"""Processes that a benchmark starts, watches and ends: what they cost is read from the outside."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from bench.report import FOLDER

TRIPTYCH = str(Path(sys.executable).with_name("triptych"))
PATIENCE = 120.0


class Missing(Exception):
    """Something that a measurement needs is not installed here, or does not run."""


class DidNotStart(Exception):
    """A process ended, or said nothing, instead of answering."""


@dataclass
class Served:
    """A process that answers HTTP."""

    process: psutil.Popen
    address: str
    seconds: float
    """From its start to its first answer."""

    def cpu(self) -> float:
        """Seconds of CPU that it has used so far."""
        return cpu(self.process)


def cpu(process: psutil.Popen) -> float:
    """Seconds of CPU that a process has used so far, all its threads together."""
    times = process.cpu_times()
    return times.user + times.system


def environment(**more: str) -> dict[str, str]:
    """Ours, without settings of Triptych's, and with compiled bytecode kept: as where it is in use."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TRIPTYCH_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return {**kept, "PYTHONPYCACHEPREFIX": str((FOLDER / "bytecode").absolute()), **more}


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def started(
    command: Sequence[str], told: Mapping[str, str], output: int = subprocess.DEVNULL
) -> Generator[psutil.Popen]:
    """A process, until the block ends: then Ctrl-C, and its end is waited for."""
    process = psutil.Popen(
        command,
        env=dict(told),
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.DEVNULL,
        preexec_fn=_hear_ctrl_c,
    )
    try:
        yield process
    finally:
        stop(process)


def _hear_ctrl_c() -> None:
    """A shell has what it runs in the background ignore it, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def stop(process: psutil.Popen) -> float:
    """Ctrl-C; answers the seconds until the process has ended."""
    began = time.perf_counter()
    with suppress(psutil.NoSuchProcess):  # it has ended by itself
        process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    return time.perf_counter() - began


@contextmanager
def served(
    command: Sequence[str], port: int, ready: str, scheme: str = "http", **settings: str
) -> Generator[Served]:
    """A process that serves on a port of this machine, as soon as `ready` is answered with 200."""
    began = time.perf_counter()
    with started(command, environment(**settings)) as process:
        address = f"{scheme}://127.0.0.1:{port}"
        if not _answers(process, port, address + ready):
            raise DidNotStart(f"{' '.join(command)} does not answer at {address}{ready}.")
        yield Served(process, address, time.perf_counter() - began)


@contextmanager
def triptych_up(data: Path, **settings: str) -> Generator[Served]:
    """`triptych up` with its data in that folder."""
    port = free_port()
    command = [TRIPTYCH, "up", "--port", str(port), "--data", str(data)]
    with served(command, port, "/healthz", **settings) as found:
        yield found


def _answers(process: psutil.Popen, port: int, url: str) -> bool:
    """Wait until it does; not when the process ends, or for ever."""
    until = time.perf_counter() + PATIENCE
    while time.perf_counter() < until and process.poll() is None:
        with suppress(OSError, httpx.HTTPError):  # it is not there yet
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            # whoever it is was started a moment ago, with a certificate of its own making
            if httpx.get(url, trust_env=False, timeout=5, verify=False).status_code == 200:  # noqa: S501
                return True
        time.sleep(0.005)
    return False
