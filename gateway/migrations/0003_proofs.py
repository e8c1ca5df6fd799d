"""What is spent once beside codes and refresh tokens, and keys that tokens are bound to."""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, String, Text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "spent_ids",
        Column("id", String(64), primary_key=True),
        Column("expires_at", BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "pushed_requests",
        Column("request_hash", String(64), primary_key=True),
        Column("client_id", String(128), ForeignKey("clients.id"), nullable=False, index=True),
        Column("parameters", Text, nullable=False),
        Column("browser_hash", String(64)),
        Column("expires_at", BigInteger, nullable=False, index=True),
        Column("spent_at", BigInteger),
    )
    op.add_column("authorizations", Column("dpop_jkt", String(43)))
    op.add_column("refresh_tokens", Column("dpop_jkt", String(43)))
