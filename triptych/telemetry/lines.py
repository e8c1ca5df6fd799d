"""Standard error that several processes write to, each line whole.

A pipe takes at most 4,096 bytes at once for certain (PIPE_BUF); longer writes of several processes mix. So
each takes a lock before it writes: a POSIX record lock, which belongs to a process and ends with it.
"""

import fcntl
import io
import os
import select
import sys
import threading
from typing import TextIO


class WholeLines(io.BufferedIOBase):
    """Writes what it is handed in one piece, whoever else writes to the same file at the same time.

    `lock` is a file that all who write have inherited; it stays empty.
    """

    def __init__(self, file: int, lock: int) -> None:
        self._file = file
        self._lock = lock
        self._threads = threading.Lock()

    def write(self, data: bytes, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride] - what a text is encoded to
        """Write all of it."""
        rest = memoryview(data)
        size = len(rest)
        with self._threads:
            fcntl.lockf(self._lock, fcntl.LOCK_EX)
            try:
                while rest:
                    rest = rest[self._written(rest) :]
            finally:
                fcntl.lockf(self._lock, fcntl.LOCK_UN)
        return size

    def _written(self, data: memoryview) -> int:
        try:
            return os.write(self._file, data)
        except BlockingIOError:  # somebody has made it non-blocking for all who share it
            select.select([], [self._file], [])
            return 0

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The file that is written to."""
        return self._file

    def isatty(self) -> bool:
        """Whether somebody sits before it."""
        return os.isatty(self._file)


def share_standard_error(lock: int) -> None:
    """From now on everything that this process says on standard error is whole lines among others'."""
    shared: TextIO = io.TextIOWrapper(
        WholeLines(2, lock),  # pyright: ignore[reportArgumentType] - asks for what is never called
        encoding="utf-8",
        errors="backslashreplace",
        write_through=True,
    )
    sys.stderr = shared
