"""The audit log's tables."""

from alembic import op
from sqlalchemy import BigInteger, Column, String, Text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "audit_records",
        Column("sequence", BigInteger, primary_key=True, autoincrement=False),
        Column("time", String(27), nullable=False),
        Column("actor", Text, nullable=False),
        Column("client", Text, nullable=False),
        Column("action", Text, nullable=False),
        Column("object", Text, nullable=False),
        Column("outcome", Text, nullable=False),
        Column("request_id", Text, nullable=False),
        Column("details", Text, nullable=False),
        Column("previous", String(64), nullable=False),
        Column("hash", String(64), nullable=False),
    )
    head = op.create_table(
        "audit_head",
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("sequence", BigInteger, nullable=False),
        Column("hash", String(64), nullable=False),
        Column("signature", String(64), nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "sequence": 0, "hash": "0" * 64, "signature": ""}])
