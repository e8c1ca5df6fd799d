"""The shapes of the tables of the events' database: once for migrations, once for statements.

As in `triptych.storage.shapes`, a shape here never changes: a new one gets a new function, and a migration.
"""

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, MetaData, Table, Text

from triptych.storage.shapes import OutboxNumber
from triptych.storage.types import Moment


def events_v1(metadata: MetaData) -> Table:
    """Every event that was told lately, numbered in the order in which they can be read."""
    table = Table(
        "events",
        metadata,
        Column("number", OutboxNumber, Identity(always=True), primary_key=True),
        Column("id", Text, nullable=False, unique=True),
        Column("type", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("customer", Text),
        Column("logged_at", Moment, nullable=False),
        Column("payload", Text, nullable=False),
    )
    Index("ix_events_customer", table.c.customer, table.c.number)
    Index("ix_events_logged_at", table.c.logged_at)
    return table


def subscriptions_v1(metadata: MetaData) -> Table:
    """Which subscriber is told of which type; they stand while their services are away."""
    return Table(
        "subscriptions",
        metadata,
        Column("type", Text, primary_key=True),
        Column("subscriber", Text, primary_key=True),
        Column("service", Text, nullable=False),
    )


def deliveries_v1(metadata: MetaData) -> Table:
    """One event for one subscriber, and how far that has come."""
    table = Table(
        "deliveries",
        metadata,
        Column("event", BigInteger, primary_key=True),
        Column("subscriber", Text, primary_key=True),
        Column("service", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("due", Moment, nullable=False),
        Column("claim", Text),
        Column("holder", Text),
        Column("leased_until", Moment),
        Column("trouble", Text),
        Column("reason", Text),
        Column("ended_at", Moment),
    )
    still_open = table.c.state.in_(["waiting", "behind", "dead"])
    Index(
        "ix_deliveries_open",
        table.c.subscriber,
        table.c.subject,
        table.c.event,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    waiting = table.c.state == "waiting"
    Index(
        "ix_deliveries_waiting",
        table.c.service,
        table.c.due,
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    Index("ix_deliveries_ended_at", table.c.ended_at)
    return table


def feeds_v1(metadata: MetaData) -> Table:
    """How far the changes of each store that is watched have been read."""
    return Table(
        "feeds",
        metadata,
        Column("feed", Text, primary_key=True),
        Column("positions", Text, nullable=False),
        Column("leased_until", Moment),
        Column("read_at", Moment),
    )


def told_v1(metadata: MetaData) -> Table:
    """Of each entity of a store that is watched, what was told last: so a change is told once."""
    return Table(
        "told",
        metadata,
        Column("feed", Text, primary_key=True),
        Column("entity", Text, primary_key=True),
        Column("body", Text, nullable=False),
    )
