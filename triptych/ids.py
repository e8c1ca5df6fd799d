"""Canonical ids: a type prefix and a lower-case ULID (https://github.com/ulid/spec), sortable by time."""

import hashlib
import os
import threading
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_lock = threading.Lock()
_last = 0


def new_id(prefix: str) -> str:
    """A fresh id such as `cus_01jd3k7m9vq8x2c4n6b8d0f2hg`; ids made later in this process sort later."""
    global _last
    fresh = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10))
    with _lock:
        _last = fresh if fresh > _last else _last + 1
        value = _last
    return prefix + "_" + "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))


def fixed_id(prefix: str, *parts: str) -> str:
    """An id that is the same for the same parts, for what may be found more than once."""
    return f"{prefix}_" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
