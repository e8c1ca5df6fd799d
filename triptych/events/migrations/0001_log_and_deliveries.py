"""The log of all events, who subscribes to which, and what is to be delivered to whom."""

from alembic import op
from sqlalchemy import MetaData

from triptych.events.tables import (
    deliveries_v1,
    events_v1,
    feeds_v1,
    subscriptions_v1,
)
from triptych.storage.migrations import create_service_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_service_tables()
    metadata = MetaData()
    for shape in (events_v1, subscriptions_v1, deliveries_v1, feeds_v1):
        shape(metadata)
    metadata.create_all(op.get_bind(), checkfirst=False)
