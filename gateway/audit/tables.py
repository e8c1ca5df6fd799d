"""The tables of the audit log, in the gateway's own database."""

from sqlalchemy import BigInteger, Column, MetaData, String, Table, Text

metadata = MetaData()

RECORDS = Table(
    "audit_records",
    metadata,
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

HEAD = Table(
    "audit_head",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("signature", String(64), nullable=False),
)
"""One row: the end of the chain, locked while records are appended: several gateways make one chain."""
