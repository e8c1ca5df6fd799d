"""What was told lately of each entity of a store that is watched."""

from alembic import op
from sqlalchemy import MetaData

from triptych.events.tables import told_v1

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    told_v1(MetaData()).create(op.get_bind())
