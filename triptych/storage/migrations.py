"""What migrations are written with: `create_service_tables()`, `create_entity_table("customers", …)`.

A migration is frozen in time: it names columns, and never imports the models of today::

    revision = "0001"
    down_revision = None

    def upgrade() -> None:
        create_service_tables()
        create_entity_table("customers", Column("email", Text), Column("code", Text, unique=True))

For everything else there is `alembic.op`. Bodies are JSON texts; when a model loses or renames a field, or
gets one without a default, `rewrite_bodies` takes the stored ones along.
"""

import json
from collections.abc import Callable
from typing import Any

from alembic import op
from sqlalchemy import Column, MetaData, Table, Text, bindparam, column, select, table, update
from sqlalchemy.schema import CreateSequence

from triptych.storage import shapes
from triptych.storage.types import Moment

Document = dict[str, Any]
ROWS_AT_ONCE = 500


def create_service_tables() -> None:
    """The tables that every service has; in its first migration."""
    connection = op.get_bind()
    metadata = MetaData()
    shapes.idempotency_keys_v1(metadata)
    shapes.outbox_v1(metadata)
    metadata.create_all(connection, checkfirst=False)
    if connection.dialect.name == "postgresql":
        connection.execute(CreateSequence(shapes.changes_counter_v1()))


def create_entity_table(name: str, *columns: Column[Any], search: bool = False) -> None:
    """A table for entities, with an index for each column; `search` where lists can be asked for `q`."""
    shapes.entity_table_v1(name, MetaData(), columns, search=search).create(op.get_bind())


def add_entity_column(name: str, added: Column[Any], value: Callable[[Document], Any]) -> None:
    """A further column with its index; `value` gives what it holds for a row, from the row's document."""
    op.add_column(name, Column(added.name, added.type))
    _each_body(name, lambda document: {added.name: value(document)}, added)
    unique = shapes.said_unique(added) != ""
    table = Table(name, MetaData(), Column("created_at", Moment), Column("id", Text), added)
    shapes.entity_index_v1(table, added, unique=unique).create(op.get_bind())


def rewrite_bodies(name: str, rewritten: Callable[[Document], Document]) -> None:
    """Bring stored documents into the form that today's model reads. Versions stay as they are."""
    _each_body(name, lambda document: {"body": json.dumps(rewritten(document))}, Column("body", Text))


def _each_body(name: str, changes: Callable[[Document], Document], changed: Column[Any]) -> None:
    connection = op.get_bind()
    rows = table(name, column("id"), column("body"), column("deleted"), column(changed.name, changed.type))
    change = update(rows).where(rows.c.id == bindparam("row")).values({changed.name: bindparam("value")})
    last = ""
    while True:
        page = select(rows.c.id, rows.c.body).where(rows.c.deleted.is_(False), rows.c.id > last)
        found = connection.execute(page.order_by(rows.c.id).limit(ROWS_AT_ONCE)).all()
        if not found:
            return
        values = [{"row": row.id, "value": changes(json.loads(row.body))[changed.name]} for row in found]
        connection.execute(change, values)
        last = found[-1].id
