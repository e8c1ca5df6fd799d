"""Links of native ids, and redirects of merged canonical ids."""

from alembic import op
from sqlalchemy import Column, Text

from triptych.storage import Moment
from triptych.storage.migrations import create_service_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_service_tables()
    op.create_table(
        "identity_links",
        Column("system", Text, primary_key=True),
        Column("native_id", Text, primary_key=True),
        Column("canonical_id", Text, nullable=False),
        Column("linked_at", Moment, nullable=False),
    )
    op.create_index("ix_identity_links_canonical_id", "identity_links", ["canonical_id"])
    op.create_table(
        "identity_redirects",
        Column("loser_id", Text, primary_key=True),
        Column("winner_id", Text, nullable=False),
        Column("merged_at", Moment, nullable=False),
    )
    op.create_index("ix_identity_redirects_winner_id", "identity_redirects", ["winner_id"])
