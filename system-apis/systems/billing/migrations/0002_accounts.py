"""Billing accounts."""

from sqlalchemy import Column, Text

from triptych.storage.migrations import create_entity_table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    create_entity_table("accounts", Column("customer_id", Text, unique=True))
