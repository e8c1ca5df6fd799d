"""What every service has: the keys of its writes, and its outbox."""

from triptych.storage.migrations import create_service_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_service_tables()
