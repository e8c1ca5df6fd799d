"""Runs `triptych` in processes, as a user would: with a small company's own distribution, or with ours."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

COMPANY = Path(__file__).parent / "company"
ENTRY_POINTS = """\
[triptych.services]
berths = harbour.berths.service:BerthsService
desk = harbour.desk.service:DeskService

[triptych.gateway]
gateway = harbour.front:gate

[triptych.demo]
demo = harbour.demo
"""
NOT_INHERITED = ("TRIPTYCH_", "PYTHONDONTWRITEBYTECODE")
PATIENCE = 60.0
"""Seconds that a busy machine may take to start Python and everything in it."""


@dataclass
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


class Shell:
    """Runs `triptych` in a folder of its own, with these settings."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.data = folder / "var"
        self._started: list[subprocess.Popen[str]] = []
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)},
            "TRIPTYCH_PORT": "0",
            **settings,
        }

    def run(self, *arguments: str, **settings: str) -> Ran:
        """Run a command to its end."""
        process = self.start(*arguments, **settings)
        out, err = process.communicate(timeout=PATIENCE)
        return Ran(process.returncode, out, err)

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        """Start a command."""
        process = subprocess.Popen(
            [sys.executable, "-c", "from triptych.cli import main; main()", *arguments],
            cwd=self.folder,
            env=self.environment | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def up(self, *arguments: str, **settings: str) -> "Running":
        """Start everything, and wait until it answers."""
        return self.wait_for(self.start("up", *arguments, **settings))

    def wait_for(self, process: subprocess.Popen[str]) -> "Running":
        """Wait until a process that was started has said where it answers."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and process.poll() is None:
            try:
                lock: dict[str, Any] = orjson.loads((self.data / "running.lock").read_bytes())
            except (FileNotFoundError, orjson.JSONDecodeError):
                lock = {"pid": 0, "address": ""}
            if lock["pid"] == process.pid and lock["address"]:
                return Running(process, str(lock["address"]))
            time.sleep(0.05)
        process.kill()
        out, err = process.communicate()
        pytest.fail(f"it did not start, and ended with {process.returncode}:\n{out}\n{err}")

    def close(self) -> None:
        """End whatever still runs, and release its pipes."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.communicate()


@dataclass
class Running:
    """A process that answers."""

    process: subprocess.Popen[str]
    address: str

    def get(self, path: str) -> httpx.Response:
        """Ask it."""
        return httpx.get(self.address + path, trust_env=False, timeout=30)

    def ships(self) -> list[str]:
        """The ships that its desk knows of."""
        return self.get("/desk/v1/ships").raise_for_status().json()["ships"]

    def stop(self, by: signal.Signals = signal.SIGINT) -> Ran:
        """Send a signal, and wait for the end."""
        self.process.send_signal(by)
        out, err = self.process.communicate(timeout=PATIENCE)
        return Ran(self.process.returncode, out, err)


def at_the_harbour(folder: Path) -> Shell:
    """A shell where the harbour is installed beside us, and runs alone."""
    found = folder / "site" / "harbour-1.0.dist-info"
    found.mkdir(parents=True)
    (found / "METADATA").write_text("Metadata-Version: 2.1\nName: harbour\nVersion: 1.0\n")
    (found / "entry_points.txt").write_text(ENTRY_POINTS)
    return Shell(
        folder,
        PYTHONPATH=os.pathsep.join([str(COMPANY), str(found.parent)]),
        TRIPTYCH_SERVICES="berths,desk",
        TRIPTYCH_SEED_SCALE="3",
    )
