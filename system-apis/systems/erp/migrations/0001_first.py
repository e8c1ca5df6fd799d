"""Products, suppliers, orders and purchases."""

from sqlalchemy import Boolean, Column, Text

from triptych.storage.migrations import create_entity_table, create_service_tables
from triptych.storage.types import Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_service_tables()
    create_entity_table(
        "products",
        Column("sku", Text, unique=True),
        Column("external_id", Text, unique=True),
        Column("category", Text),
        Column("supplier_id", Text),
        Column("discontinued", Boolean),
        Column("gtin", Text, unique=True),
        search=True,
    )
    create_entity_table("suppliers", Column("external_id", Text, unique=True), search=True)
    create_entity_table(
        "orders",
        Column("external_id", Text, unique=True),
        Column("reference", Text),
        Column("customer_id", Text),
        Column("channel", Text),
        Column("placed_by", Text),
        Column("status", Text),
        Column("ordered_at", Moment()),
    )
    create_entity_table(
        "purchase_orders",
        Column("external_id", Text, unique=True),
        Column("supplier_id", Text),
        Column("location_id", Text),
        Column("status", Text),
    )
    create_entity_table(
        "goods_receipts",
        Column("purchase_order_id", Text),
        Column("location_id", Text),
        Column("delivery_note", Text),
    )
