"""Members and visits."""

from sqlalchemy import Column, Text

from triptych.storage.migrations import create_entity_table, create_service_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_service_tables()
    create_entity_table("members", Column("number", Text, unique=True), Column("sponsor_id", Text))
    create_entity_table("visits", Column("number", Text, unique=True), Column("status", Text))
