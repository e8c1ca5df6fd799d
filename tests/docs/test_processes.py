"""What docs/ tells of a process goes as it is told there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import PROJECT, blocks

TOLD = {
    "quote-to-cash": "A quote, step by step",
    "procure-to-pay": "A purchase, step by step",
    "hire-to-retire": "A colleague, step by step",
    "lead-to-customer": "A lead, step by step",
}
"""The chapter of a process's page that is a program and what it prints."""


@pytest.mark.parametrize("process", TOLD)
def test_a_process_goes_as_it_is_told(process: str, tmp_path: Path) -> None:
    program, told = blocks(PROJECT / f"docs/{process}.md", TOLD[process])
    file = tmp_path / program.said
    file.write_text(program.text)
    done = subprocess.run(
        [sys.executable, str(file)],
        cwd=tmp_path,
        env={**os.environ, "TRIPTYCH_DATA": str(tmp_path / "data")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == told.text
