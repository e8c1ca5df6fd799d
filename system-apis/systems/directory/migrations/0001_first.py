"""Accounts and groups."""

from sqlalchemy import Boolean, Column, Text

from triptych.storage.migrations import create_entity_table, create_service_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_service_tables()
    create_entity_table("groups", Column("code", Text, unique=True), Column("by_rule", Boolean))
    create_entity_table(
        "accounts",
        Column("person_id", Text, unique=True),
        Column("login", Text, unique=True),
        Column("status", Text),
    )
