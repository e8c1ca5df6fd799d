"""Compiles the gateway's way of a request with mypyc: `python -m tools.compiled build/compiled`.

The folder gets a copy of `triptych` and `gateway` with the modules below as C beside their Python, of which
they are the same code with the same types, checked as it runs. Whoever has the folder on PYTHONPATH uses it.

Nothing is done where the folder has what the code says by now. It takes a C compiler, and a minute or two.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

PROJECT = Path(__file__).parents[1]
PACKAGES = ("triptych", "gateway")
MODULES = (
    "gateway/access.py",
    "gateway/chain.py",
    "gateway/compression.py",
    "gateway/dress.py",
    "gateway/edge/answers.py",
    "gateway/edge/batch.py",
    "gateway/edge/client.py",
    "gateway/edge/connection.py",
    "gateway/edge/heads.py",
    "gateway/edge/lane.py",
    "gateway/edge/older.py",
    "gateway/edge/outgoing.py",
    "gateway/edge/passage.py",
    "gateway/edge/upload.py",
    "gateway/edge/upstream.py",
    "gateway/exchange.py",
    "gateway/filters/address.py",
    "gateway/filters/authenticate.py",
    "gateway/filters/authorise.py",
    "gateway/filters/browser.py",
    "gateway/filters/forward.py",
    "gateway/filters/lifecycle.py",
    "gateway/filters/limit.py",
    "gateway/filters/page.py",
    "gateway/filters/record.py",
    "gateway/filters/request_id.py",
    "gateway/filters/route.py",
    "gateway/filters/trace.py",
    "gateway/filters/version.py",
    "gateway/front_asgi.py",
    "gateway/identity.py",
    "gateway/ids.py",
    "gateway/limits/accounts.py",
    "gateway/limits/bucket.py",
    "gateway/limits/leased.py",
    "gateway/limits/window.py",
    "gateway/observing.py",
    "gateway/plans.py",
    "gateway/routes.py",
    "gateway/usage/tally.py",
    "gateway/versions.py",
    "triptych/telemetry/metrics.py",
)
"""What a request that goes through the edge comes by. What mypyc cannot compile stays out: async generators,
classes with keywords, and those that inherit from others' classes gain nothing."""

_SETUP = """
import sys
from setuptools import Distribution, setup
from mypyc.build import mypycify
Distribution.parse_config_files = lambda *_, **__: None  # what is said in pyproject.toml is not for this
options = ["--ignore-missing-imports", "--follow-imports=silent"]
setup(name="compiled", packages=[], ext_modules=mypycify(options + sys.argv[2:], opt_level="3"),
      script_args=["build_ext", "--inplace"])
"""


class CannotCompile(Exception):
    """There is no compiler here, or the code is not what mypyc takes."""


def compiler() -> str | None:
    """The C compiler that extensions of this Python are built with; None where it is not installed."""
    return shutil.which((os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0])


def compile_into(folder: Path) -> None:
    """Bring the folder up to date. Raises CannotCompile, which says why."""
    stamp, seen = folder / "compiled-from", _digest()
    if stamp.is_file() and stamp.read_text() == seen:
        return
    if compiler() is None:
        raise CannotCompile("there is no C compiler: install gcc, or set CC")
    sys.stderr.write(f"compiling {len(MODULES)} modules into {folder}, a minute or two\n")
    shutil.rmtree(folder, ignore_errors=True)
    for package in PACKAGES:
        shutil.copytree(PROJECT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", _SETUP, "--", *MODULES],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise CannotCompile(f"mypyc or the compiler refuses it:\n{done.stdout}{done.stderr}")
    for rest in ("build", ".mypy_cache"):
        shutil.rmtree(folder / rest, ignore_errors=True)
    stamp.write_text(seen)


def _digest() -> str:
    """Of all that the copy is made of, and of this Python."""
    found = hashlib.sha256(f"{sys.version} {MODULES} {_SETUP}".encode())
    for package in PACKAGES:
        for file in sorted((PROJECT / package).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                found.update(f"{file.relative_to(PROJECT)}\0".encode() + file.read_bytes())
    return found.hexdigest()


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description="Compiles the gateway's way of a request with mypyc.")
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    try:
        compile_into(asked.folder.absolute())
    except CannotCompile as error:
        sys.stderr.write(f"not compiled: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
