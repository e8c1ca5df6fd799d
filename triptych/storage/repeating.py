"""What happens before a write is repeated of whose first attempt nobody knows the outcome.

Backends in the service's own database need none of this: effect and key commit together there. One that
stands on another system says for each write how a repeat of it is made safe::

    class AcmeBilling:
        repeats = {
            "payments.create": FindFirst(by=("order_id",), visible_after=5),
            "payments.save": FindFirst(by=("status",), visible_after=5),
            "refunds.create": Again(),
        }

A write that is not named is left to a person. `create` stands for `add` too; deleting is repeated as it is.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar, get_args

import structlog
from pydantic import BaseModel, TypeAdapter

from triptych.canonical.base import Entity
from triptych.context import current, idempotency_key
from triptych.contract import Api, Changes, Filter, Page, Patch, operations
from triptych.problems import IdempotencyKeyInFlight, OutcomeUnknown, Overloaded, Problem
from triptych.storage.database import Database, lease
from triptych.storage.records import Attempt
from triptych.storage.seam import Store

log = structlog.get_logger(__name__)
E = TypeVar("E", bound=Entity)
N = TypeVar("N", bound=BaseModel)
F = TypeVar("F", bound=Filter)

VERBS = ("create", "save", "update", "delete")
KEPT_SECONDS = 400 * 86_400.0
"""How long the answer of a write is kept for its repeat: longer than any process runs."""


@dataclass(frozen=True, slots=True)
class Again:
    """The system keeps keys itself, or the write has the same effect however often it is made.

    The key of the write is `current().idempotency_key`: the same at each repeat.
    """


@dataclass(frozen=True, slots=True)
class FindFirst:
    """It is looked for, and repeated only when it is not there.

    What was made is found by the fields in `by`, which together belong to nothing else; one of them at least
    is in the filter. A change took effect when the fields in `by` are what they should become; of an `update`
    they are those of its patch. Raises ValueError for a time that cannot be meant.
    """

    by: tuple[str, ...] = ()
    visible_after: float = 0.0
    """Seconds after the end of an attempt from which on its effect can be read, if it had one."""

    def __post_init__(self) -> None:
        if self.visible_after < 0:
            raise ValueError("an effect cannot be readable before it is made: visible_after is less than 0")


@dataclass(frozen=True, slots=True)
class AskAPerson:
    """It cannot be looked for: whoever asked for it is told so, and a process is parked for a person."""


Repeating = Again | FindFirst | AskAPerson


class Attempted(Generic[E, N, F]):
    """A store in another system: none of its writes is repeated blindly; everything else is its own."""

    def __init__(
        self,
        store: Store[E, N, F],
        database: Database,
        noun: str,
        repeats: Mapping[str, Repeating],
        entity: TypeAdapter[E],
        filter: type[F],
    ) -> None:
        self._store = store
        self._database = database
        self._noun = noun
        self._repeats = repeats
        self._entity = entity
        self._filter = filter

    def __getattr__(self, name: str) -> Any:
        """What this store can besides."""
        return getattr(self._store, name)

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
        return await self._once(
            "create", "", lambda: self._store.create(new), lambda how: self._made(how, dict(new))
        )

    async def add(self, new: N, **state: Any) -> E:
        """Make one in the state that it begins in."""
        given = {**dict(new), **state}
        return await self._once(
            "create", "", lambda: self._store.add(new, **state), lambda how: self._made(how, given)
        )

    async def save(self, entity: E, **changes: Any) -> E:
        """The entity with these fields changed."""
        return await self._once(
            "save",
            entity.id,
            lambda: self._store.save(entity, **changes),
            lambda how: self._changed(how, entity.id, changes),
        )

    async def update(self, id: str, patch: Patch[N], if_match: str) -> E:
        """Change the fields that the patch names."""
        return await self._once(
            "update",
            id,
            lambda: self._store.update(id, patch, if_match),
            lambda _: self._patched(id, patch),
        )

    async def delete(self, id: str) -> None:
        """Delete it; deleting what is gone already is no error."""
        await self._store.delete(id)

    async def _once(self, verb: str, id: str, write: Callable[[], Awaitable[E]], look: "Look[E]") -> E:
        """What the write answers, or answered when it was made before with this call's key."""
        what = f"{self._noun}.{verb}"
        key = current().derived_key(f"{what} {id}" if id else what)
        how = self._repeats.get(verb, AskAPerson())
        if key is None:
            return await write()
        with idempotency_key(key):
            if isinstance(how, Again):
                return await write()
            scope = f"backend of {self._database.service}"
            async with self._database.keys.attempted(scope, key, what, KEPT_SECONDS, lease()) as attempt:
                if attempt.replayed:
                    return self._entity.validate_json(attempt.body or "null")
                answer = await self._found(what, how, attempt, look) or await _tried(attempt, write)
                attempt.store(self._entity.dump_json(answer).decode())
                return answer

    async def _found(self, what: str, how: Repeating, attempt: Attempt, look: "Look[E]") -> E | None:
        """What an attempt before this one did, if there was one and it did anything."""
        if attempt.over_at is None:
            return None
        if not isinstance(how, FindFirst):
            raise self._unknown(what, "nobody has said how it can be looked for")
        readable = attempt.over_at + timedelta(seconds=how.visible_after)
        wait = (readable - datetime.now(UTC)).total_seconds()
        if wait > 0:
            raise IdempotencyKeyInFlight(
                f"Whether {what} took effect can be seen in {wait:.1f} s.", retry_after=round(wait + 0.05, 2)
            )
        found = await look(how)
        service = self._database.service
        log.warning("a write was looked for", service=service, write=what, found=found is not None)
        return found

    async def _made(self, how: FindFirst, given: Mapping[str, Any]) -> E | None:
        """What was made of what is given."""
        what, wanted = f"{self._noun}.create", {name: given.get(name) for name in how.by}
        if None in wanted.values():
            raise self._unknown(what, f"it is found by {' and '.join(how.by)}, which it has not got")
        asked: dict[str, Any] = {
            name: value for name, value in wanted.items() if name in self._filter.model_fields
        }
        page = await self._store.find(self._filter(**asked))
        found = [one for one in page.items if _has(one, wanted)]
        if len(found) > 1 or page.next_cursor is not None:
            raise self._unknown(what, f"more than one has the same {' and '.join(how.by)}")
        return found[0] if found else None

    async def _changed(self, how: FindFirst, id: str, changes: Mapping[str, Any]) -> E | None:
        """The entity, if it has become what it should."""
        wanted = {name: changes[name] for name in how.by if name in changes}
        if not wanted:
            raise self._unknown(f"{self._noun}.save", f"it changes no {' or '.join(how.by)}")
        present = await self._store.get(id)
        return present if _has(present, wanted) else None

    async def _patched(self, id: str, patch: Patch[N]) -> E | None:
        """The entity, if the patch would change nothing in it any more."""
        present = await self._store.get(id)
        document = present.model_dump(mode="json", exclude_none=True)
        return present if patch.apply(document) == document else None

    def _unknown(self, what: str, because: str) -> OutcomeUnknown:
        service = self._database.service
        return OutcomeUnknown(
            f"Whether {service}.{what} took effect is unknown, and {because}: "
            f"somebody has to look in the system behind {service}.",
            write=f"{service}.{what}",
        )


Look = Callable[[FindFirst], Awaitable[E | None]]
"""Finds what a write did, if it did anything."""


async def _tried(attempt: Attempt, write: Callable[[], Awaitable[E]]) -> E:
    attempt.begin()
    try:
        return await write()
    except Problem as problem:
        if 400 <= problem.status < 500 or isinstance(problem, Overloaded):
            attempt.end()  # it was refused, so nothing was done
        raise


def _has(entity: Entity, wanted: Mapping[str, Any]) -> bool:
    """Whether the entity has these values, compared as JSON."""
    present = entity.model_dump(mode="json", include=set(wanted))
    return all(name in present and present[name] == _json(value) for name, value in wanted.items())


_VALUES: TypeAdapter[Any] = TypeAdapter(Any)


def _json(value: Any) -> Any:
    return _VALUES.dump_python(value, mode="json")


def attempting(backend: Any, contract: type[Api], database: Database) -> None:
    """Put stores that repeat no write blindly in the place of a backend's own, in the backend.

    Raises TypeError for what it says of writes that there are not, or that cannot be found in this way.
    """
    said: Mapping[str, Repeating] = getattr(backend, "repeats", {})
    kinds = {found.attribute: found for found in operations(contract) if len(found.attribute) == 2}
    filters = {
        noun: next(kind for kind in _inside(find.parameters[0].annotation) if issubclass(kind, Filter))
        for (noun, verb), find in kinds.items()
        if verb == "find" and hasattr(backend, noun)
    }
    for fault in _faults(said, filters):
        raise TypeError(f"{type(backend).__name__}.repeats: {fault}")
    for noun, filter in filters.items():
        own = {name.partition(".")[2]: how for name, how in said.items() if name.startswith(f"{noun}.")}
        store = Attempted(getattr(backend, noun), database, noun, own, kinds[noun, "get"].result, filter)
        setattr(backend, noun, store)


def _faults(said: Mapping[str, Repeating], filters: Mapping[str, type[Filter]]) -> Iterable[str]:
    for name, how in said.items():
        noun, _, verb = name.partition(".")
        if noun not in filters or verb not in VERBS:
            yield f"there is no write {name}"
        elif not isinstance(how, FindFirst):
            continue
        elif verb == "save" and not how.by:
            yield f"{name} does not say which fields tell that it took effect"
        elif verb == "create" and not set(how.by) & set(filters[noun].model_fields):
            yield f"{name} is found by no field that {filters[noun].__name__} has"


def _inside(annotation: Any) -> Iterable[type[Any]]:
    """The classes in an annotation."""
    if isinstance(annotation, type):
        yield annotation
    for part in get_args(annotation):
        yield from _inside(part)
