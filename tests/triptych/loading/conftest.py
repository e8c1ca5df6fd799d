"""A club to load into, in process, and folders to load from."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from textwrap import dedent

import pytest

from tests.triptych.loading.club.contract import Club
from tests.triptych.loading.club.service import ClubService
from triptych.assembly.platform import Platform
from triptych.loading import Clients, FileReport, LoadReport, Patience, load, read_mapping
from triptych.settings import Settings


@pytest.fixture
async def club(tmp_path: Path) -> AsyncGenerator[Club]:
    """A client of a club of this test's own."""
    async with Platform(Settings(data=tmp_path / "data"), {"club": ClubService}) as platform:
        yield platform.client(Club, "loader")


@pytest.fixture
def clients(club: Club) -> Clients:
    """What the loader is given."""
    return {"club": club}


def counts(file: FileReport) -> tuple[int, int, int, int]:
    """Created, updated, unchanged, refused; together they are the rows."""
    found = file.created, file.updated, file.unchanged, len(file.refused)
    assert sum(found) == file.rows
    return found


class Folder:
    """A folder with files and a mapping, which the test writes and writes again."""

    def __init__(self, path: Path, clients: Clients) -> None:
        self.path = path
        self._clients = clients
        path.mkdir()

    def write(self, **files: str | bytes) -> None:
        """Write files; `members_csv` is `members.csv`. Indentation that all lines share is left out."""
        for name, content in files.items():
            path = self.path / name.replace("_", ".")
            raw = content if isinstance(content, bytes) else dedent(content).lstrip("\n").encode()
            path.write_bytes(raw)

    async def load(self, *, only: tuple[str, ...] = ()) -> LoadReport:
        """Load it as `mapping.yaml` says."""
        mapping = await asyncio.to_thread(read_mapping, self.path / "mapping.yaml")
        patience = Patience(seconds=0.02, pause=0.01)
        return await load(self.path, mapping, self._clients, only=only, patience=patience)


@pytest.fixture
def folder(tmp_path: Path, clients: Clients) -> Folder:
    """An empty folder to load from."""
    return Folder(tmp_path / "folder", clients)
