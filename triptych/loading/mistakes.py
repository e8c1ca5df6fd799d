"""What is wrong with a mapping file: where, to the column, and what was probably meant."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file; line and column count from 1."""

    line: int
    column: int

    def after(self, characters: int) -> "Place":
        """So many characters further on the same line."""
        return Place(self.line, self.column + characters)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong."""

    place: Place
    detail: str
    suggestion: str = ""
    """What was probably meant, or what to do."""

    def __str__(self) -> str:
        return f"{self.detail}; {self.suggestion}" if self.suggestion else self.detail


class MappingError(Exception):
    """A mapping file cannot be used. `mistakes` are all that were found, in the order of the file."""

    def __init__(self, path: Path, mistakes: Sequence[Mistake]) -> None:
        self.path = path
        self.mistakes = tuple(sorted(mistakes, key=lambda found: (found.place.line, found.place.column)))
        super().__init__(
            "\n".join(f"{path}:{found.place.line}:{found.place.column}: {found}" for found in self.mistakes)
        )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean 'customerID'?` when one of the known words is close, otherwise what there is."""
    words = list(known)
    folded = {one.casefold(): one for one in words}
    close = get_close_matches(word.casefold(), folded, 1)
    if close:
        return f"did you mean {folded[close[0]]!r}?"
    return f"there are {', '.join(words)}" if 0 < len(words) <= 12 else ""
