"""Alerts, silences, and notices that are still to be told."""

from alembic import op
from sqlalchemy import Column, Float, Integer, Text

from triptych.storage.types import Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "alerts",
        Column("rule", Text, primary_key=True),
        Column("about", Text, primary_key=True),
        Column("severity", Text, nullable=False),
        Column("summary", Text, nullable=False),
        Column("value", Float, nullable=False),
        Column("since", Moment, nullable=False),
        Column("state", Text, nullable=False),
        Column("told_at", Moment),
    )
    op.create_table(
        "alert_silences",
        Column("id", Text, primary_key=True),
        Column("rule", Text, nullable=False),
        Column("about", Text, nullable=False),
        Column("until", Moment, nullable=False),
        Column("reason", Text, nullable=False),
        Column("actor", Text, nullable=False),
    )
    op.create_table(
        "alert_notices",
        Column("id", Text, primary_key=True),
        Column("channel", Text, nullable=False),
        Column("body", Text, nullable=False),
        Column("made_at", Moment, nullable=False),
        Column("due_at", Moment, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("fault", Text, nullable=False),
    )
    op.create_index("alert_notices_due", "alert_notices", ["due_at"])
