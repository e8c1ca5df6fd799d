"""Who calls what in which version, by the hour."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, String

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "usage",
        Column("hour", BigInteger, primary_key=True, autoincrement=False),
        Column("client", String(128), primary_key=True),
        Column("service", String(64), primary_key=True),
        Column("major", Integer, primary_key=True, autoincrement=False),
        Column("version", String(10), primary_key=True),
        Column("operation", String(200), primary_key=True),
        Column("calls", BigInteger, nullable=False),
        Column("refused", BigInteger, nullable=False),
        Column("failed", BigInteger, nullable=False),
        Column("units", BigInteger, nullable=False),
    )
    op.create_index("usage_by_service", "usage", ["service", "major", "hour"])
