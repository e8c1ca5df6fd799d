"""One process per data folder: a lock in it says who, and where to reach it.

The lock is the kernel's (`flock`), so it ends with its process however that ends; the file's text is only
for those who find it taken.
"""

import fcntl
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import orjson

LOCK_FILE = "running.lock"
SOCKET_FILE = "control.sock"
LONGEST_SOCKET_PATH = 100
"""Bytes of a socket's path: `sun_path` holds 108 on Linux and 104 on macOS (unix(7))."""

LOOKS = 20
LOOK = 0.05
"""Seconds between attempts to take a lock whose holder has not said who it is."""


class DataFolderError(Exception):
    """The data folder cannot be used; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a data folder."""

    pid: int
    doing: str
    """The command that it runs: `up`, `load`."""
    address: str = ""
    """Where its gateway answers, once it does."""


class DataFolderInUse(DataFolderError):
    """Another process holds the folder."""

    def __init__(self, folder: Path, holder: Holder) -> None:
        self.holder = holder
        what = f" at {holder.address}" if holder.address else ""
        super().__init__(
            f"{folder}/ is in use by process {holder.pid}, `triptych {holder.doing}`{what}. "
            f"Stop it with Ctrl-C or `kill {holder.pid}`, or choose another folder with TRIPTYCH_DATA."
        )


class DataFolder:
    """The folder that keeps everything of an installation."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def control_socket(self) -> Path:
        """Where the process that holds the folder answers commands.

        In the folder, unless its path is longer than a socket's may be: then in one of this user's own
        under the system's temporary folder, found again by a hash of the data folder's path.
        """
        usual = self.path.absolute() / SOCKET_FILE
        if len(os.fsencode(usual)) <= LONGEST_SOCKET_PATH:
            return usual
        digest = hashlib.blake2b(os.fsencode(self.path.resolve()), digest_size=8).hexdigest()
        return Path(tempfile.gettempdir()) / f"triptych-{os.getuid()}" / f"{digest}.sock"

    def empty(self) -> bool:
        """Whether nothing was kept here yet; a lock, a secret key and hidden files do not count."""
        if not self.path.is_dir():
            return True
        trivial = {LOCK_FILE, SOCKET_FILE, "secret.key"}
        return all(found.name in trivial or found.name.startswith(".") for found in self.path.iterdir())

    def holder(self) -> Holder | None:
        """The process that holds the folder now, or None."""
        try:
            file = os.open(self.path / LOCK_FILE, os.O_RDWR)
        except OSError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read(file)
        finally:
            os.close(file)
        return None

    @contextmanager
    def held(self, doing: str) -> Generator["Held"]:
        """Hold the folder, made if need be; raises DataFolderInUse, DataFolderError."""
        file = self._open()
        try:
            if not _locked(file):
                raise DataFolderInUse(self.path, _read(file))
            held = Held(self, file, Holder(os.getpid(), doing))
            yield held
            os.ftruncate(file, 0)
        finally:
            os.close(file)

    def _open(self) -> int:
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self.path / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise DataFolderError(
                f"{self.path}/ cannot be used for data: {error.strerror}. "
                "Choose a folder that you may write to with TRIPTYCH_DATA."
            ) from error


class Held:
    """A data folder that this process holds."""

    def __init__(self, folder: DataFolder, file: int, holder: Holder) -> None:
        self.folder = folder
        self._file = file
        self._holder = holder
        self._write()

    def answers_at(self, address: str) -> None:
        """Let others know where the gateway is."""
        self._holder = replace(self._holder, address=address)
        self._write()

    def _write(self) -> None:
        text = orjson.dumps(asdict(self._holder)) + b"\n"
        os.pwrite(self._file, text, 0)
        os.ftruncate(self._file, len(text))

    def socket_path(self) -> Path:
        """The control socket's path, free to bind: whatever a killed process left there is gone."""
        path = self.folder.control_socket
        if path.parent != self.folder.path.absolute():
            path.parent.mkdir(mode=0o700, exist_ok=True)
            found = path.parent.lstat()
            if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
                raise DataFolderError(
                    f"{path.parent} is open to other users, so no commands are taken there: remove it, "
                    "or choose a data folder with a shorter path with TRIPTYCH_DATA."
                )
        with suppress(FileNotFoundError):
            path.unlink()
        return path


def _locked(file: int) -> bool:
    """Take the lock; a command that only looks who has it holds it for a moment too, and is waited for."""
    for _ in range(LOOKS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if _alive(_read(file).pid):
                return False
            time.sleep(LOOK)
        else:
            return True
    return False


def _alive(pid: int) -> bool:
    """Whether there is such a process; 0 stands for none."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read(file: int) -> Holder:
    """Who wrote the lock; whoever has only just taken it may not have said so yet."""
    try:
        found: Any = orjson.loads(os.pread(file, 4096, 0))
        return Holder(int(found["pid"]), str(found["doing"]), str(found["address"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return Holder(0, "a command that has just begun")
