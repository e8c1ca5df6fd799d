"""The tables of alerts, in the operations service's own database."""

from sqlalchemy import Column, Float, Index, Integer, MetaData, Table, Text

from triptych.storage.types import Moment

metadata = MetaData()

ALERTS = Table(
    "alerts",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("about", Text, primary_key=True),
    Column("severity", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("value", Float, nullable=False),
    Column("since", Moment, nullable=False),
    Column("state", Text, nullable=False),
    Column("told_at", Moment),
)
"""What holds now: `pending` until it has lasted long enough, then `firing`; gone once it is over."""

SILENCES = Table(
    "alert_silences",
    metadata,
    Column("id", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("until", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
)

NOTICES = Table(
    "alert_notices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("fault", Text, nullable=False),
    Index("alert_notices_due", "due_at"),
)
"""What is still to be told: written together with the change that it tells of, gone once it was taken."""
