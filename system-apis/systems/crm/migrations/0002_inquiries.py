"""Inquiries, sales representatives, and what leads and customers are known again by."""

import re
from typing import Any

from sqlalchemy import Boolean, Column, Text

from triptych.storage.migrations import add_entity_column, create_entity_table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    create_entity_table(
        "inquiries", Column("external_id", Text), Column("lead_id", Text), Column("source", Text)
    )
    create_entity_table("sales_reps", Column("external_id", Text, unique=True), Column("active", Boolean))
    add_entity_column("customers", Column("tax_id", Text), _company_number)
    add_entity_column("leads", Column("phone", Text), lambda lead: lead.get("phone"))
    add_entity_column("leads", Column("tax_id", Text), _company_number)
    add_entity_column("leads", Column("owner_id", Text), lambda lead: lead.get("owner_id"))


def _company_number(party: dict[str, Any]) -> str | None:
    plain = re.sub(r"[^0-9A-Za-z]", "", party.get("tax_id") or "").upper()
    return plain if len(plain) >= 5 and any(sign.isdigit() for sign in plain) else None
