"""The worked examples of CONTRIBUTING are built as they stand there, and run."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.docs.blocks import PROJECT, blocks

GUIDE = blocks(PROJECT / "CONTRIBUTING.md", "Worked examples")
BIN = Path(sys.executable).parent
SOURCES = [str(PROJECT / root) for root in ("", "system-apis", "process-apis", "experience-apis")]


def ran(home: Path, *command: str | Path, settings: Mapping[str, str] | None = None) -> str:
    """What a command that has to succeed prints, in a repository whose services are found."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(home)}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=home,
        env={**environment, **(settings or {})},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company's repository in which somebody has followed the guide from beginning to end."""
    home = tmp_path_factory.mktemp("acme")
    (home / "acme").mkdir()
    (home / "acme" / "__init__.py").write_text('"""Acme\'s services."""\n')
    roots = ", ".join(f'"{source}"' for source in SOURCES)
    (home / "pyproject.toml").write_text(
        f'[tool.pyright]\ntypeCheckingMode = "strict"\nextraPaths = [{roots}]\n'
        "[tool.ruff]\nline-length = 110\n"
    )
    groups: dict[str, list[str]] = {}
    for block in GUIDE:
        if block.language == "bash":
            ran(home, "bash", "-ec", block.text)
        elif block.language == "python":
            (home / block.said).write_text(block.text)
        elif block.language == "toml":
            group: list[str] = []
            for line in block.text.replace('"', "").splitlines():
                if line.startswith("["):
                    group = groups.setdefault(line.removeprefix("[project.entry-points.").rstrip("]"), [])
                else:
                    group.append(line)
    information = home / "acme-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    points = "\n".join("\n".join([f"[{name}]", *lines]) for name, lines in groups.items())
    (information / "entry_points.txt").write_text(points)
    return home


def test_the_examples_tests_pass(home: Path) -> None:
    output = ran(home, BIN / "python", "-m", "pytest", "-q", "-W", "error", "tests")

    assert "6 passed" in output


def test_the_examples_are_formatted_and_fully_typed(home: Path) -> None:
    ran(home, BIN / "ruff", "format", "--check", ".")
    ran(home, BIN / "pyright", "--pythonpath", BIN / "python")


def test_the_examples_services_and_backends_are_found(home: Path) -> None:
    services, backends = ran(home, "triptych", "services"), ran(home, "triptych", "connectors", "list")

    assert all(name in services for name in ("loyalty", "complaint-handling", "courier-app"))
    assert "tills" in backends


def test_the_second_backend_is_chosen_by_its_setting(home: Path) -> None:
    script = """
import asyncio
from pathlib import Path
from acme.loyalty.contract import Loyalty, NewLoyaltyCard
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.settings import Settings

async def main():
    async with Platform(Settings(data=Path("tills")), installed({"loyalty"})) as platform:
        cards = platform.client(Loyalty).loyalty_cards
        print((await cards.create(NewLoyaltyCard(name="Ada", external_id="9911 0042"))).external_id)

asyncio.run(main())
"""
    printed = ran(home, BIN / "python", "-c", script, settings={"TRIPTYCH_LOYALTY_BACKEND": "tills"})

    assert printed.strip() == "99110042"
