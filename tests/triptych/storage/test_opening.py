"""Opening storage: tables brought up to date once, and clear words where it cannot be opened."""

import asyncio
import os
import socket
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import MetaData

from tests.triptych.storage.conftest import KEY, SERVICE, settled
from tests.triptych.storage.things import MIGRATIONS, PARTS, NewPart, Part, PartFilter
from triptych.contract import Filter
from triptych.identity import MIGRATIONS as IDENTITY
from triptych.identity.cross_reference import TABLES
from triptych.secrets import Secrets
from triptych.settings import Settings
from triptych.storage import (
    INDEXED,
    UNIQUE,
    Database,
    EmbeddedStore,
    Event,
    Indexed,
    Storage,
    StorageError,
    entity_table,
    shapes,
)
from triptych.storage.upgrading import drift

HEADER = """
from sqlalchemy import BigInteger, Column, Text
from triptych.storage.migrations import *

revision = "{revision}"
down_revision = {down}

def upgrade() -> None:
"""
FIRST = """
    create_service_tables()
    create_entity_table("parts", Column("code", Text, unique=True))
"""
SECOND = """
    add_entity_column("parts", Column("weight", BigInteger), lambda document: document["weight"])
    add_entity_column("parts", Column("number", Text, unique=True), lambda document: document["code"])
    rewrite_bodies("parts", lambda document: {**document, "name": document["name"] + ", renamed"})
"""


class CodeFilter(Filter):
    code: str | None = None


class WeightFilter(Filter):
    weight: int | None = None


def migration(folder: Path, revision: str, body: str, *, file: str = "") -> Path:
    """Write a migration file into a folder."""
    folder.mkdir(exist_ok=True)
    down = None if revision == "0001" else f"{int(revision) - 1:04}"
    path = folder / (file or f"{revision}_step.py")
    path.write_text(HEADER.format(revision=revision, down=repr(down)) + body, encoding="utf-8")
    return folder


async def test_the_tables_are_as_they_are_declared(
    database: Database, storage: Storage, service: str
) -> None:
    assert await drift(database.engine, [PARTS.table]) == []
    identity = await storage.open(service, IDENTITY)
    assert await drift(identity.engine, TABLES.tables.values()) == []


async def test_a_difference_between_tables_and_declaration_is_told(database: Database) -> None:
    wider = entity_table("parts", Part, indexed={"code": UNIQUE, "sold": INDEXED}, search=["name"])
    found = await drift(database.engine, [wider.table])
    assert any("add_column parts" in line and "sold" in line for line in found)
    assert any("remove_column parts" in line and "weight" in line for line in found)
    assert any("add_index" in line and "ix_parts_sold" in line for line in found)
    nothing = shapes.entity_table_v1("others", MetaData(), [], search=False)
    assert any("add_table others" in line for line in await drift(database.engine, [nothing]))


async def test_a_service_without_migrations_has_what_every_service_has(
    storage: Storage, service: str, tmp_path: Path
) -> None:
    database = await storage.open(service, tmp_path / "none")
    async with database.write():
        await database.emit(Event(type="something.happened.v1"))
    assert len(await database.outbox.pending()) == 1
    assert await storage.open(service) is database


async def test_a_later_version_brings_the_tables_and_what_is_in_them_along(
    settings: Settings, service: str, tmp_path: Path
) -> None:
    folder = migration(tmp_path / "migrations", "0001", FIRST)
    old = entity_table("parts", Part, indexed={"code": UNIQUE})
    async with Storage(settings, Secrets(settings)) as storage:
        database = await storage.open(service, folder)
        assert await drift(database.engine, [old.table]) == []
        narrow = EmbeddedStore(database, old, new=NewPart, filter=CodeFilter)
        bolt = await narrow.create(NewPart(name="Bolt", code="B", weight=3))
        nut = await narrow.create(NewPart(name="Nut", weight=4))
        await narrow.delete(nut.id)

    migration(folder, "0002", SECOND)
    new = entity_table(
        "parts", Part, indexed={"code": UNIQUE, "weight": INDEXED, "number": Indexed("code", unique=True)}
    )
    async with Storage(settings, Secrets(settings)) as storage:
        database = await storage.open(service, folder)
        assert await drift(database.engine, [new.table]) == []
        store = EmbeddedStore(database, new, new=NewPart, filter=WeightFilter)
        (found,) = (await store.find(WeightFilter(weight=3))).items
        assert found == bolt.model_copy(update={"name": "Bolt, renamed"})
        assert await store.get_by(number="B") == found
        await settled(store)
        assert [change.deleted for change in (await store.changes()).items] == [False, True]


async def test_tables_of_a_newer_version_are_left_alone(
    settings: Settings, service: str, tmp_path: Path
) -> None:
    folder = migration(tmp_path / "migrations", "0001", FIRST)
    migration(folder, "0002", SECOND)
    async with Storage(settings, Secrets(settings)) as storage:
        await storage.open(service, folder)
    (folder / "0002_step.py").unlink()
    async with Storage(settings, Secrets(settings)) as storage:
        with pytest.raises(StorageError, match=r"at revision 0002.*up to 0001 only"):
            await storage.open(service, folder)


async def test_a_migration_that_fails_changes_nothing(
    settings: Settings, service: str, tmp_path: Path
) -> None:
    folder = migration(tmp_path / "migrations", "0001", FIRST)
    broken = migration(folder, "0002", SECOND + "\n    raise ValueError('half way')\n")
    async with Storage(settings, Secrets(settings)) as storage:
        with pytest.raises(StorageError, match=r"0002_step.*half way"):
            await storage.open(service, broken)
    (folder / "0002_step.py").unlink()
    async with Storage(settings, Secrets(settings)) as storage:
        database = await storage.open(service, folder)
        assert (
            await drift(database.engine, [entity_table("parts", Part, indexed={"code": UNIQUE}).table]) == []
        )


async def test_a_file_whose_number_is_not_its_revision_is_refused(
    settings: Settings, service: str, tmp_path: Path
) -> None:
    folder = migration(tmp_path / "migrations", "0001", FIRST, file="0007_first.py")
    async with Storage(settings, Secrets(settings)) as storage:
        with pytest.raises(StorageError, match=r"0007_first.py.* has to declare revision = '0007'"):
            await storage.open(service, folder)


async def test_many_processes_that_start_at_once_migrate_once(settings: Settings, service: str) -> None:
    async def start() -> None:
        async with Storage(settings, Secrets(settings)) as storage:
            database = await storage.open(service, MIGRATIONS)
            await EmbeddedStore(database, PARTS, new=NewPart, filter=PartFilter).create(NewPart(name="Bolt"))

    await asyncio.gather(*(start() for _ in range(6)))
    async with Storage(settings, Secrets(settings)) as storage:
        database = await storage.open(service, MIGRATIONS)
        found = await EmbeddedStore(database, PARTS, new=NewPart, filter=PartFilter).find()
        assert len(found.items) == 6


async def test_alembic_is_not_even_loaded_when_there_is_nothing_to_migrate(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    async with Storage(settings, Secrets(settings)) as storage:
        await storage.open("parts")
    script = """
import asyncio, sys
from pathlib import Path
from triptych.secrets import Secrets
from triptych.settings import Settings
from triptych.storage import Storage

async def main() -> None:
    settings = Settings(data=Path(sys.argv[1]))
    async with Storage(settings, Secrets(settings)) as storage:
        await storage.open("parts")
        await storage.ready()
    print("alembic" in sys.modules)

asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, tmp_path, stdout=PIPE)
    assert (await process.communicate())[0].strip() == b"False"


# --- where it cannot be opened ---


async def refusal(settings: Settings) -> str:
    """What is said when storage is opened with these settings."""
    with pytest.raises(StorageError) as caught:
        async with Storage(settings, Secrets(settings)) as storage:
            await storage.open(SERVICE)
    return str(caught.value)


def pointing_to(url: str, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, database_url=SecretStr(url), secret_key=KEY)


async def test_another_kind_of_database_is_refused(tmp_path: Path) -> None:
    said = await refusal(pointing_to("mysql://root:secret@127.0.0.1/crm", tmp_path))
    assert "TRIPTYCH_DATABASE_URL starts with 'mysql'" in said
    assert "postgresql://user@host:5432/database" in said
    assert "secret" not in said


async def test_a_server_that_is_down_is_named(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = await refusal(pointing_to(f"postgresql://u:secret@127.0.0.1:{port}/crm", tmp_path))
    assert f"PostgreSQL at 127.0.0.1:{port}/crm cannot be reached" in said
    assert "Is the server running" in said
    assert "secret" not in said


async def test_a_database_that_is_not_there_is_named(postgres_url: str, tmp_path: Path) -> None:
    said = await refusal(pointing_to(f"{postgres_url}_absent", tmp_path))
    assert "_absent" in said
    assert "createdb" in said


async def test_a_url_that_is_none_is_refused(tmp_path: Path) -> None:
    said = await refusal(pointing_to("postgresql://host:notaport/crm", tmp_path))
    assert "TRIPTYCH_DATABASE_URL" in said


async def test_a_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = await refusal(Settings(data=tmp_path / "file", secret_key=KEY))
    assert "TRIPTYCH_DATA" in said
    assert str(tmp_path / "file" / f"{SERVICE}.db") in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_data_folder_that_is_read_only_is_refused(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    assert "TRIPTYCH_DATA" in await refusal(Settings(data=tmp_path / "closed", secret_key=KEY))


async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / f"{SERVICE}.db"
    path.write_bytes(b"not a database, but somebody's letters" * 100)
    assert str(path) in await refusal(Settings(data=tmp_path, secret_key=KEY))
    assert path.read_bytes().startswith(b"not a database")


async def test_a_service_whose_opening_failed_can_be_opened_later(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, secret_key=KEY)
    path = tmp_path / f"{SERVICE}.db"
    path.write_bytes(b"not a database" * 100)
    async with Storage(settings, Secrets(settings)) as storage:
        with pytest.raises(StorageError):
            await storage.open(SERVICE)
        path.unlink()
        await storage.open(SERVICE)
        await storage.ready()
