"""A company installs the wheel beside a small package of its own, and runs just what it chose."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

PROJECT = Path(__file__).parents[2]
CHOSEN = {"crm", "erp", "warehouse", "restocking", "field-sales"}


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """The output of a command; fails with it when the command does."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("TRIPTYCH_", "PYTHON"))
    }
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**clean, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wheel_of(source: Path, into: Path) -> Path:
    """Build the wheel of a project, from a copy of what git tracks, as a release would."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", into, cwd=source)
    (found,) = into.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty environment with both wheels, in the company's own folder."""
    home = tmp_path_factory.mktemp("acme")
    source = home / "source"
    for name in run("git", "ls-files", "-z", cwd=PROJECT).split("\0"):
        if name:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, source / name)
    ours = wheel_of(source, home / "ours")
    theirs = wheel_of(source / "examples/company", home / "theirs")
    run(sys.executable, "-m", "venv", home / ".venv", cwd=home)
    pip = (home / ".venv/bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "-r", source / "requirements.lock", cwd=home)
    run(*pip, "--no-deps", ours, theirs, cwd=home)
    shutil.copy(source / "examples/company/.env", home / ".env")
    shutil.rmtree(source)
    return home


@pytest.fixture(scope="module")
def running(company: Path) -> Generator[str]:
    """`triptych up` in the company's folder; the address that its banner names."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("TRIPTYCH_", "PYTHON"))
    }
    with subprocess.Popen(
        [str(company / ".venv/bin/triptych"), "up", "--port", "0"],
        cwd=company,
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines: list[str] = []
        try:
            for line in process.stdout:
                lines.append(line)
                if "Triptych is running on " in line:
                    yield line.split("running on ")[1].split()[0]
                    break
            else:
                pytest.fail("".join(lines))
        finally:
            process.terminate()
            process.wait(30)


def fetched(url: str) -> Any:
    for _ in range(50):
        with suppress(httpx.ConnectError):  # it is not there yet
            return httpx.get(url, trust_env=False).json()
        time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


def test_only_the_chosen_services_run_and_the_companys_own_are_in_the_catalogue(company: Path) -> None:
    listed = json.loads(run(company / ".venv/bin/triptych", "services", "--json", cwd=company))
    running = {found["name"] for found in listed if found["runs"] == "in process"}
    assert running == CHOSEN


def test_the_companys_services_have_documents_and_stand_behind_the_gateway(running: str) -> None:
    document = fetched(f"{running}/openapi/field-sales.v1.json")
    assert "/field-sales/v1/visits" in document["paths"]
    assert httpx.get(f"{running}/field-sales/v1/visits", trust_env=False).status_code == 401
    assert httpx.get(f"{running}/partner/v1/products", trust_env=False).status_code == 404
