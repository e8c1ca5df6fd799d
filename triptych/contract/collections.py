"""Collections: the usual operations on one kind of entity, said once for all contracts."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import Body, Path, Query

from triptych.contract import declaring as http
from triptych.contract.progress import RESTING, Instance
from triptych.contract.values import Changes, Filter, Page, Patch
from triptych.problems import Conflict, InvalidState, NotFound, PreconditionFailed, Problem, Unavailable

E = TypeVar("E")
N = TypeVar("N")
F = TypeVar("F", bound=Filter)
F_contra = TypeVar("F_contra", bound=Filter, contravariant=True)
N_contra = TypeVar("N_contra", contravariant=True)

EntityId = Annotated[str, Path(max_length=64, description="Canonical id.")]
Position = Annotated[
    str, Query(max_length=128, description="Position of the last change that you have seen.")
]
Limit = Annotated[int, Query(ge=1, le=200, description="How many items to answer at most.")]


class ReadOnly(Protocol[E, F_contra]):
    """What can be read of an entity whose writes are named operations."""

    @http.get("")
    async def find(self, filter: Annotated[F_contra | None, Query()] = None) -> Page[E]:
        """Those that match every filter given, a page at a time; oldest first unless asked otherwise."""
        ...

    @http.get("/changes")
    async def changes(self, since: Position = "", limit: Limit = 100) -> Changes[E]:
        """What changed after a position: each entity once, as it stands now; nothing missed or repeated."""
        ...

    @http.get("/{id}", raises=[NotFound])
    async def get(self, id: EntityId) -> E:
        """One of them, by its id."""
        ...


class Creatable(ReadOnly[E, F_contra], Protocol[E, N_contra, F_contra]):
    """What can be read and made; states then move through named operations."""

    @http.post("", status=201, raises=[Conflict], location="/{id}")
    async def create(self, new: Annotated[N_contra, Body()]) -> E:
        """Make one."""
        ...


class Collection(Creatable[E, N, F_contra], Protocol[E, N, F_contra]):
    """Read, make, change and delete."""

    @http.patch("/{id}", raises=[NotFound, Conflict, PreconditionFailed])
    async def update(self, id: EntityId, patch: Annotated[Patch[N], Body()], if_match: str) -> E:
        """Change the fields that the merge patch names, if `if_match` is still the version."""
        ...

    @http.delete("/{id}", status=204)
    async def delete(self, id: EntityId) -> None:
        """Delete it; deleting what is gone already is no error."""
        ...


class Instances(Protocol[E, N_contra]):
    """Processes of one kind: begun, watched, and called off. A service makes it with `engine.Carried`."""

    @http.post("", status=202, raises=[Conflict], location="/{id}")
    async def begin(self, new: Annotated[N_contra, Body()]) -> Instance[E]:
        """Begin one. From now on it comes to its end, over restarts too."""
        ...

    @http.get("/{id}", raises=[NotFound])
    async def get(self, id: EntityId) -> Instance[E]:
        """How far it has come."""
        ...

    @http.get("/{id}/events", raises=[NotFound])
    def follow(self, id: EntityId, last_event_id: str = "") -> AsyncIterator[Instance[E]]:
        """How far it has come, now and after each change, until it rests."""
        ...

    @http.post("/{id}/cancel", status=202, raises=[NotFound, InvalidState], location="/{id}")
    async def cancel(self, id: EntityId) -> Instance[E]:
        """Call it off: what was done is undone."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class Raises:
    """What the writes of one collection answer with, in place of what they usually do.

    `reservations: Annotated[Creatable[…], Raises(create=[InsufficientStock])]`. Usually the second one with a
    unique value is a Conflict, and nothing speaks against a deletion.
    """

    create: Sequence[type[Problem]] | None = None
    update: Sequence[type[Problem]] | None = None
    delete: Sequence[type[Problem]] | None = None


async def every(collection: ReadOnly[E, Any], filter: Filter) -> AsyncIterator[E]:
    """All that match, fetched page by page: `async for order in every(erp.orders, OrderFilter())`."""
    while True:
        page = await collection.find(filter)
        for item in page.items:
            yield item
        if page.next_cursor is None:
            return
        filter = filter.model_copy(update={"cursor": page.next_cursor})


async def settled(instances: Instances[E, Any], id: str) -> Instance[E]:
    """One of them once it rests. Raises NotFound; Unavailable when the service stops before."""
    async for found in instances.follow(id):
        if found.phase in RESTING:
            return found
    raise Unavailable(f"{id} was not followed to its end: the service stops.")
