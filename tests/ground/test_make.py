"""`make` in a fresh clone: which Python it takes, when it installs, and how it stops."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
LOCKS = ["requirements.lock", "requirements-dev.lock"]

SHIM = "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n"
OLD = "#!/bin/sh\ncase $2 in *%d.%d*) echo 3.9 ;; *) exit 1 ;; esac\n"
RECORDING = """#!/bin/sh
echo "$0 $@" >> {log}
case "$*" in
    *'-m venv'*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *%d.%d*) echo 3.12 ;;
esac
"""
PLATFORM = f"""#!{sys.executable}
import signal, sys, time
# it takes a while, as the platform does: GNU make loses count of a child that ends before make was told
stop = lambda *_: (time.sleep(1), print("stopped well"), sys.exit(0))
signal.signal(signal.SIGINT, stop), signal.signal(signal.SIGTERM, stop)
print(sys.argv[1], flush=True)
time.sleep(60)
"""


class Clone:
    """A copy of what set-up needs, with interpreters of our choosing on its PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "clone"
        self.path = folder / "bin"
        self.log = folder / "log"
        (self.folder / "tools").mkdir(parents=True)
        self.path.mkdir()
        for name in ["Makefile", "tools/set-up.sh", "pyproject.toml", *LOCKS]:
            shutil.copy2(PROJECT / name, self.folder / name)
        for name in ["sh", "sed", "grep", "touch", "cp", "mkdir"]:
            (self.path / name).symlink_to(str(shutil.which(name)))

    def has(self, name: str, script: str) -> None:
        """Put a program into the clone (`.venv/bin/triptych`) or, without a folder, on the PATH."""
        file = self.folder / name if "/" in name else self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(script.format(log=self.log) if script == RECORDING else script)
        file.chmod(0o755)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Run make, in a process group of its own as a terminal would."""
        return subprocess.Popen(
            [str(shutil.which("make")), *arguments],
            cwd=self.folder,
            env={"PATH": str(self.path), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def start_up(self) -> subprocess.Popen[str]:
        """A `make up` that has set up and runs, with a platform that stops when it is told to."""
        self.has("python3.12", RECORDING)
        self.has(".venv/bin/triptych", PLATFORM)
        self.make("up", "BIN=nowhere")  # sets up, and then finds nothing to run
        process = self.start("up")
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        return process

    def make(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """Run make to its end: exit status, output, errors."""
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def logged(self) -> list[str]:
        """What the recording interpreters were asked to do, without the questions for their version."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line for line in lines if " -c " not in line]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_make_alone_lists_the_targets(clone: Clone):
    status, out, _ = clone.make()
    assert status == 0
    assert [f"make {name}" in out for name in ("up", "test", "check", "bench")] == [True] * 4


def test_an_old_python_is_refused_with_what_to_do(clone: Clone):
    clone.has("python3", OLD)
    status, _, err = clone.make("up")
    assert status != 0
    assert "Triptych needs Python 3.11.3 to 3.13; found 3.9. Set PYTHON=python3.12" in err


def test_without_any_python_the_message_is_the_same(clone: Clone):
    _, _, err = clone.make("up")
    assert "Triptych needs Python 3.11.3 to 3.13; found none." in err


def test_a_shim_with_nothing_behind_it_is_passed_over(clone: Clone):
    clone.has("python3.13", SHIM)
    clone.has("python3.12", RECORDING)
    clone.make("up")
    assert clone.logged()[0] == f"{clone.path}/python3.12 -m venv --clear .venv"


def test_the_interpreter_can_be_chosen(clone: Clone):
    clone.has("python3.13", RECORDING)
    clone.has("python3.11", RECORDING)
    clone.make("up", PYTHON="python3.11")
    assert clone.logged()[0].startswith(f"{clone.path}/python3.11 -m venv")


def test_set_up_checks_every_hash_and_then_adds_the_project_itself(clone: Clone):
    clone.has("python3.12", RECORDING)
    clone.has(".venv/bin/triptych", "#!/bin/sh\n")
    status, out, err = clone.make("up")
    installs = [
        line.partition("--disable-pip-version-check ")[2] for line in clone.logged() if " install " in line
    ]
    assert installs == ["--require-hashes -r requirements.lock", "--no-deps --no-build-isolation -e ."]
    assert (status, out) == (0, "")
    assert err.startswith("installing ")
    assert err.endswith(" packages into .venv, about a minute\n")


def test_uv_does_the_work_where_it_is_at_hand(clone: Clone):
    clone.has("python3.12", RECORDING)
    clone.has("uv", RECORDING)
    clone.has(".venv/bin/triptych", "#!/bin/sh\n")
    clone.make("up")
    assert [line.split()[:3] for line in clone.logged()[1:]] == [[f"{clone.path}/uv", "pip", "install"]] * 2


@pytest.mark.parametrize("changed", ["requirements.lock", "pyproject.toml"])
def test_set_up_runs_once_and_again_when_what_it_installs_changes(clone: Clone, changed: str):
    clone.has("python3.12", RECORDING)
    clone.has(".venv/bin/triptych", "#!/bin/sh\n")
    clone.make("up")
    once = len(clone.logged())
    assert clone.make("up") == (0, "", "")
    assert len(clone.logged()) == once
    (clone.folder / changed).touch()
    clone.make("up")
    assert len(clone.logged()) > once


def test_the_development_set_up_serves_up_as_well(clone: Clone):
    clone.has("python3.12", RECORDING)
    clone.has(".venv/bin/triptych", "#!/bin/sh\n")
    clone.make("test")
    assert any("requirements-dev.lock" in line for line in clone.logged())
    assert clone.make("up") == (0, "", "")


def test_ctrl_c_reaches_the_platform_and_make_adds_nothing(clone: Clone):
    process = clone.start_up()
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=30) == ("stopped well\n", "")


def test_stopping_make_stops_the_platform(clone: Clone):
    process = clone.start_up()
    process.terminate()
    out, _ = process.communicate(timeout=30)
    assert out == "stopped well\n"


def test_settings_on_make_s_command_line_reach_the_platform(clone: Clone):
    clone.has("python3.12", RECORDING)
    clone.has(".venv/bin/triptych", "#!/bin/sh\necho $TRIPTYCH_PORT $TRIPTYCH_DATA\n")
    _, out, _ = clone.make("up", "TRIPTYCH_PORT=9000", TRIPTYCH_DATA="elsewhere")
    assert out == "9000 elsewhere\n"


def test_a_failing_check_says_what_to_do(clone: Clone):
    clone.has("python3.12", RECORDING)
    clone.has(".venv/bin/ruff", "#!/bin/sh\necho would reformat orders.py\nexit 1\n")
    status, out, err = clone.make("check-format")
    assert status != 0
    assert "is the code formatted?" in out
    assert "would reformat orders.py" in err
    assert 'check-format: run "make format".' in err
