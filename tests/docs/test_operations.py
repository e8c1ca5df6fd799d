"""What the guide to operations says can be pasted, and its file of alerts is one."""

import re
import shlex
from pathlib import Path

import pytest

from tests.clone import Clone
from tests.docs.blocks import PROJECT, blocks
from triptych.operations.alerts.rules import MEASURED, read_rules

GUIDE = PROJECT / "docs" / "operations.md"
COMMANDS = [
    line
    for heading in ("Dead letters", "Books", "Alerts")
    for block in blocks(GUIDE, heading)
    if block.language == "bash"
    for line in block.text.splitlines()
]


@pytest.mark.parametrize(
    "command", COMMANDS, ids=[" ".join(shlex.split(one)[1:4]) + f" {at}" for at, one in enumerate(COMMANDS)]
)
def test_each_command_of_the_guide_works_beside_a_running_company(clone: Clone, command: str) -> None:
    ran = clone.shell(command)

    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    assert ran.stdout.strip()


def test_the_guides_file_of_alerts_is_one_and_has_every_condition() -> None:
    (file,) = [block for block in blocks(GUIDE, "Alerts") if block.language == "yaml"]
    rules = read_rules(Path("alerts.yaml"), file.text)

    assert {rule.kind for rule in rules.rules} == set(MEASURED)
    assert len(rules.channels) == 3


def test_the_guide_explains_every_condition() -> None:
    explained = set(
        re.findall(r"`([a-z-]+)`", GUIDE.read_text().partition("| `when` |")[2].partition("\n\n")[0])
    )

    assert set(MEASURED) <= explained
