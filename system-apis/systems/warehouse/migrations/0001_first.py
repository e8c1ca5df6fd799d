"""Locations, stock, reservations, shipments and returns."""

from sqlalchemy import Boolean, Column, Text

from triptych.storage.migrations import create_entity_table, create_service_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_service_tables()
    create_entity_table(
        "locations", Column("code", Text, unique=True), Column("kind", Text), Column("ships", Boolean)
    )
    create_entity_table(
        "inventory",
        Column("sku", Text),
        Column("location_id", Text),
        Column("place", Text, unique=True),
    )
    create_entity_table("reservations", Column("order_id", Text), Column("status", Text))
    create_entity_table(
        "shipments",
        Column("order_id", Text),
        Column("reservation_id", Text),
        Column("location_id", Text),
        Column("tracking_number", Text),
        Column("status", Text),
    )
    create_entity_table(
        "returns",
        Column("order_id", Text),
        Column("shipment_id", Text),
        Column("location_id", Text),
        Column("status", Text),
    )
