"""The shapes of the tables that every service has: once for migrations, once for statements.

Migrations are history, so a shape here never changes. A new one gets a new function, and a migration that
leads from the old one to it.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)
from sqlalchemy import Sequence as Counter
from sqlalchemy.types import TypeEngine

from triptych.storage.types import Moment

CHANGES_COUNTER = "changes_seq"
"""On PostgreSQL the sequence that numbers the changes of one service."""

OutboxNumber: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")


def entity_table_v1(name: str, metadata: MetaData, columns: Sequence[Column[Any]], *, search: bool) -> Table:
    """A table of entities: each one's JSON document, and beside it what lists are filtered by.

    `change_tx` and `change_seq` say when the row last changed: (transaction id, sequence) on PostgreSQL,
    (0, counter of the table) on SQLite. A deleted row stays, without its content, for the feed of changes.
    """
    unique = {said_unique(column) for column in columns}
    table = Table(
        name,
        metadata,
        Column("id", Text, primary_key=True),
        Column("version", BigInteger, nullable=False),
        Column("created_at", Moment, nullable=False),
        Column("updated_at", Moment, nullable=False),
        Column("change_tx", BigInteger, nullable=False),
        Column("change_seq", BigInteger, nullable=False),
        Column("deleted", Boolean, nullable=False),
        Column("body", Text, nullable=False),
        *([Column("search", Text)] if search else []),
        *columns,
    )
    Index(f"ix_{name}_created", table.c.created_at, table.c.id)
    Index(f"ix_{name}_changed", table.c.change_tx, table.c.change_seq, unique=True)
    for column in columns:
        entity_index_v1(table, column, unique=column.name in unique)
    return table


def said_unique(column: Column[Any]) -> str:
    """The column's name if it is unique; the index will say so, under a name that both databases keep."""
    was, column.unique = column.unique, None
    return column.name if was else ""


def entity_index_v1(table: Table, column: Column[Any], *, unique: bool) -> Index:
    """Its own index, where the column is unique; otherwise one that also gives lists their order."""
    if unique:
        return Index(f"uq_{table.name}_{column.name}", column, unique=True)
    return Index(f"ix_{table.name}_{column.name}", column, table.c.created_at, table.c.id)


def idempotency_keys_v1(metadata: MetaData) -> Table:
    """Keys of writes, and their stored answers."""
    table = Table(
        "idempotency_keys",
        metadata,
        Column("scope", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("fingerprint", Text, nullable=False),
        Column("body", Text),
        Column("claim", Text, nullable=False),
        Column("leased_until", Moment),
        Column("created_at", Moment, nullable=False),
        Column("expires_at", Moment, nullable=False),
    )
    Index("ix_idempotency_keys_expires_at", table.c.expires_at)
    return table


def outbox_v1(metadata: MetaData) -> Table:
    """Events that were written together with what they tell of, and are not delivered yet."""
    return Table(
        "outbox",
        metadata,
        Column("number", OutboxNumber, Identity(always=True), primary_key=True),
        Column("id", Text, nullable=False, unique=True),
        Column("type", Text, nullable=False),
        Column("source", Text, nullable=False),
        Column("subject", Text),
        Column("time", Moment, nullable=False),
        Column("payload", Text, nullable=False),
    )


def changes_counter_v1() -> Counter:
    """Numbers the changes of one service, on PostgreSQL."""
    return Counter(CHANGES_COUNTER)
