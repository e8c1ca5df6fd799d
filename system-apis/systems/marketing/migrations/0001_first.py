"""Audiences, members, consent, campaigns and messages."""

from sqlalchemy import Boolean, Column, Text

from triptych.storage.migrations import create_entity_table, create_service_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_service_tables()
    create_entity_table("audiences", Column("external_id", Text, unique=True), search=True)
    create_entity_table(
        "audience_members",
        Column("audience_id", Text),
        Column("email", Text),
        Column("customer_id", Text),
        Column("membership", Text, unique=True),
    )
    create_entity_table(
        "consents",
        Column("email", Text),
        Column("customer_id", Text),
        Column("channel", Text),
        Column("granted", Boolean),
    )
    create_entity_table(
        "campaigns",
        Column("external_id", Text, unique=True),
        Column("audience_id", Text),
        Column("status", Text),
        search=True,
    )
    create_entity_table(
        "messages", Column("customer_id", Text), Column("order_id", Text), Column("status", Text)
    )
