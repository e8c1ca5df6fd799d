"""Employees, positions and onboarding tasks."""

from sqlalchemy import Column, Date, Text

from triptych.storage.migrations import create_entity_table, create_service_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_service_tables()
    create_entity_table(
        "employees",
        Column("external_id", Text, unique=True),
        Column("email", Text),
        Column("position_id", Text),
        Column("manager_id", Text),
        Column("status", Text),
        search=True,
    )
    create_entity_table(
        "positions", Column("code", Text, unique=True), Column("department", Text), Column("status", Text)
    )
    create_entity_table(
        "onboarding_tasks",
        Column("employee_id", Text),
        Column("department", Text),
        Column("status", Text),
        Column("due_on", Date),
    )
