"""Offers, changes, leavings and erasures; employees are found by their tax id."""

from sqlalchemy import Column, Text

from triptych.storage.migrations import add_entity_column, create_entity_table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    add_entity_column("employees", Column("tax_id", Text, unique=True), lambda _: None)
    create_entity_table(
        "offers",
        Column("external_id", Text, unique=True),
        Column("position_id", Text),
        Column("employee_id", Text),
        Column("status", Text),
    )
    create_entity_table(
        "employment_changes",
        Column("employee_id", Text),
        Column("status", Text),
        Column("day", Text, unique=True),
    )
    create_entity_table(
        "leavings", Column("employee_id", Text), Column("status", Text), Column("ending", Text, unique=True)
    )
    create_entity_table("erasures", Column("subject_id", Text, unique=True))
