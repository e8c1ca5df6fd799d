"""API keys, and the second factors with which people sign in."""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, String, Text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "api_keys",
        Column("id", String(64), primary_key=True),
        Column("key_hash", String(64), nullable=False, unique=True),
        Column("client_id", String(128), ForeignKey("clients.id"), nullable=False, index=True),
        Column("name", Text, nullable=False),
        Column("hint", String(16), nullable=False),
        Column("scope", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False, index=True),
        Column("revoked_at", BigInteger),
        Column("used_at", BigInteger),
    )
    op.create_table(
        "second_factors",
        Column("user_id", String(64), ForeignKey("users.id"), primary_key=True),
        Column("sealed", Text, nullable=False),
        Column("confirmed_at", BigInteger),
        Column("last_step", BigInteger, nullable=False),
    )
    op.create_table(
        "recovery_codes",
        Column("code_hash", String(64), primary_key=True),
        Column("user_id", String(64), ForeignKey("users.id"), nullable=False, index=True),
        Column("spent_at", BigInteger),
    )
    op.add_column("sessions", Column("amr", String(64)))
    op.add_column("authorizations", Column("amr", String(64)))
