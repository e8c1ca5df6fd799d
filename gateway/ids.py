"""Fresh random ids, cut from a supply, so that not every request asks the kernel."""

import os
from typing import Final

_BULK: Final = 4096


class _Supply:
    """Random hexadecimal digits."""

    def __init__(self) -> None:
        self._digits = ""
        self._at = 0

    def take(self, digits: int) -> str:
        """So many digits that nobody has had before; at most 8192."""
        at = self._at
        found = self._digits[at : at + digits]
        if len(found) < digits:
            self._digits, at = os.urandom(_BULK).hex(), 0
            found = self._digits[:digits]
        self._at = at + digits
        return found

    def forget(self) -> None:
        """A process that was forked must not hand out what its parent hands out."""
        self._digits = ""


_supply: Final = _Supply()
os.register_at_fork(after_in_child=_supply.forget)


def fresh_hex(digits: int) -> str:
    """So many random hexadecimal digits; at most 8192."""
    return _supply.take(digits)
