"""Catalogue, carts and web orders."""

from sqlalchemy import Boolean, Column, Text

from triptych.storage.migrations import create_entity_table, create_service_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_service_tables()
    create_entity_table(
        "catalogue",
        Column("sku", Text, unique=True),
        Column("category", Text),
        Column("published", Boolean),
        search=True,
    )
    create_entity_table(
        "carts", Column("customer_id", Text), Column("session_id", Text), Column("status", Text)
    )
    create_entity_table(
        "web_orders",
        Column("reference", Text, unique=True),
        Column("cart_id", Text, unique=True),
        Column("customer_id", Text),
        Column("order_id", Text),
        Column("status", Text),
    )
