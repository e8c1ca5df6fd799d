"""Mailings."""

from sqlalchemy import Column, Text

from triptych.storage.migrations import create_entity_table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    create_entity_table(
        "mailings",
        Column("external_id", Text, unique=True),
        Column("email", Text),
        Column("lead_id", Text),
        Column("status", Text),
    )
