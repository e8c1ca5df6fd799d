"""The crash test in small, and the proof that it can fail. The whole of it is `make crash-test`."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.town import PROJECT

pytestmark = pytest.mark.xdist_group("crowds")


def crash_test(folder: Path, *told: str) -> tuple[int, str]:
    """Run it on SQLite: its exit code, and what it printed."""
    command = [
        sys.executable,
        "-m",
        "tests.crash",
        "--database=sqlite",
        "--seed=1",
        f"--keep={folder}",
        *told,
    ]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_killed_and_troubled_the_systems_do_everything_once(tmp_path: Path) -> None:
    code, said = crash_test(tmp_path, "--kills=6", "--orders=12", "--purchases=3")
    assert code == 0, said
    assert "accepted     12 orders, 3 purchases\n" in said
    assert "ended        12 orders (" in said
    assert ", 3 purchases (" in said


def test_whoever_repeats_without_looking_is_found_out(tmp_path: Path) -> None:
    code, said = crash_test(tmp_path, "--kills=0", "--orders=8", "--purchases=0", "--trouble=0.4", "--blind")
    assert code == 1, said
    assert "duplicated: " in said


def test_a_system_that_fails_a_third_of_its_calls_leaves_dead_letters_that_a_replay_finishes(
    tmp_path: Path,
) -> None:
    """Each fails after a second. Afterwards the books of all systems agree to the cent."""
    code, said = crash_test(
        tmp_path, "--kills=0", "--orders=20", "--purchases=0", "--trouble=0", "--failing=0.3", "--attempts=2"
    )
    assert code == 0, said
    assert "parked       0," not in said
    assert "ended        20 orders (" in said
