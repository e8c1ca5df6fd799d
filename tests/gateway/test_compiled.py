"""The hot path compiled: it is the same code. `make test-compiled` runs the gateway's tests over it."""

import os
from importlib import import_module
from pathlib import Path

import pytest

from gateway.edge.lane import COMPILED
from tools.compiled import MODULES

PROJECT = Path(__file__).parents[2]


@pytest.mark.skipif(
    "build/compiled" not in os.environ.get("PYTHONPATH", ""), reason="this run is over the interpreted code"
)
@pytest.mark.parametrize("module", MODULES)
def test_what_is_to_be_compiled_is(module: str):
    assert COMPILED
    assert not str(import_module(module.removesuffix(".py").replace("/", ".")).__file__).endswith(".py")


def test_what_is_to_be_compiled_is_there_and_comes_by_the_alphabet():
    assert all((PROJECT / module).is_file() for module in MODULES)
    assert list(MODULES) == sorted(MODULES)
