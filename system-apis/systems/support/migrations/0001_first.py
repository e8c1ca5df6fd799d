"""Tickets and comments."""

from sqlalchemy import Boolean, Column, Text

from triptych.storage.migrations import create_entity_table, create_service_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_service_tables()
    create_entity_table(
        "tickets",
        Column("external_id", Text, unique=True),
        Column("customer_id", Text),
        Column("requester_email", Text),
        Column("order_id", Text),
        Column("status", Text),
        Column("priority", Text),
        Column("assignee", Text),
        search=True,
    )
    create_entity_table(
        "comments", Column("ticket_id", Text), Column("author_kind", Text), Column("internal", Boolean)
    )
