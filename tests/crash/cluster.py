"""A PostgreSQL server of a run's own, in a folder of its own, which may be restarted as often as it likes."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.landscape import free_ports

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "300",
    "fsync": "off",  # the server is killed here, the machine is not
    "shared_buffers": "64MB",
}


class NoServer(Exception):
    """PostgreSQL's programs are not installed here."""


class Cluster:
    """The server: a context manager, whose `url` is that of its only database."""

    def __init__(self) -> None:
        self._programs = _programs()
        self._user = "postgres" if os.getuid() == 0 else None  # it refuses to run as root
        self._folder = Path(tempfile.mkdtemp(prefix="triptych-crash-"))
        self._port = free_ports(1)[0]
        self.url = f"postgresql://postgres@127.0.0.1:{self._port}/postgres"
        self.restarts = 0

    def __enter__(self) -> Self:
        if self._user:
            shutil.chown(self._folder, self._user)
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8")
        told = "\n".join(f"{name} = '{value}'" for name, value in SETTINGS.items())
        with (self._data / "postgresql.conf").open("a") as configuration:
            configuration.write(f"{told}\nport = {self._port}\nunix_socket_directories = '{self._folder}'\n")
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._folder / "log"), "start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    def restart(self) -> None:
        """End the server as a crash would, and start it again."""
        log = str(self._folder / "log")
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "-l", log, "restart")
        self.restarts += 1

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _run(self, program: str, *arguments: str) -> None:
        said = self._folder / f"{program}.out"
        with said.open("w") as output:
            done = subprocess.run(
                [str(self._programs / program), *arguments],
                user=self._user,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            raise RuntimeError(f"{program}: {said.read_text()}")


def _programs() -> Path:
    """The folder of PostgreSQL's programs, the newest where there are several. Raises NoServer."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    if named := shutil.which("initdb"):
        return Path(named).resolve().parent
    raise NoServer("PostgreSQL's initdb is not installed here")
