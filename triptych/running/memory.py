"""Memory that goes back to the system once it is not needed any more."""

import ctypes
import sys

_MMAP_THRESHOLD = -3
"""M_MMAP_THRESHOLD of glibc's malloc.h."""
LARGE = 1024 * 1024


def give_back_large_blocks() -> None:
    """Have glibc map each block of a megabyte or more by itself, and unmap it when it is freed.

    Otherwise it raises that bound to the largest block that was ever freed (mallopt(3)), and keeps the 19 MB
    that hashing one password takes, once for each thread. Other C libraries do not; there it does nothing.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_MMAP_THRESHOLD, LARGE)
