"""Tables that the engine keeps beside DBOS's own, and that more than one part of it uses."""

import sqlalchemy as sa


def waits_table(metadata: sa.MetaData) -> sa.Table:
    """What processes wait for, and what they were told."""
    waits = sa.Table(
        "triptych_waits",
        metadata,
        sa.Column("process", sa.Text, primary_key=True),
        sa.Column("wait", sa.Text, primary_key=True),
        sa.Column("answer", sa.Text),
        sa.Column("message", sa.Text),
        sa.Column("until", sa.BigInteger),
    )
    unanswered = waits.c.answer.is_(None)
    sa.Index("triptych_open_waits", waits.c.until, sqlite_where=unanswered, postgresql_where=unanswered)
    return waits


def terms_table(metadata: sa.MetaData) -> sa.Table:
    """Which processes had to do with a name; of names only keyed hashes are kept."""
    return sa.Table(
        "triptych_terms",
        metadata,
        sa.Column("term", sa.LargeBinary, primary_key=True),
        sa.Column("process", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
