"""Listings and marketplace orders."""

from sqlalchemy import Column, Text

from triptych.storage.migrations import create_entity_table, create_service_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_service_tables()
    create_entity_table(
        "listings",
        Column("marketplace", Text),
        Column("external_id", Text),
        Column("sku", Text),
        Column("status", Text),
        Column("offer", Text, unique=True),
    )
    create_entity_table(
        "orders",
        Column("marketplace", Text),
        Column("external_id", Text),
        Column("status", Text),
        Column("order_id", Text),
        Column("origin", Text, unique=True),
    )
