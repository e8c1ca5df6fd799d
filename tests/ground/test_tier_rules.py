"""The tier rules cannot be broken unnoticed: a break fails its part of `make check` and says what to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SOURCES = [".", "system-apis", "process-apis", "experience-apis"]
NOT_COPIED = shutil.ignore_patterns(".*", "var", "node_modules", "__pycache__", "tests", "docs", "*.egg-info")


class Tree:
    """A copy of the project that may be spoilt; its checks run with this environment's tools."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "triptych"
        shutil.copytree(PROJECT, self.folder, ignore=NOT_COPIED)
        (self.folder / "ready").touch()  # later than every lock, so that make has nothing to set up

    def check(self, part: str) -> tuple[bool, str]:
        """Whether one part of `make check` passes, and everything that it says."""
        done = subprocess.run(
            ["make", part, f"BIN={Path(sys.executable).parent}", "READY_DEV=ready"],
            cwd=self.folder,
            env={name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
            | {"PYTHONPATH": os.pathsep.join(str(self.folder / source) for source in SOURCES)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode == 0, done.stdout + done.stderr

    def adds(self, path: str, text: str) -> None:
        (self.folder / path).write_text(text)

    def edits(self, path: str, old: str, new: str) -> None:
        text = (self.folder / path).read_text()
        assert old in text
        (self.folder / path).write_text(text.replace(old, new))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_reaching_into_another_service_past_its_contract_fails_the_check(tree: Tree):
    passed, said = tree.check("check-imports")
    assert passed, said
    tree.adds(
        "experience-apis/experiences/storefront/shortcut.py", "from systems.crm.service import CrmService"
    )
    passed, said = tree.check("check-imports")
    assert not passed
    assert "experiences.storefront.shortcut, line 1, imports systems.crm.service." in said
    assert "Import systems.crm.contract instead, and ask for it in the constructor" in said


def test_depending_on_a_floor_above_fails_the_check(tree: Tree):
    tree.adds("system-apis/systems/crm/upward.py", "from processes.customer_360.contract import Customer360")
    passed, said = tree.check("check-imports")
    assert not passed
    assert "systems.crm.upward -> processes.customer_360.contract" in said
    assert "Turn the arrow round" in said


def test_the_platform_knowing_a_service_fails_the_check(tree: Tree):
    tree.adds("triptych/favourite.py", "from systems.crm.contract import Crm")
    passed, said = tree.check("check-imports")
    assert not passed
    assert "triptych.favourite -> systems.crm.contract" in said
    assert "finds services through entry points and imports none" in said


@pytest.mark.parametrize(
    ("importer", "imported", "advice"),
    [
        ("system-apis/systems/crm", "systems.erp.contract", "let a process API ask both"),
        (
            "experience-apis/experiences/partner",
            "experiences.storefront.contract",
            "belongs to a process API",
        ),
    ],
)
def test_knowing_a_neighbour_of_the_same_floor_fails_the_check(
    tree: Tree, importer: str, imported: str, advice: str
):
    tree.adds(f"{importer}/neighbour.py", f"import {imported}")
    passed, said = tree.check("check-imports")
    assert not passed
    assert f"neighbour -> {imported}" in said
    assert advice in said


def test_processes_that_compose_each_other_in_a_circle_fail_the_check(tree: Tree):
    tree.adds(
        "process-apis/processes/customer_360/first.py", "import processes.order_to_fulfillment.contract"
    )
    passed, said = tree.check("check-imports")
    assert passed, said
    tree.adds(
        "process-apis/processes/order_to_fulfillment/second.py", "import processes.customer_360.contract"
    )
    passed, said = tree.check("check-imports")
    assert not passed
    assert "One of the two must not know the other" in said


def test_a_contract_change_that_breaks_clients_fails_the_check_and_says_which_and_for_whom(tree: Tree):
    document = "system/crm.v1.yaml"
    released = tree.folder / "openapi/released" / document
    released.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(tree.folder / "openapi" / document, released)
    tree.edits("system-apis/systems/crm/contract.py", "/leads/{lead_id}/convert", "/leads/{lead_id}/win")
    passed, said = tree.check("check-contracts")
    assert not passed
    assert "openapi/system/crm.v1.yaml is out of date: run `triptych contracts export`" in said
    assert "POST /crm/v1/leads/{lead_id}/convert, request: the operation is gone" in said
    assert "this breaks every client that calls it" in said
    assert "a breaking change needs a new version" in said
