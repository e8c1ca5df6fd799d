"""The harbour, started and stopped."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.triptych.running.shell import Running, Shell, at_the_harbour


@pytest.fixture
def shell(tmp_path: Path) -> Generator[Shell]:
    """A shell in a fresh folder."""
    found = at_the_harbour(tmp_path)
    yield found
    found.close()


@pytest.fixture(scope="module")
def shared_shell(tmp_path_factory: pytest.TempPathFactory) -> Generator[Shell]:
    """A shell that the tests of a module share."""
    found = at_the_harbour(tmp_path_factory.mktemp("shell"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def running(shared_shell: Shell) -> Running:
    """The harbour, up and seeded, for tests that leave it running."""
    return shared_shell.up()
