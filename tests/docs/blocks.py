"""The fenced blocks of a Markdown document, which the tests run."""

import re
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    *sorted(PROJECT.glob("*.md")),
    *sorted((PROJECT / "docs").rglob("*.md")),
    *sorted((PROJECT / "examples").rglob("*.md")),
]
_FENCED = re.compile(r"^```(\w*)(?: ([^\n]*))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: `python acme/steps.py` after the fence is its language and what is said of it."""

    language: str
    said: str
    text: str


def blocks(document: Path, heading: str = "") -> list[Block]:
    """The blocks of a document, or of one of its chapters (`## heading`), in order."""
    text = document.read_text()
    if heading:
        _, found, text = text.partition(f"\n## {heading}\n")
        assert found, f"{document.name} has no chapter {heading}"
        text = text.partition("\n## ")[0]
    return [Block(language, said, body) for language, said, body in _FENCED.findall(text)]


def prose(document: Path) -> str:
    """A document without its fenced blocks."""
    return _FENCED.sub("", document.read_text())
