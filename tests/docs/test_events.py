"""The worked example of docs/events.md is built as it stands there, and its settings are taken."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import PROJECT, blocks
from triptych.hook_keys import HookKeys

GUIDE = PROJECT / "docs/events.md"
SOURCES = [str(PROJECT / root) for root in ("", "system-apis", "process-apis", "experience-apis")]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company's repository with the files of the example."""
    home = tmp_path_factory.mktemp("acme")
    for block in blocks(GUIDE, "A worked example"):
        file = home / block.said
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text)
    for package in ("acme", "acme/regrets"):
        (home / package / "__init__.py").touch()
    return home


def test_the_example_does_what_it_says(home: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(home), *SOURCES])}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:faker", "tests"],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_the_hooks_are_settings_that_are_taken() -> None:
    shown = [json.loads(block.text) for block in blocks(GUIDE) if block.said == "hooks"]
    assert [HookKeys.model_validate(keys).scheme for one in shown for keys in one.values()] == [
        "standard",
        "hmac",
    ]
