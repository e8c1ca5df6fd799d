"""The program, run in this process with its arguments: only what stays up needs a process of its own."""

import logging
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
import structlog

from tests.triptych.running.shell import Ran
from triptych.cli import main

Triptych = Callable[..., Ran]


@pytest.fixture
def triptych(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Generator[Triptych]:
    """Run `triptych` with these arguments and settings, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERMINAL_WIDTH", "110")  # so that help breaks its lines here as it does elsewhere
    root = logging.getLogger()
    handlers, level, before = root.handlers[:], root.level, structlog.get_config()

    def run(*arguments: str, **settings: str) -> Ran:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["triptych", *arguments])
            for name, value in settings.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main()
        out, err = capsys.readouterr()
        return Ran(ended.value.code if isinstance(ended.value.code, int) else 0, out, err)

    yield run
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)
