"""The processes of one run: services and vendors, born in the nursery, killed, stopped and born again."""

import json
import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.crash import backends
from tests.landscape import free_ports

SYSTEMS = ("crm", "erp", "warehouse", "billing", "marketing")
UNKIND = ("erp", "billing", "marketing")
VENDORS = "vendors"
READY_WITHIN = 60.0
PROJECT = Path(__file__).resolve().parents[2]
ENTRY_POINTS = "[triptych.backends]\n" + "".join(
    f"{name}.vendor = tests.crash.backends:Vendor{name.title()}\n" for name in UNKIND
)


@dataclass
class Place:
    """Where one process lives, whichever one it is at the moment."""

    name: str
    services: Sequence[str]
    port: int
    pid: int = 0
    born_at: float = 0.0
    dies: tuple[str, str] | None = None
    """The point at which its present life is to end."""
    stopped_until: float = 0.0
    environment: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def is_alive(self) -> bool:
        """Whether its process is there."""
        if not self.pid:
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True


class Town:
    """All places, and the nursery; a context manager that ends everything it started."""

    def __init__(
        self,
        folder: Path,
        processes: Mapping[str, Sequence[str]],
        *,
        seed: int,
        attempts: int = 30,
        database_url: str | None = None,
        blind: bool = False,
    ) -> None:
        self.folder = folder
        self.trouble = 0.0
        """The share of writes that go wrong in the systems that are ours, in lives that begin from now on."""
        self.chance = random.Random(seed)
        self.secret = secrets.token_urlsafe(32)
        names = {VENDORS: [VENDORS], **{name: [name] for name in SYSTEMS}, **processes}
        ports = free_ports(len(names))
        self.places = {
            name: Place(name, services, port)
            for (name, services), port in zip(names.items(), ports, strict=True)
        }
        self.places["erp"].environment["TRIPTYCH_FEED_SECONDS"] = "1"  # purchases hear of nothing else
        self.engines = list(processes)
        self.kills = 0
        self.unexplained: list[str] = []
        """Processes that ended although nobody had killed them."""
        self.seen = folder / "seen"
        self._common = self._environment(attempts, database_url, blind)
        self._nursery = self._open(folder)

    def _environment(self, attempts: int, database_url: str | None, blind: bool) -> dict[str, str]:
        told = {
            "TRIPTYCH_DATA": str(self.folder / "data"),
            "TRIPTYCH_SECRET_KEY": self.secret,
            "TRIPTYCH_STEP_ATTEMPTS": str(attempts),
            "TRIPTYCH_STEP_DELAY": "0.2",
            "TRIPTYCH_FEED_SECONDS": "3600",
            backends.ADDRESS: self.places[VENDORS].address,
        }
        for name in UNKIND:
            told[f"TRIPTYCH_{name.upper()}_BACKEND"] = "vendor"
        for place in self.places.values():
            for service in place.services:
                told.setdefault(f"TRIPTYCH_{service.upper().replace('-', '_')}_URL", place.address)
        if database_url:
            told["TRIPTYCH_DATABASE_URL"] = database_url
        if blind:
            told[backends.BLIND] = "1"
        return told

    def _open(self, folder: Path) -> "subprocess.Popen[str]":
        (folder / "data").mkdir(parents=True)
        distribution = folder / "plugins" / "crash_vendors-1.0.dist-info"
        distribution.mkdir(parents=True)
        (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: crash-vendors\nVersion: 1.0\n")
        (distribution / "entry_points.txt").write_text(ENTRY_POINTS)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TRIPTYCH_")}
        path = os.pathsep.join([str(folder / "plugins"), str(PROJECT)])
        told = {
            **clean,
            "PYTHONPATH": path,
            backends.ADDRESS: "",
            **{n: v for n, v in self._common.items() if n == backends.BLIND},
        }
        with (folder / "nursery.log").open("w") as log:
            nursery = subprocess.Popen(
                [sys.executable, "-m", "tests.crash.nursery"],
                cwd=folder,
                env=told,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert nursery.stdout
        assert nursery.stdout.readline() == "ready\n", (folder / "nursery.log").read_text()
        return nursery

    def __enter__(self) -> "Town":
        self.born(VENDORS)
        self.until_ready(VENDORS)
        return self

    def __exit__(self, *_: object) -> None:
        for place in self.places.values():
            if place.is_alive():
                os.kill(place.pid, signal.SIGKILL)
        self._nursery.kill()
        self._nursery.communicate()

    def born(self, name: str, dies: tuple[str, str] | None = None) -> None:
        """Start the process of a place; `dies` is the point at which it ends itself with SIGKILL."""
        place = self.places[name]
        place.born_at = time.monotonic()
        place.dies = dies
        environment = {"TRIPTYCH_PORT": str(place.port), "TRIPTYCH_REPLICA": name, **place.environment}
        told = {
            "services": list(place.services),
            "port": place.port,
            "seed": self.chance.randrange(2**31),
            "log": str(self.folder / f"{name}.log"),
            "seen": str(self.seen),
            "ready": str(self._ready(name)),
            "die": dies,
            "trouble": self.trouble,
            "environment": {**self._common, **environment},
        }
        assert self._nursery.stdin
        assert self._nursery.stdout
        self._nursery.stdin.write(json.dumps(told) + "\n")
        self._nursery.stdin.flush()
        place.pid = int(self._nursery.stdout.readline())

    def grown_up(self, name: str) -> float:
        """For how many seconds the process of a place has been serving; 0 for one that does not yet."""
        with suppress(FileNotFoundError):  # it was never born
            if self._ready(name).read_text() == str(self.places[name].pid):
                return time.time() - self._ready(name).stat().st_mtime
        return 0.0

    def _ready(self, name: str) -> Path:
        return self.folder / f"{name}.ready"

    def kill(self, name: str) -> bool:
        """End a process as a power cut would. Answers whether it had died at its point already."""
        place = self.places[name]
        was_dead = not place.is_alive()
        if was_dead and place.dies is None:
            self.unexplained.append(
                f"{name} had ended by itself, {time.monotonic() - place.born_at:.1f} s old"
            )
        if not was_dead:
            with suppress(ProcessLookupError):  # it came to its point just now
                os.kill(place.pid, signal.SIGKILL)
            while place.is_alive():
                time.sleep(0.002)
        self.kills += 1
        return was_dead

    def until_ready(self, *names: str) -> None:
        """Wait until these answer. Raises RuntimeError, with the end of its log, for one that does not."""
        until = time.monotonic() + READY_WITHIN
        for name in names:
            place = self.places[name]
            while not self.answers(place):
                dead = not place.is_alive() and place.dies is None
                if dead or time.monotonic() > until:
                    log = (self.folder / f"{name}.log").read_text()[-4000:]
                    raise RuntimeError(f"{name} {'died' if dead else 'does not answer'}:\n{log}")
                if not place.is_alive():
                    break  # it came to the point at which it was to die
                time.sleep(0.05)

    def answers(self, place: Place) -> bool:
        """Whether something at that place answers HTTP."""
        with suppress(httpx.HTTPError):  # it is not there yet
            return httpx.get(place.address + "/nothing", timeout=2, trust_env=False).status_code == 404
        return False

    def vendors(self, **behaviour: float) -> None:
        """Say how the vendors' systems behave from now on."""
        httpx.post(
            self.places[VENDORS].address + "/behave", json=behaviour, trust_env=False
        ).raise_for_status()

    def ledger(self) -> list[dict[str, Any]]:
        """What the vendors really did."""
        return httpx.get(self.places[VENDORS].address + "/ledger", timeout=60, trust_env=False).json()
