"""The table of attacks names tests that there are, and each of them tries both fronts."""

import ast
import re

from tests.docs.blocks import PROJECT

GUIDE = PROJECT / "docs/gateway/attacks.md"
FILES = [*(PROJECT / "tests/gateway/attacks").glob("test_*.py"), PROJECT / "tests/gateway/test_hostile.py"]
BOTH = {"door", "house", "abroad", "hasty", "serve_both"}
"""Fixtures that there are once for each front."""


def test_every_attack_is_tried_on_both_fronts() -> None:
    rows = [line for line in GUIDE.read_text().splitlines() if re.match(r"\| (?!attack|-)", line)]
    named = [re.findall(r"`(test_\w+)`", row) for row in rows]
    made = [node for file in FILES for node in ast.walk(ast.parse(file.read_text()))]
    takes = {
        node.name: {given.arg for given in node.args.args}
        for node in made
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)
    }

    assert all(named), "a row of the table names no test"
    assert [one for row in named for one in row if not takes.get(one, set()) & BOTH] == []
