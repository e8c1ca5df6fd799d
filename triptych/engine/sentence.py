"""A process as its business sentence: the steps in order, each with its undo beside it."""

import random
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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
M = TypeVar("M", bound=BaseModel)

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
    when: Callable[[S], bool] | None = None
    """Whether it is needed at all, by the state; by default it always is."""


@dataclass(frozen=True)
class Reminders(Generic[S]):
    """What is done each time when a wait's deadline passes, before it counts as late."""

    remind: Action[S]
    """Done like a step, each time with an idempotency key of its own; waiting goes on also if it fails."""
    every: timedelta
    """How long is waited after each of them."""
    times: int = 1
    """How many there are."""


@dataclass(frozen=True)
class Wait(Generic[S, M]):
    """A wait for a person or an event: `Wait("approval", Approval, self.approve, within=timedelta(days=5))`.

    It ends when somebody tells the process the message (`Saga.tell`), which may be before the process has
    come here. While it waits, a process is a row in the database and nothing else.
    """

    name: str
    message: type[M]
    """What it waits for."""
    take: Callable[[S, M], S | Mapping[str, Any] | None]
    """What the message adds to the state. A refusal that it raises undoes what was done."""
    within: timedelta | Callable[[S], timedelta | datetime] | None = None
    """How long is waited, or until when, by the state on arrival; without an end by default."""
    late: Callable[[S], S | Mapping[str, Any] | None] | None = None
    """What is added when the time is up and the process goes on all the same; by default it is refused."""
    reminders: Reminders[S] | None = None
    """What is done before it is late."""
    when: Callable[[S], bool] | None = None
    """Whether it is needed at all, by the state; by default it always is."""
    meanwhile: str | None = None
    """The state that the process is in while it waits, in the business's words: `in approval`."""
    reaches: str | None = None
    """The state that it is in once the message has come: `approved`."""

    def until(self, state: S, arrived: datetime) -> datetime | None:
        """When the time is up that began with the process's arrival, to the millisecond."""
        within = self.within(state) if callable(self.within) else self.within
        until = arrived + within if isinstance(within, timedelta) else within
        return until and until.replace(microsecond=until.microsecond // 1000 * 1000)


@dataclass(frozen=True)
class Repeat(Generic[S]):
    """Lines that are followed again and again: `Repeat("milestones", self.more_to_bill, [...])`.

    In the second round the line `invoice` is called `invoice.2`: in the timeline, in `Saga.tell` and in the
    idempotency key. What a round undoes when the process unwinds is undone by each round's own undo, the last
    one first; the state does not say which round it is in.
    """

    name: str
    again: Callable[[S], bool]
    """Whether there is another round, asked before each one, by the state."""
    lines: "Sequence[Step[S] | Wait[S, Any]]"
    """What is done in each round; none of it is final."""
    reaches: str | None = None
    """The state that the process is in once there is no more round: `paid`."""


Part = Step[S] | Wait[S, Any] | Repeat[S]
"""A part of a sentence."""


@dataclass(frozen=True, slots=True)
class Line(Generic[S]):
    """A line of a sentence as it is followed, with the name that it has in this round."""

    name: str
    part: Step[S] | Wait[S, Any]
    seals: bool
    """Whether it is settled with its end that the process can no longer be cancelled."""
    sealed: bool
    """Whether that is settled before."""
    turns_back: bool
    """Whether a refusal undoes what was done; after the final step it does not."""


def lines(sentence: Sequence[Part[S]], state: Callable[[], S]) -> Iterator[Line[S]]:
    """A sentence line by line. `state` is asked for the state of the process between two lines."""
    final = [index for index, part in enumerate(sentence) if isinstance(part, Step) and part.final]
    last = final[0] - 1 if final else len(sentence) - 1
    for index, part in enumerate(sentence):
        seals, sealed, back = index == last, index > last, index <= last + 1
        if isinstance(part, Repeat):
            turn = 0
            while part.again(state()):
                turn += 1
                for each in part.lines:
                    yield Line(f"{each.name}.{turn}", each, False, sealed, back)
            yield Line(part.name, Step(part.name, _nothing, reaches=part.reaches), seals, sealed, back)
        else:
            yield Line(part.name, part, seals, sealed, back)


async def _nothing(_: Any) -> None:
    """The end of a repetition, which is a line of its own so that it can settle something."""


def check_sentence(name: str, version: int, sentence: Sequence[Part[Any]]) -> None:
    """Refuse a sentence that cannot be followed, saying why.

    Raises ValueError when there is no step, when two lines share a name, when more than one is final or one
    is that is repeated, or when a name does not fit into an idempotency key.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*", name) or version < 1:
        raise ValueError(f"a process is named service.flow and has a version from 1, not {name} v{version}")
    repeated = [line for part in sentence if isinstance(part, Repeat) for line in part.lines]
    names = [part.name for part in (*sentence, *repeated)]
    if wrong := [each for each in names if not re.fullmatch(r"[a-z][a-z0-9-]*", each)]:
        raise ValueError(f"process {name} has a step named {wrong[0]!r}: small letters, digits and hyphens")
    if not names:
        raise ValueError(f"process {name} has no steps")
    if twice := {each for each in names if names.count(each) > 1}:
        raise ValueError(f"process {name} has several steps named {', '.join(sorted(twice))}")
    if sum(isinstance(part, Step) and part.final for part in sentence) > 1:
        raise ValueError(f"process {name} has more than one final step; the first one decides")
    if final := [line.name for line in repeated if isinstance(line, Step) and line.final]:
        raise ValueError(f"process {name} repeats {final[0]}, which is final")


def wait_named(sentence: Sequence[Part[Any]], line: str) -> Wait[Any, Any] | None:
    """The wait that a line of a sentence is, by the line's name: `paid`, or `paid.2` in the second round."""
    name, _, turn = line.partition(".")
    repeated = [each for part in sentence if isinstance(part, Repeat) for each in part.lines]
    candidates = repeated if re.fullmatch(r"[1-9][0-9]*", turn) else [] if turn else sentence
    return next((each for each in candidates if isinstance(each, Wait) and each.name == name), None)


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
