"""Where each value of a view comes from: its system, record and field."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from processes.customer_360.contract import CustomerView, Origin
from triptych.canonical.base import Entity

SYSTEMS = {
    "customer": "crm",
    "orders": "erp",
    "shipments": "warehouse",
    "invoices": "billing",
    "payments": "billing",
    "tickets": "support",
    "messages": "marketing",
    "consents": "marketing",
}
"""The system of record of each part."""


def origins_of(view: CustomerView) -> tuple[Origin, ...]:
    """One origin for each value that a system gave; what the view itself added up has none."""
    now = datetime.now(UTC)
    return tuple(
        Origin(pointer=prefix + path, system=system, record=record.id, field=path[1:], fetched_at=now)
        for part, system in SYSTEMS.items()
        for prefix, record in _records(part, getattr(view, part))
        for path in _paths(record.model_dump(mode="json", exclude_none=True))
    )


def _records(part: str, value: Any) -> Iterator[tuple[str, Entity]]:
    if isinstance(value, Entity):
        yield f"/{part}", value
    else:
        for place, record in enumerate(cast("tuple[Entity, ...]", value)):
            yield f"/{part}/{place}", record


def _paths(value: Any, at: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in cast("Mapping[str, Any]", value).items():
            yield from _paths(item, f"{at}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for place, item in enumerate(cast("list[Any]", value)):
            yield from _paths(item, f"{at}/{place}")
    else:
        yield at
