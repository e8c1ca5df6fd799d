"""Parts, as `tests/triptych/storage/things.py` declares them."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Text

from triptych.storage import Moment
from triptych.storage.migrations import create_entity_table, create_service_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_service_tables()
    create_entity_table(
        "parts",
        Column("code", Text, unique=True),
        Column("colour", Text),
        Column("weight", BigInteger),
        Column("hollow", Boolean),
        Column("made_at", Moment),
        Column("checked", Date),
        Column("country", Text),
        Column("first_word", Text),
        search=True,
    )
