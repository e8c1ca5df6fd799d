"""Versions of a sentence that processes still follow, which began before it was changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from triptych.engine.sentence import Part


@dataclass(frozen=True)
class Former:
    """A sentence as it was: `Former(version=1, steps=steps.until_june(), state=OrderState)`.

    Processes that began under it end on it. `triptych processes versions` says when none is left, and this
    can be taken out.
    """

    version: int
    steps: Sequence[Part[Any]]
    state: type[BaseModel] | None = None
    """The model that the state had; by default the one that it has now."""
    becomes: Callable[[Any], BaseModel] | None = None
    """What a state of that model is in the one of today, for whoever looks at the process."""
    upgrade: bool = False
    """Whether a process that waits goes on under the sentence of today, if that would have come the same way
    to where it waits: the declared patch of running processes."""
