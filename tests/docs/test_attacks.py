"""The table of attacks names tests that there are, and each of them tries both fronts."""

import re
import subprocess
import sys

from tests.docs.blocks import PROJECT

GUIDE = PROJECT / "docs/gateway/attacks.md"


def test_every_attack_is_tried_on_both_fronts() -> None:
    rows = [line for line in GUIDE.read_text().splitlines() if re.match(r"\| (?!attack|-)", line)]
    named = [re.findall(r"`(test_\w+)`", row) for row in rows]
    folders = ["tests/gateway/attacks", "tests/gateway/test_hostile.py"]
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:xdist", *folders],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    tried = set(re.findall(r"::(test_\w+)\[(asgi|edge)\b", collected.stdout))

    assert all(named), "a row of the table names no test"
    missing = [(one, front) for row in named for one in row for front in ("asgi", "edge")]
    assert [pair for pair in missing if pair not in tried] == []
