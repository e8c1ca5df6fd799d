"""Stores whose changes are told as events, so that no operation of a service can forget to."""

import copy
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from triptych.canonical.base import Entity
from triptych.contract import Changes, EventType, Filter, Page, Patch
from triptych.events.publishing import Events
from triptych.problems import NotFound
from triptych.storage import Store

B = TypeVar("B")
E = TypeVar("E", bound=Entity)
N = TypeVar("N", bound=BaseModel)
F = TypeVar("F", bound=Filter)


class Announced(Generic[E, N, F]):
    """A store that tells of what is done in it; everything else is the store's own.

    `made` is told of what is new, `changed` of every later version, `gone` of what it was when it was
    deleted, and `reaching` of the states that it names::

        Announced(backend.orders, events, reaching={OrderStatus.CONFIRMED: Erp.order_confirmed})
    """

    def __init__(
        self,
        store: Store[E, N, F],
        events: Events,
        *,
        made: EventType[E] | None = None,
        changed: EventType[E] | None = None,
        gone: EventType[E] | None = None,
        reaching: Mapping[StrEnum, EventType[E]] | None = None,
    ) -> None:
        self._store = store
        self._events = events
        self._made, self._changed, self._gone = made, changed, gone
        self._reaching = reaching or {}
        if events.foreign:
            events.watch(store, made=made, changed=changed, gone=gone, reaching=self._reaching)

    async def get(self, id: str) -> E:
        """The entity with this id. Raises NotFound."""
        return await self._store.get(id)

    async def find(self, filter: F | None = None) -> Page[E]:
        """One page of those that match."""
        return await self._store.find(filter)

    async def changes(self, since: str = "", limit: int = 100) -> Changes[E]:
        """What changed after a position."""
        return await self._store.changes(since, limit)

    async def create(self, new: N) -> E:
        """Make one."""
        return await self._told(self._made, await self._store.create(new))

    async def add(self, new: N, **state: Any) -> E:
        """Make one in the state that it begins in."""
        return await self._told(self._made, await self._store.add(new, **state))

    async def update(self, id: str, patch: Patch[N], if_match: str) -> E:
        """Change the fields that the patch names."""
        return await self._told(self._changed, await self._store.update(id, patch, if_match))

    async def save(self, entity: E, **changes: Any) -> E:
        """The entity with these fields changed."""
        saved = await self._told(self._changed, await self._store.save(entity, **changes))
        status = getattr(saved, "status", None)
        if status is not None and status != getattr(entity, "status", None):
            await self._told(self._reaching.get(status), saved)
        return saved

    async def delete(self, id: str) -> None:
        """Delete it; what is gone already is no event."""
        if self._gone is None:
            return await self._store.delete(id)
        try:
            last = await self._store.get(id)
        except NotFound:
            return None
        await self._store.delete(id)
        await self._told(self._gone, last)
        return None

    async def _told(self, kind: EventType[E] | None, entity: E) -> E:
        if kind is not None and not self._events.foreign:  # else it is told once it is found there
            await self._events.publish(kind, entity)
        return entity


def announcing(backend: B, **stores: Announced[Any, Any, Any]) -> B:
    """The backend with these stores in the place of its own, for the service to stand on."""
    following = copy.copy(backend)
    for noun, store in stores.items():
        if not hasattr(backend, noun):
            raise TypeError(f"{type(backend).__name__} keeps no {noun}")
        setattr(following, noun, store)
    return following
