"""The sentences in docs/order-to-fulfillment.md are those that are followed; its example runs."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

from processes.order_to_fulfillment.in_parts import InPartsSteps
from processes.order_to_fulfillment.parts import BackOrders
from processes.order_to_fulfillment.returns import ReturnSteps, ReturnTerms
from processes.order_to_fulfillment.steps import FulfilmentSteps
from tests.docs.blocks import PROJECT, blocks

GUIDE = PROJECT / "docs/order-to-fulfillment.md"
SOURCES = [str(PROJECT / root) for root in ("", "system-apis", "process-apis", "experience-apis")]
NOBODY = cast("Any", None)
"""In the place of the systems: a sentence is only read here."""


def test_the_sentences_are_those_that_are_followed() -> None:
    four = (NOBODY, NOBODY, NOBODY, NOBODY)
    parts = InPartsSteps(*four, BackOrders())
    sentences: dict[str, Any] = {
        "fulfil": FulfilmentSteps(*four).sentence(),
        "fulfil-in-parts": parts.in_parts(),
        "rest": parts.follow_up(),
        "return": ReturnSteps(*four, NOBODY, ReturnTerms()).sentence(),
    }
    shown = {block.said: block.text.split() for block in blocks(GUIDE) if block.language == "text"}
    assert shown == {name: [part.name for part in sentence] for name, sentence in sentences.items()}


def test_the_example_does_what_it_says(tmp_path: Path) -> None:
    (example,) = blocks(GUIDE, "A worked example")
    file = tmp_path / example.said
    file.parent.mkdir()
    file.write_text(example.text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:faker", "tests"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(SOURCES)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
