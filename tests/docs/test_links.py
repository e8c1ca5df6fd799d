"""What the documents point at is there: files, chapters, commands, targets, settings."""

import re
from pathlib import Path

import pytest

from tests.docs.blocks import DOCUMENTS, PROJECT, blocks, prose
from triptych.cli.app import COMMANDS, GROUPS
from triptych.settings import Settings

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
QUOTED = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"(?:[\w-]+/)+[\w.-]+\.(?:py|md|yaml|yml|toml|html|js)")
SETTING = re.compile(r"\bTRIPTYCH_[A-Z0-9_]*[A-Z0-9]\b")
OF_A_SERVICE = re.compile(r"TRIPTYCH_[A-Z0-9_]+_(URL|BACKEND)")
OF_THE_TESTS = {"TRIPTYCH_TEST_POSTGRES", "TRIPTYCH_TEST_REDIS"}
PACKAGES = ["triptych", "gateway", "demo", "system-apis", "process-apis", "experience-apis"]
OF_THE_TOUR_AND_THE_EXAMPLES = ("var/", "acme/", "../")


def named(document: Path) -> str:
    return str(document.relative_to(PROJECT))


def quoted(document: Path) -> list[str]:
    """What stands in backticks in the running text."""
    return QUOTED.findall(prose(document))


def is_there(file: str, document: Path) -> bool:
    """Whether there is such a file: from the project's root, from the document, or within a package."""
    near = (PROJECT / file).exists() or (document.parent / file).exists()
    return near or any(any((PROJECT / root).rglob(file)) for root in PACKAGES)


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    links = [link for link in LINK.findall(prose(document)) if not link.startswith(("http", "mailto:"))]

    assert [link for link in links if not (document.parent / link.partition("#")[0]).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_file_that_is_named_exists(document: Path) -> None:
    named_files = [file for text in quoted(document) for file in FILE.findall(text) if text == file]
    ours = [file for file in named_files if not file.startswith(OF_THE_TOUR_AND_THE_EXAMPLES)]

    assert [file for file in ours if not is_there(file, document)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_command_that_is_named_exists(document: Path) -> None:
    texts = [*quoted(document), *(line for block in blocks(document) for line in block.text.splitlines())]
    commands = [
        found[1].split() for text in texts if (found := re.match(r"\s*triptych((?: [a-z-]+)+)", text))
    ]
    alone = {name for name, _, _ in COMMANDS}
    groups = {name: {inner for inner, _, _ in commands} for name, _, commands in GROUPS}

    for name, *rest in commands:
        assert name in alone or name in groups, f"there is no triptych {name}"
        assert name in alone or not rest or rest[0] in groups[name], f"there is no triptych {name} {rest[0]}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_target_of_make_that_is_named_exists(document: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    checks = re.findall(r"check-[a-z-]+", (PROJECT / "Makefile").read_text())
    asked = [text.split()[1] for text in quoted(document) if re.fullmatch(r"make [a-z-]+", text)]

    assert set(asked) <= {*targets, *checks}


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_setting_that_is_named_exists(document: Path) -> None:
    known = {f"TRIPTYCH_{name.upper()}" for name in Settings.model_fields} | OF_THE_TESTS
    asked = {name for name in SETTING.findall(document.read_text()) if not OF_A_SERVICE.fullmatch(name)}

    assert asked <= known
