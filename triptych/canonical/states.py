"""States and the steps between them, written once beside each status as data."""

from collections.abc import Mapping, Set
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, TypeVar

from triptych.problems import InvalidState

S = TypeVar("S", bound=StrEnum)


class Transitions(Generic[S]):
    """Which states may follow which: `ORDER_TRANSITIONS.check(order.status, OrderStatus.SHIPPED)`.

    The first state of the mapping is the one that a thing starts in. Every state has its entry, those
    that end it an empty one; this is checked when the module is read.
    """

    def __init__(self, noun: str, edges: Mapping[S, Set[S]]) -> None:
        states = list(edges)
        missing = set(type(states[0])) - set(states)
        if missing:
            raise TypeError(f"transitions of {noun} say nothing of {', '.join(sorted(missing))}")
        self.noun = noun
        self.edges: Mapping[S, frozenset[S]] = MappingProxyType(
            {state: frozenset(following) for state, following in edges.items()}
        )
        self.start: S = states[0]

    def allows(self, old: S, new: S) -> bool:
        """Whether `new` may follow `old`."""
        return new in self.edges[old]

    def ends(self, state: S) -> bool:
        """Whether nothing follows this state."""
        return not self.edges[state]

    def check(self, old: S, new: S) -> None:
        """Raise InvalidState, naming the states that may follow, unless `new` may follow `old`."""
        if self.allows(old, new):
            return
        allowed = [state.value for state in type(old) if state in self.edges[old]]
        reason = f"only {' or '.join(allowed)} can follow" if allowed else "that is final"
        raise InvalidState(
            f"The {self.noun} is {old.value} and cannot become {new.value}: {reason}.",
            state=old.value,
            allowed=allowed,
        )
