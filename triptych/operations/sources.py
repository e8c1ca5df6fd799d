"""Where dead letters come from: processes, and whatever else uses up its attempts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from triptych.engine.letters import Change, DeadLetter, LetterQuery, OpenedLetter


class LetterSource(Protocol):
    """Dead letters of one kind. Each method raises NotFound for a letter that is not of that kind."""

    async def find(
        self, query: LetterQuery, limit: int = 50, after: tuple[float, str] | None = None
    ) -> Sequence[DeadLetter]:
        """Those that are meant, oldest first; `after` the one that died at that second and has that id."""
        ...

    async def count(self, query: LetterQuery) -> tuple[int, datetime | None]:
        """How many are meant, and since when the oldest waits."""
        ...

    async def show(self, letter: str, /) -> OpenedLetter:
        """One of them, with its payload."""
        ...

    async def edit(
        self, letter: str, patch: Mapping[str, Any], reason: str = "", /, *, dry_run: bool = False
    ) -> tuple[Change, ...]:
        """Mend its payload by a merge patch: what that changes. Raises InvalidInput, InvalidState."""
        ...

    async def replay(self, letter: str, delay: float = 0.0, /) -> object:
        """Have it go on, `delay` seconds from now, under the keys that it had. Raises InvalidState."""
        ...

    async def discard(self, letter: str, reason: str, /, *, undo: bool = False) -> None:
        """Give it up. Raises InvalidState."""
        ...
