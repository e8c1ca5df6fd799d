"""The worked example of docs/gateway/filters.md is put into a copy of the gateway as it says, and run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import PROJECT, blocks

GUIDE = blocks(PROJECT / "docs/gateway/filters.md", "A worked example")
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The gateway and its tests, with the filter in its place."""
    home = tmp_path_factory.mktemp("gateway")
    for name in ("gateway", "triptych", "tests"):
        shutil.copytree(PROJECT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", home)
    for block in GUIDE:
        if block.language == "diff":
            patched(home / block.said, block.text)
        else:
            (home / block.said).write_text(block.text)
    return home


def patched(file: Path, diff: str) -> None:
    """Put each line with a plus after the line above it."""
    text = file.read_text()
    above = ""
    for line in diff.splitlines():
        sign, rest = line[0], line[1:] + "\n"
        if sign == "+":
            assert text.count(above) == 1, above
            text = text.replace(above, above + rest)
        above = rest
    file.write_text(text)


def ran(home: Path, *command: str | Path) -> str:
    """What a command that has to succeed prints; the copy comes before what is installed."""
    roots = [home, *(PROJECT / root for root in ("", "system-apis", "process-apis", "experience-apis"))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, roots))}
    done = subprocess.run(
        [str(part) for part in command], cwd=home, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_filter_does_what_its_test_says(copy: Path) -> None:
    output = ran(copy, BIN / "python", "-m", "pytest", "-q", "tests/gateway/filters/test_blocked.py")

    assert "3 passed" in output


def test_the_filter_is_formatted_and_breaks_none_of_the_others(copy: Path) -> None:
    written = [copy / block.said for block in GUIDE]
    ran(copy, BIN / "ruff", "format", "--check", *written)
    ran(copy, BIN / "ruff", "check", *written)
    output = ran(copy, BIN / "python", "-m", "pytest", "-q", "tests/gateway/test_chain.py")

    assert "passed" in output
