"""A process as its business sentence: the steps in order, each with its undo beside it."""

import random
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from triptych.problems import (
    Forbidden,
    IdempotencyKeyReused,
    Problem,
    QuotaExceeded,
    Unauthenticated,
)

S = TypeVar("S", bound=BaseModel)

Added = S | Mapping[str, Any] | None
"""What a step adds to the state: the new state, the fields that change, or nothing."""
Action = Callable[[S], Awaitable[S | Mapping[str, Any] | None]]


@dataclass(frozen=True, slots=True)
class Patience:
    """How often something is tried, and how long is waited in between: doubling, with jitter, up to a limit.

    The defaults give a system about one and a half minutes to come back.
    """

    attempts: int = 8
    delay: float = 0.5
    """Seconds before the second attempt."""
    longest: float = 30.0
    """Seconds that are waited at most."""

    def pause(self, attempt: int, at_least: float = 0.0) -> float:
        """Seconds to wait after the given attempt (the first is 1), a quarter more or less than planned."""
        planned = min(self.delay * 2 ** (attempt - 1), self.longest)
        return max(planned * random.uniform(0.75, 1.25), at_least)  # noqa: S311 - spreads load, guards nothing


UNDOING = Patience(attempts=20, longest=120.0)
"""An undo is tried for about half an hour: what it would leave behind is worse than waiting."""


@dataclass(frozen=True)  # with slots, Step[OrderState](…) could not be written
class Step(Generic[S]):
    """One step of a sentence: `Step("reserve", self.reserve_stock, undo=self.release_stock)`.

    `do` and `undo` take the state of the process and return what they add to it. Both may run more than
    once: after a crash, a time-out or an operator's retry they run again, with the same idempotency key
    in the context, so the writes that they make through clients take effect once.

    An undo is also asked for when nobody knows whether its step took effect (the system never answered,
    and the process was cancelled). It then finds the step's result missing in the state, and does
    nothing if the system knows of nothing either.
    """

    name: str
    do: Action[S]
    undo: Action[S] | None = None
    reaches: str | None = None
    """The state that the process is in once this step is done, in the business's words: `shipped`."""
    final: bool = False
    """From its beginning on the process can no longer be cancelled. When it is refused itself, what was done
    before it is undone; when a step after it is refused, the process is parked: what has left stays."""
    optional: bool = False
    """Whether the process goes on when this step is refused or keeps failing."""
    timeout: float = 30.0
    """Seconds that one attempt may take."""
    patience: Patience | None = None
    """How often it is tried; by default as the engine's settings say."""


def check_sentence(name: str, version: int, steps: Sequence[Step[Any]]) -> None:
    """Refuse a sentence that cannot be followed, saying why.

    Raises ValueError when there is no step, when two steps share a name, when more than one is final, or when
    a name does not fit into an idempotency key.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*", name) or version < 1:
        raise ValueError(f"a process is named service.flow and has a version from 1, not {name} v{version}")
    names = [step.name for step in steps]
    if wrong := [each for each in names if not re.fullmatch(r"[a-z][a-z0-9-]*", each)]:
        raise ValueError(f"process {name} has a step named {wrong[0]!r}: small letters, digits and hyphens")
    if not names:
        raise ValueError(f"process {name} has no steps")
    if twice := {each for each in names if names.count(each) > 1}:
        raise ValueError(f"process {name} has several steps named {', '.join(sorted(twice))}")
    if sum(step.final for step in steps) > 1:
        raise ValueError(f"process {name} has more than one final step; the first one decides")


def is_refusal(error: Exception) -> bool:
    """Whether this answer will be the same however often one asks, and means that nothing was done.

    Refusals are what the business answers: 400, 404, 409, 412, 422 and the like. A missing right or token
    (401, 403) is a fault of the installation and not of the order, and a key that was used with another
    payload says nothing about the first payload's effect; both are tried again, then kept for an operator.
    """
    ours = Unauthenticated | Forbidden | QuotaExceeded | IdempotencyKeyReused
    return (
        isinstance(error, Problem)
        and 400 <= error.status < 500
        and not error.retryable
        and not isinstance(error, ours)
    )
