"""Each rule of the house finds what it is there for, and lets the rest alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools import house_rules

BROKEN = {
    "long_files": ("triptych/x.py", "# line\n" * 301),
    "long_functions": ("triptych/x.py", "def f():\n" + "    1\n" * 50),
    "dbos_elsewhere": ("systems/crm/service.py", "async def f():\n    from dbos import DBOS\n"),
    "module_singletons": ("triptych/x.py", "engine = create_async_engine('sqlite://')\n"),
    "silent_except": ("triptych/x.py", "try:\n    f()\nexcept ValueError:\n    pass\n"),
    "empty_names": ("triptych/x.py", "class OrderManager: ...\n"),
    "undescribed_packages": ("triptych/x/__init__.py", "import os\n"),
    "unspoken_tests": ("tests/test_x.py", "def test_it(): ...\n"),
}

ALSO_BROKEN = [
    ("module_singletons", "triptych/x.py", "class Crm:\n    client = httpx.AsyncClient()\n"),
    ("module_singletons", "triptych/x.py", "def f(settings=Settings()): ...\n"),
    ("module_singletons", "triptych/x.py", "@Limiter().limit\ndef f(): ...\n"),
    ("silent_except", "triptych/x.py", "try:\n    f()\nexcept Exception:\n    pass  # for no good reason\n"),
    ("silent_except", "triptych/x.py", "with contextlib.suppress(Exception):\n    f()\n"),
    ("empty_names", "triptych/utils.py", "x = 1\n"),
    ("empty_names", "triptych/x.py", "class BaseOrder: ...\n"),
]

KEPT = [
    ("triptych/x.py", "# line\n" * 300),
    ("triptych/engine/processes.py", "from dbos import DBOS\n"),
    ("tests/triptych/engine/test_x.py", "import dbos\n"),
    ("triptych/x.py", "def start():\n    return create_async_engine('sqlite://')\n"),
    ("triptych/x.py", "client = httpx.AsyncClient()  # allow module_singletons: shown to the reader\n"),
    ("triptych/x.py", "try:\n    f()\nexcept ValueError:\n    pass  # another one was faster\n"),
    ("triptych/x.py", "with contextlib.suppress(FileNotFoundError):\n    f()\n"),
    ("triptych/x.py", "class Database: ...\n"),
    ("triptych/x/__init__.py", '"""What it is for."""\n'),
    ("tests/test_x.py", "def test_an_order_ships_once(): ...\n"),
]


def rules_broken_by(tmp_path: Path, path: str, text: str) -> list[str]:
    """The names of the rules that a file with this text breaks."""
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return [line.split(": ")[1] for line in house_rules.broken(house_rules.read(file, tmp_path))]


def test_every_rule_has_an_example_here_and_says_why_it_is_there():
    assert list(BROKEN) == [rule.__name__ for rule in house_rules.RULES]
    assert all(rule.__doc__ for rule in house_rules.RULES)


@pytest.mark.parametrize(
    ("rule", "path", "text"), [*((rule, *example) for rule, example in BROKEN.items()), *ALSO_BROKEN]
)
def test_a_rule_finds_what_breaks_it(tmp_path: Path, rule: str, path: str, text: str):
    assert rules_broken_by(tmp_path, path, text) == [rule]


@pytest.mark.parametrize(("path", "text"), KEPT)
def test_what_keeps_the_rules_is_let_alone(tmp_path: Path, path: str, text: str):
    assert rules_broken_by(tmp_path, path, text) == []


def test_an_exception_without_a_reason_does_not_count(tmp_path: Path):
    text = "client = AsyncClient()  # allow module_singletons: \n"
    assert rules_broken_by(tmp_path, "triptych/x.py", text) == ["module_singletons"]


def test_the_command_names_file_line_rule_and_advice_and_fails(tmp_path: Path):
    (tmp_path / "triptych").mkdir()
    (tmp_path / "triptych" / "orders.py").write_text("import os\nengine = create_engine('sqlite://')\n")
    done = subprocess.run(
        [sys.executable, "-m", "tools.house_rules"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout == (
        "triptych/orders.py:2: module_singletons: "
        "create_engine(…) runs at import: build it at start-up and hand it in\n"
    )
