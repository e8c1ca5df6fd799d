"""Customers, leads and quotes."""

from sqlalchemy import Column, Text

from triptych.storage.migrations import create_entity_table, create_service_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_service_tables()
    create_entity_table(
        "customers",
        Column("external_id", Text, unique=True),
        Column("email", Text),
        Column("phone", Text),
        Column("kind", Text),
        Column("segment", Text),
        Column("status", Text),
        search=True,
    )
    create_entity_table(
        "leads",
        Column("external_id", Text, unique=True),
        Column("email", Text),
        Column("source", Text),
        Column("status", Text),
        Column("customer_id", Text),
        search=True,
    )
    create_entity_table(
        "quotes",
        Column("external_id", Text, unique=True),
        Column("reference", Text),
        Column("customer_id", Text),
        Column("lead_id", Text),
        Column("status", Text),
    )
