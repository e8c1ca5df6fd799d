"""Equipment that people were given."""

from sqlalchemy import Column, Text

from triptych.storage.migrations import create_entity_table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    create_entity_table(
        "handouts",
        Column("external_id", Text, unique=True),
        Column("person_id", Text),
        Column("sku", Text),
        Column("status", Text),
    )
