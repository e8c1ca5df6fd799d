"""Entities in a service's own database: the store that embedded backends stand on."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from triptych.canonical.base import Entity
from triptych.contract import Changes, Filter, History, Page, Patch
from triptych.ids import new_id
from triptych.problems import Conflict, FieldError, InvalidInput, NotFound, PreconditionFailed
from triptych.storage.cursors import Cursors
from triptych.storage.database import Database
from triptych.storage.filters import PAGING, Filters
from triptych.storage.patching import patched
from triptych.storage.statements import Statements
from triptych.storage.tables import LARGEST, EntityTable, storable
from triptych.validation import invalid_input

E = TypeVar("E", bound=Entity)
N = TypeVar("N", bound=BaseModel)
F = TypeVar("F", bound=Filter)


class EntityStore(Generic[E, F]):
    """Reads entities, and writes them for the service's own operations; `ReadOnly` to the outside.

    Within a write transaction `get` and `get_by` lock what they read, so that reading, checking and writing
    is safe; lists and the feed of changes lock nothing.
    Raises TypeError at once when `filter` has a field that the table has no column for.
    """

    def __init__(self, database: Database, table: EntityTable[E], *, filter: type[F]) -> None:
        self.database = database
        self.table = table
        self._noun = table.entity.__name__
        self._statements = Statements(database, table.table)
        self._filters = Filters(table.table, filter)
        self._cursors = Cursors(database.cursor_key, f"{database.service}.{table.name}")
        self._read = table.entity.model_validate_json

    async def get(self, id: str) -> E:
        """The entity with this id. Raises NotFound."""
        if id.isascii() and id.isprintable():
            query = self._statements.get("id", locked=self.database.writing)
            for row in await self.database.fetch(query, id=id):
                return self._read(row[0])
        raise self._absent(id)

    async def get_by(self, **values: Any) -> E | None:
        """The oldest entity whose columns have these values, or None: `get_by(external_id="C-17")`."""
        query = self._statements.get(*values, locked=self.database.writing)
        with suppress(InvalidInput):  # a value that cannot be stored is found nowhere
            bound = {name: storable(value, f"/{name}") for name, value in values.items()}
            for row in await self.database.fetch(query, **bound):
                return self._read(row[0])
        return None

    async def find(self, filter: F | None = None) -> Page[E]:
        """One page of those that match, oldest first unless asked otherwise. Raises InvalidInput for a bad
        cursor."""
        asked = self._filters.model() if filter is None else filter
        shape, values = self._filters.asked(asked)
        if asked.cursor is not None:
            after = self._cursors.read(asked.cursor, _named(asked))
            values["after_created_at"], values["after_id"] = after
        query = self._statements.find(
            shape,
            lambda: self._filters.conditions(shape),
            after=asked.cursor is not None,
            newest_first=isinstance(asked, History) and asked.newest_first,
        )
        rows = await self.database.fetch(query, how_many=asked.limit + 1, **values)
        items = tuple(self._read(row[0]) for row in rows[: asked.limit])
        if len(rows) <= asked.limit:
            return self.table.page(items=items)
        last = items[-1]
        return self.table.page(
            items=items, next_cursor=self._cursors.made((last.created_at, last.id), _named(asked))
        )

    async def changes(self, since: str = "", limit: int = 100) -> Changes[E]:
        """What changed after a position: each entity once, as it stands now; nothing missed or repeated."""
        after_tx, after_seq = _position(since)
        rows = await self.database.fetch(
            self._statements.changes(),
            after_change_tx=after_tx,
            after_change_seq=after_seq,
            how_many=limit + 1,
        )
        items = tuple(
            self.table.change(id=id, deleted=bool(deleted), entity=None if deleted else self._read(body))
            for _, _, id, deleted, body in rows[:limit]
        )
        if items:
            after_tx, after_seq = rows[len(items) - 1][:2]
        return self.table.changes(items=items, position=f"{after_tx}-{after_seq}", more=len(rows) > limit)

    async def insert(self, entity: E) -> E:
        """Store a new entity as it is. Raises Conflict when its id or a unique value is taken."""
        row = self.table.row(entity)
        async with self.database.write():
            if not await self.database.fetch(self._statements.insert(), **row):
                raise await self._taken(row) or Conflict(f"The {self._noun} exists already.")
        return entity

    async def save(self, entity: E, **changes: Any) -> E:
        """Store the entity with these fields changed, as its next version.

        Raises PreconditionFailed when it was changed since it was read, NotFound when it was deleted,
        Conflict when a unique value is taken, ValidationError when the result is no valid entity.
        """
        following = {**changes, "version": entity.version + 1, "updated_at": max(_now(), entity.updated_at)}
        saved = self.table.entity.model_validate({**_fields(entity), **following})
        return await self._saved(entity, saved)

    async def remove(self, id: str) -> None:
        """Delete an entity: its row stays without content, so that the feed of changes can tell.

        Deleting what is gone, or never was, is no error.
        """
        async with self.database.write():
            if id.isascii() and id.isprintable():
                body = orjson.dumps({"id": id}).decode()
                await self.database.fetch(self._statements.delete(), row=id, body=body, updated_at=_now())

    async def _saved(self, present: E, following: E) -> E:
        row = self.table.row(following)
        moved = [name for name in self.table.unique if self.table.indexed[name](present) != row[name]]
        async with self.database.write():
            if moved and (taken := await self._taken(row, only=moved)) is not None:
                raise taken
            try:
                done = await self.database.fetch(
                    self._statements.update(), row=present.id, present=present.version, **row
                )
            except Exception as error:
                if not self.database.engine.violated(error):
                    raise
                raise Conflict(f"Another {self._noun} was given the same {' or '.join(moved)}.") from error
            if not done:
                raise _stale(self._noun, await self.get(present.id), str(present.version))
        return following

    async def _taken(self, row: Mapping[str, Any], only: list[str] | None = None) -> Conflict | None:
        """The conflict with the row that has one of these unique values already."""
        query = self._statements.taken(self.table.unique)
        values = {name: row[name] if only is None or name in only else None for name in self.table.unique}
        id = row["id"] if only is None else None
        found = await self.database.fetch(query, id=id, row=row["id"], **values)
        if not found:
            return None
        name = str(found[0][0])
        detail = f"{row[name]!r} is taken by another {self._noun}"
        return Conflict(f"{name} {detail}.", errors=[FieldError(pointer=f"/{name}", detail=detail)])

    def _absent(self, id: str) -> NotFound:
        return NotFound(f"There is no {self._noun} {id[:64]!r}.")


class EmbeddedStore(EntityStore[E, F], Generic[E, N, F]):
    """A whole `Collection[E, N, F]` in the service's own database.

    `new` is the model that entities are created and patched with; its fields are fields of the entity.
    """

    def __init__(self, database: Database, table: EntityTable[E], *, new: type[N], filter: type[F]) -> None:
        super().__init__(database, table, filter=filter)
        self._new = new
        foreign = new.model_fields.keys() - table.entity.model_fields.keys()
        if foreign:
            raise TypeError(f"{new.__name__}.{min(foreign)} is no field of {table.entity.__name__}")

    def new(self, new: N, **state: Any) -> E:
        """The entity made of the new one's values, a fresh id, the present moment and `state`; not stored."""
        now = _now()
        given = {"id": new_id(self.table.entity.prefix), "created_at": now, "updated_at": now, **state}
        return self.table.entity.model_validate({**_fields(new), **given})

    async def create(self, new: N) -> E:
        """Make one. Raises Conflict when a unique value is taken."""
        return await self.add(new)

    async def add(self, new: N, **state: Any) -> E:
        """Make one that begins in `state`. Raises Conflict when a unique value is taken."""
        return await self.insert(self.new(new, **state))

    async def update(self, id: str, patch: Patch[N], if_match: str) -> E:
        """Change what the patch names. A patch that changes nothing leaves the version as it is.

        Raises NotFound, PreconditionFailed when `if_match` (a version, or `*` for any) is not the present
        one, InvalidInput when the result would not be valid, Conflict when a unique value is taken.
        """
        async with self.database.write():
            present = await self.get(id)
            if if_match not in (str(present.version), "*"):
                raise _stale(self._noun, present, if_match)
            try:
                changes = patched(present, patch, self._new)
                unchanged = self.table.entity.model_validate({**_fields(present), **changes}) == present
                return present if unchanged else await self.save(present, **changes)
            except ValidationError as error:
                raise invalid_input(error) from error

    async def delete(self, id: str) -> None:
        """Delete it; deleting what is gone already is no error."""
        await self.remove(id)


def _fields(model: BaseModel) -> dict[str, Any]:
    """The model's values, themselves dumped: entities and their New models may nest different classes."""
    return model.model_dump()


def _now() -> datetime:
    return datetime.now(UTC)


def _named(filter: Filter) -> bytes:
    """What a question asks for, without where it is: cursors are bound to it."""
    return filter.model_dump_json(exclude=PAGING).encode()


def _position(since: str) -> tuple[int, int]:
    transaction, separator, sequence = (since or "0-0").partition("-")
    if separator and transaction.isdecimal() and sequence.isdecimal() and since.isascii():
        position = int(transaction), int(sequence)
        if max(position) <= LARGEST:
            return position
    detail = "is no position of this feed: take the one that the feed answered, or none to begin"
    raise InvalidInput(f"since {detail}.", errors=[FieldError(pointer="?since", detail=detail)])


def _stale(noun: str, present: Entity, expected: str) -> PreconditionFailed:
    return PreconditionFailed(
        f"{noun} {present.id} is at version {present.version}, not {expected[:20]}: read it again.",
        version=present.version,
    )
