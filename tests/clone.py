"""Everything in one process with the demo company, as whoever follows the README has it."""

import os
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

PATIENCE = 180
"""Seconds that a busy machine may take, to start or to go through the tour."""
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Clone:
    """A folder in which `triptych up` runs, with its data in `var/`, as after `make up`."""

    folder: Path
    address: str
    environment: dict[str, str]

    @property
    def banner(self) -> str:
        """What `up` printed."""
        return (self.folder / "up.txt").read_text()

    def shell(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a script in bash, which ends at the first command that fails."""
        return subprocess.run(
            ["bash", "-eo", "pipefail"],
            input=script,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Generator[Clone]:
    """A company that runs until the tests of a module are through."""
    folder = tmp_path_factory.mktemp("clone")
    outside = {name: value for name, value in os.environ.items() if not name.startswith("TRIPTYCH_")}
    environment = {**outside, "PATH": f"{BIN}{os.pathsep}{outside['PATH']}", "COLUMNS": "200"}
    with (folder / "up.txt").open("w") as out, (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(
            ["triptych", "up", "--port", "0"], cwd=folder, env=environment, stdout=out, stderr=log
        )
    try:
        yield Clone(folder, _answering(folder, process), environment)
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def _answering(folder: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        first = (folder / "up.txt").read_text().partition("\n")
        if first[1] and httpx.get(f"{first[0].split()[4]}/readyz", trust_env=False).is_success:
            return first[0].split()[4]
        time.sleep(0.1)
    process.kill()
    pytest.fail(f"it did not start:\n{(folder / 'log.txt').read_text()}")
