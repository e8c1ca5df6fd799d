"""A disk that is really full: what was accepted ends once there is room, and nothing is done twice."""

import shutil
import subprocess
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest

from tests.shop import Shop
from tests.triptych.running.shell import Shell
from triptych.running.loop import run
from triptych.settings import Settings

pytestmark = pytest.mark.blocking("it runs the platform in another process, and waits for it")
SERVICES = "crm,erp,warehouse,billing,marketing,order-to-fulfillment,operations"
LEFT = 200_000
"""Bytes that are left on the disk before it is full."""


@pytest.fixture
def disk(tmp_path: Path) -> Generator[Path]:
    """A small disk."""
    place = tmp_path / "disk"
    place.mkdir()
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    if mount is None or unmount is None:
        pytest.skip("there is no mount here, and so no small disk")
    mounted = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=64M", "tmpfs", str(place)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run([unmount, "--lazy", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Leave only a little room."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        file.write(b"\0" * (shutil.disk_usage(disk).free - LEFT))
    return ballast


def test_what_was_accepted_before_the_disk_was_full_ends_once_there_is_room(disk: Path) -> None:
    settings = {"TRIPTYCH_STEP_ATTEMPTS": "3", "TRIPTYCH_STEP_DELAY": "0.1"}
    with closing(Shell(disk, TRIPTYCH_SERVICES=SERVICES, TRIPTYCH_SEED="false", **settings)) as shell:
        running = shell.up()
        shop = Shop(Settings(data=shell.data))
        run(shop.stocked())
        ballast = fill(disk)
        accepted, asked = run(shop.buys_until_refused())
        assert running.get("/healthz").status_code == 200

        ballast.unlink()
        again = run(shop.repeats(asked))
        replayed = shell.run("dead-letters", "replay", "--all")
        assert replayed.code == 0, replayed.err
        ended = run(shop.ends(again))
        run(shop.adds_up(again))
        balanced = shell.run("processes", "balance")
    assert set(accepted) <= set(again)
    assert len(set(again)) == asked
    assert ended == {"completed"}
    assert balanced.code == 0, balanced.out + balanced.err
