"""The seam between a system API's rules and what keeps its entities: what each backend offers for a noun."""

from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from triptych.canonical.base import Entity
from triptych.canonical.states import Transitions
from triptych.contract import Changes, Collection, Filter, Page

E = TypeVar("E", bound=Entity)
N = TypeVar("N", bound=BaseModel)
F = TypeVar("F", bound=Filter)
F_contra = TypeVar("F_contra", bound=Filter, contravariant=True)


class Store(Collection[E, N, F_contra], Protocol[E, N, F_contra]):
    """Keeps the entities of one noun: the embedded store, a connector, or a Python class.

    Beyond the usual operations it makes entities with state, and changes state, for named operations.
    """

    async def add(self, new: N, **state: Any) -> E:
        """Make an entity of what is given and of the state that it begins in. Raises Conflict."""
        ...

    async def save(self, entity: E, **changes: Any) -> E:
        """The entity with these fields changed. Raises PreconditionFailed when it was changed meanwhile."""
        ...


async def moved(
    store: Store[E, Any, Any], id: str, transitions: Transitions[Any], to: StrEnum, **changes: Any
) -> E:
    """The entity in its next state; one that is there already stays as it is.

    Raises NotFound, and InvalidState naming the states that may follow.
    """
    entity: Any = await store.get(id)
    if entity.status is to:
        return entity
    transitions.check(entity.status, to)
    return await store.save(entity, status=to, **changes)


class Ruled(Generic[E, N, F]):
    """A store whose entities are made by rules: reads pass through, subclasses write `create`."""

    def __init__(self, store: Store[E, N, F]) -> None:
        self.store = store

    async def get(self, id: str) -> E:
        """The entity with this id. Raises NotFound."""
        return await self.store.get(id)

    async def find(self, filter: F | None = None) -> Page[E]:
        """One page of those that match, oldest first."""
        return await self.store.find(filter)

    async def changes(self, since: str = "", limit: int = 100) -> Changes[E]:
        """What changed after a position."""
        return await self.store.changes(since, limit)

    async def create(self, new: N) -> E:
        """Make one."""
        return await self.store.add(new)
