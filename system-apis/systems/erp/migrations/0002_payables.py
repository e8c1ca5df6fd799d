"""Suppliers' invoices, payments that go out, and the ledger of what is paid."""

from alembic import op
from sqlalchemy import Column, Text

from triptych.storage.migrations import create_entity_table
from triptych.storage.types import Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    create_entity_table(
        "supplier_invoices",
        Column("purchase_order_id", Text),
        Column("supplier_id", Text),
        Column("number", Text),
        Column("numbered", Text, unique=True),
        Column("status", Text),
        Column("pay", Moment()),
    )
    create_entity_table("outgoing_payments", Column("supplier_id", Text), Column("run", Text))
    op.create_table("paid_invoices", Column("invoice_id", Text, primary_key=True), Column("payment_id", Text))
