"""The tables that each shipped service's migrations make are those that its store declares."""

import inspect
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest
from sqlalchemy import Table

from triptych.storage import EntityTable, Storage
from triptych.storage.upgrading import drift

EMBEDDED = sorted(found.name for found in entry_points(group="triptych.backends") if "embedded" in found.name)


def declared(module: ModuleType) -> list[Table]:
    """Every table that a backend's module declares."""
    tables: list[Table] = []
    for value in vars(module).values():
        if isinstance(value, EntityTable):
            tables.append(value.table)
        elif isinstance(value, Table):
            tables.append(cast("Table", value))
    return tables


def test_there_are_services_that_store_something() -> None:
    assert len(EMBEDDED) >= 9


@pytest.mark.parametrize("name", EMBEDDED)
async def test_migrations_lead_to_the_tables_that_are_declared(
    storage: Storage, service: str, name: str
) -> None:
    (entry,) = entry_points(group="triptych.backends", name=name)
    backend = entry.load()
    folder = Path(inspect.getfile(backend)).parents[1] / "migrations"
    tables = declared(inspect.getmodule(backend) or pytest.fail("no module"))
    assert tables
    database = await storage.open(f"{service}-{name.partition('.')[0]}", folder)
    assert await drift(database.engine, tables) == []
    assert backend(database), "its filters ask for columns that are there"
