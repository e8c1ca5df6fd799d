"""Brings a service's tables up to date, once, whoever starts first; and tells when they are not as declared.

Each service has a folder `migrations` with files `0001_what_it_does.py`, in Alembic's form: `revision` is
the number of the file, `down_revision` the one before. They only lead forward.
"""

import asyncio
import traceback
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table

from triptych.storage import shapes
from triptych.storage.engine import Engine
from triptych.storage.errors import StorageError
from triptych.storage.sessions import Session

COMMON = Path(__file__).parent / "common_migrations"
"""For a service that stores nothing but the keys of its writes, and its events."""

_HAS_REVISION = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'",
    "postgresql": "SELECT 1 FROM pg_tables WHERE schemaname = '{schema}' AND tablename = 'alembic_version'",
}


async def upgrade(engine: Engine, service: str, folder: Path | None) -> None:
    """Run the migrations that are still missing, all or none. Raises StorageError.

    When nothing is missing, which is nearly always, Alembic (1 s of imports) is not even loaded.
    """
    known = await asyncio.to_thread(_revisions, folder)
    newest = max(known)
    async with engine.reading() as session:
        if await _revision(engine, session) == newest:
            return
    # Alembic first: whoever imports it with the lock in hand has others wait for that, who start as well
    await asyncio.to_thread(import_module, "alembic.command")
    async with engine.writing() as session:
        await engine.only_one(session, "migrations")
        present = await _revision(engine, session)
        if present == newest:
            return  # another process did it, while this one waited
        if present is not None and present not in known:
            raise StorageError(
                f"The tables of {service} in {engine.place} are at revision {present}, and this version of "
                f"Triptych knows them up to {newest} only. Run the newer version, or restore a backup."
            )
        if engine.schema is not None:
            await session.fetch(f'SET LOCAL search_path TO "{engine.schema}"', [])
        await session.connection.run_sync(_migrate, known[newest].parent)
        reached = await _revision(engine, session)
        if reached != newest:
            raise StorageError(
                f"{known[newest]} has to declare revision = {newest!r}: Alembic ended at {reached!r}."
            )


async def drift(engine: Engine, tables: Iterable[Table]) -> list[str]:
    """How the tables in the database differ from those declared, a line for each; for a test.

    The tables that every service has are compared as well.
    """
    metadata = MetaData()
    for table in tables:
        table.to_metadata(metadata)
    shapes.idempotency_keys_v1(metadata)
    shapes.outbox_v1(metadata)
    async with engine.writing() as session:
        if engine.schema is not None:
            await session.fetch(f'SET LOCAL search_path TO "{engine.schema}"', [])
        return await session.connection.run_sync(_differences, metadata)


def _revisions(folder: Path | None) -> dict[str, Path]:
    """The migrations of a folder, by number; those common to all services, where it has none."""
    for place in (folder, COMMON):
        found = sorted(place.glob("[0-9][0-9][0-9][0-9]_*.py")) if place else []
        if found:
            return {path.name[:4]: path for path in found}
    raise StorageError(f"There are no migrations in {COMMON}: the installation is incomplete.")


async def _revision(engine: Engine, session: Session) -> str | None:
    """The number of the last migration that was run; None in an empty database."""
    if not await session.fetch(_HAS_REVISION[engine.dialect.name].format(schema=engine.schema), []):
        return None
    prefix = f'"{engine.schema}".' if engine.schema else ""
    rows = await session.fetch(f"SELECT version_num FROM {prefix}alembic_version", [])  # noqa: S608 - our schema
    return rows[0][0] if rows else None


def _migrate(connection: Connection, folder: Path) -> None:
    from alembic import command
    from alembic.config import Config

    settings = {
        "script_location": Path(__file__).parent / "alembic",
        "version_locations": folder,
        "path_separator": "os",
    }
    config = Config(attributes={"connection": connection})
    for name, value in settings.items():
        config.set_main_option(name, str(value).replace("%", "%%"))
    try:
        command.upgrade(config, "head")
    except Exception as error:
        where = [step.filename for step in traceback.extract_tb(error.__traceback__)]
        ours = [name for name in where if Path(name).parent == folder]
        raise StorageError(
            f"The migration {(ours or [folder])[-1]} failed, and nothing was changed: {error}"
        ) from error


def _differences(connection: Connection, metadata: MetaData) -> list[str]:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    context = MigrationContext.configure(connection)
    return [_in_words(found) for found in compare_metadata(context, metadata)]


def _in_words(found: Any) -> str:
    """Alembic answers tuples such as ("add_column", None, "customers", Column(…)), and lists of them."""
    if isinstance(found, list):
        return "; ".join(_in_words(each) for each in found)  # pyright: ignore[reportUnknownVariableType]
    return " ".join(str(part) for part in found if part is not None)
