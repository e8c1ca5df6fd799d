"""The statements that a store of entities runs, each compiled once for its database."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, case, false, func, literal_column, or_, select, tuple_
from sqlalchemy import update as changed
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import CompilerElement

from triptych.storage import shapes
from triptych.storage.database import Database
from triptych.storage.filters import Shape
from triptych.storage.queries import Query

SHAPES = 256
"""How many questions of different shape are kept compiled."""

# PostgreSQL's transaction ids of 64 bits, which never wrap (since version 13)
_THIS_TRANSACTION: ColumnElement[int] = literal_column("pg_current_xact_id()::text::bigint")
ALL_DONE_BELOW: ColumnElement[int] = literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")


class Statements:
    """Statements over one table of entities. They are compiled when first asked for."""

    def __init__(self, database: Database, table: Table) -> None:
        self._database = database
        self._table = table
        self._compiled: dict[Any, Query] = {}

    def _once(self, key: Any, build: Callable[[], CompilerElement]) -> Query:
        found = self._compiled.get(key)
        if found is None:
            if len(self._compiled) >= SHAPES:
                self._compiled.clear()
            found = self._compiled[key] = self._database.compiled(build())
        return found

    def get(self, *columns: str, locked: bool) -> Query:
        """Bodies of those whose columns have the bound values, by default by `id`; oldest first."""

        def build() -> CompilerElement:
            table = self._table
            where = [table.c[name] == bindparam(name, type_=table.c[name].type) for name in columns]
            query = select(table.c.body).where(table.c.deleted.is_(false()), *where)
            if columns != ("id",):
                query = query.order_by(table.c.created_at, table.c.id).limit(1)
            return query.with_for_update() if locked else query

        return self._once(("get", columns, locked), build)

    def find(
        self, shape: Shape, condition: Callable[[], ColumnElement[bool]], *, after: bool, newest_first: bool
    ) -> Query:
        """Bodies of those that fulfil a condition, after a place, up to `how_many`."""

        def build() -> CompilerElement:
            table = self._table
            query = select(table.c.body).where(table.c.deleted.is_(false()), condition())
            if after:
                query = query.where(_after(table, "created_at", "id", backwards=newest_first))
            order = (table.c.created_at, table.c.id)
            if newest_first:
                order = tuple(column.desc() for column in order)
            return query.order_by(*order).limit(bindparam("how_many"))

        return self._once(("find", shape, after, newest_first), build)

    def changes(self) -> Query:
        """(change_tx, change_seq, id, deleted, body) of what changed after a position, in that order."""

        def build() -> CompilerElement:
            table = self._table
            columns = (table.c.change_tx, table.c.change_seq, table.c.id, table.c.deleted, table.c.body)
            query = select(*columns).where(_after(table, "change_tx", "change_seq"))
            if self._database.dialect == "postgresql":
                # sequences are drawn in one order and committed in another: what a transaction below this one
                # may still commit would be missed for ever, so readers stop where the first is still open
                query = query.where(table.c.change_tx < ALL_DONE_BELOW)
            return query.order_by(table.c.change_tx, table.c.change_seq).limit(bindparam("how_many"))

        return self._once("changes", build)

    def insert(self) -> Query:
        """Add a row unless it would repeat an id or a unique value; answers its id if it was added."""

        def build() -> CompilerElement:
            table = self._table
            values = {**self._bound(), **self._change(), "deleted": false()}
            dialect = postgresql if self._database.dialect == "postgresql" else sqlite
            return dialect.insert(table).values(values).on_conflict_do_nothing().returning(table.c.id)

        return self._once("insert", build)

    def update(self) -> Query:
        """Write a row if it still has the version `present`; answers its id if it had."""

        def build() -> CompilerElement:
            table = self._table
            values = {**self._bound(), **self._change()}
            del values["id"], values["created_at"]
            unchanged = (table.c.version == bindparam("present"), table.c.deleted.is_(false()))
            row = table.c.id == bindparam("row", type_=table.c.id.type)
            return changed(table).where(row, *unchanged).values(values).returning(table.c.id)

        return self._once("update", build)

    def delete(self) -> Query:
        """Empty a row and mark it deleted; answers its id if there was something to delete."""

        def build() -> CompilerElement:
            table = self._table
            values: dict[str, Any] = {
                **dict.fromkeys(self._own_columns()),
                **self._change(),
                "deleted": True,
                "body": bindparam("body"),
                "version": table.c.version + 1,
                "updated_at": bindparam("updated_at", type_=table.c.updated_at.type),
            }
            row = table.c.id == bindparam("row", type_=table.c.id.type)
            return (
                changed(table).where(row, table.c.deleted.is_(false())).values(values).returning(table.c.id)
            )

        return self._once("delete", build)

    def taken(self, unique: tuple[str, ...]) -> Query:
        """Which of an entity's unique values, or its id, another row has: a name, or nothing."""

        def build() -> CompilerElement:
            table = self._table
            tests = {
                name: table.c[name] == bindparam(name, type_=table.c[name].type) for name in ("id", *unique)
            }
            others = table.c.id != bindparam("row", type_=table.c.id.type)
            tests = {name: test if name == "id" else test & others for name, test in tests.items()}
            named = case(*((test, name) for name, test in tests.items()))
            return select(named).where(or_(*tests.values())).limit(1)

        return self._once("taken", build)

    def _bound(self) -> dict[str, Any]:
        """Every column that the entity gives a value for."""
        set_elsewhere = {"change_tx", "change_seq", "deleted"}
        columns = [column for column in self._table.c if column.name not in set_elsewhere]
        return {column.name: bindparam(column.name, type_=column.type) for column in columns}

    def _own_columns(self) -> list[str]:
        standard = {"id", "version", "created_at", "updated_at", "change_tx", "change_seq", "deleted", "body"}
        return [column.name for column in self._table.c if column.name not in standard]

    def _change(self) -> Mapping[str, Any]:
        """When this change happens, for the feed."""
        table = self._table
        if self._database.dialect == "postgresql":
            return {"change_tx": _THIS_TRANSACTION, "change_seq": shapes.changes_counter_v1().next_value()}
        same = table.alias("same")
        counted = select(func.coalesce(func.max(same.c.change_seq), 0) + 1).where(same.c.change_tx == 0)
        return {"change_tx": 0, "change_seq": counted.scalar_subquery()}


def _after(table: Table, *columns: str, backwards: bool = False) -> ColumnElement[bool]:
    """Rows that sort after the bound place, or before it."""
    names = tuple_(*(table.c[name] for name in columns))
    place = tuple_(*(bindparam(f"after_{name}", type_=table.c[name].type) for name in columns))
    return names < place if backwards else names > place
