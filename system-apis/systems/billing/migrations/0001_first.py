"""Invoices with their counter, payments and refunds."""

from alembic import op
from sqlalchemy import BigInteger, Column, Text

from triptych.storage.migrations import create_entity_table, create_service_tables
from triptych.storage.types import Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_service_tables()
    create_entity_table(
        "invoices",
        Column("number", Text, unique=True),
        Column("order_id", Text),
        Column("customer_id", Text),
        Column("status", Text),
        Column("due_at", Moment()),
    )
    create_entity_table(
        "payments", Column("order_id", Text), Column("customer_id", Text), Column("status", Text)
    )
    create_entity_table(
        "refunds", Column("payment_id", Text), Column("order_id", Text), Column("customer_id", Text)
    )
    op.create_table("counters", Column("name", Text, primary_key=True), Column("value", BigInteger))
