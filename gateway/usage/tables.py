"""The table of usage, in the gateway's own database."""

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table

metadata = MetaData()

USAGE = Table(
    "usage",
    metadata,
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
    Index("usage_by_service", "service", "major", "hour"),
)
"""One row for each hour (its first Unix second), client, version and operation; `units` are weighted."""
