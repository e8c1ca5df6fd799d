"""The README's tour works as it is pasted, and prints what the README says."""

import json
import re
from typing import Any, cast

import pytest

from tests.clone import Clone
from tests.docs.blocks import PROJECT, Block, blocks

README = PROJECT / "README.md"
TOUR = blocks(README, "A tour of five minutes")
COMMANDS = [number for number, block in enumerate(TOUR) if block.language == "bash"]
ANYTHING = "…"
END = "---- end of block ----"


@pytest.fixture(scope="module")
def printed(clone: Clone) -> dict[int, str]:
    """What each block of commands printed, all of them run in order in one shell."""
    script = "".join(f"{TOUR[number].text}echo '{END}'\n" for number in COMMANDS)
    ran = clone.shell(script.replace("http://127.0.0.1:8000", clone.address))
    outputs = ran.stdout.split(f"{END}\n")

    assert ran.returncode == 0, f"block {len(outputs)} failed:\n{ran.stdout}\n{ran.stderr}"
    assert ran.stderr == ""
    return dict(zip(COMMANDS, outputs, strict=False))


def shown_after(number: int) -> Block | None:
    """The output that the README shows for a block of commands."""
    after = TOUR[number + 1] if number + 1 < len(TOUR) else None
    return after if after is not None and after.language in ("text", "json") else None


@pytest.mark.parametrize("number", COMMANDS)
def test_each_block_of_the_tour_prints_what_the_readme_shows(printed: dict[int, str], number: int) -> None:
    shown, output = shown_after(number), printed[number]

    if shown is None:
        assert output == ""
    elif shown.language == "json":
        assert like(json.loads(output), json.loads(shown.text)), f"{output}\nis not\n{shown.text}"
    else:
        assert re.fullmatch(pattern(shown.text), plain(output)), f"{output}\nis not\n{shown.text}"


def like(found: Any, shown: Any) -> bool:
    """Whether JSON is what is shown, where `"…"` stands for anything."""
    if shown == ANYTHING:
        return True
    if type(found) is not type(shown):
        return False
    if isinstance(shown, dict):
        fields = cast("dict[str, Any]", shown)
        return list(found) == list(fields) and all(like(found[name], fields[name]) for name in fields)
    if isinstance(shown, list):
        items = cast("list[Any]", shown)
        return len(found) == len(items) and all(map(like, found, items))
    return bool(found == shown)


def plain(text: str) -> str:
    """Without what cannot be seen: the width of columns, carriage returns, blanks at the ends."""
    return "\n".join(re.sub(" +", " ", line.strip()) for line in text.strip().splitlines() if line.strip())


def pattern(shown: str) -> str:
    """A pattern for text in which `…` stands for anything, over several lines too."""
    return "(?s:.+?)".join(re.escape(part) for part in plain(shown).split(ANYTHING))


def test_every_command_that_the_banner_offers_works(clone: Clone) -> None:
    offered = [line.strip() for line in clone.banner.partition("Try it")[2].splitlines()[1:] if line.strip()]
    asked = [line for line in offered if line.startswith("curl")]

    ran = clone.shell(
        "\n".join(f"{line} --fail --write-out '\\n'" if line in asked else line for line in offered)
    )

    assert asked
    assert ran.returncode == 0, f"{offered}\n{ran.stdout}\n{ran.stderr}"
    assert [bool(json.loads(line)["items"]) for line in ran.stdout.splitlines()] == [True] * len(asked)


def test_the_tour_compares_what_is_shown_and_not_only_that_something_is() -> None:
    assert like({"a": [1, "x"]}, {"a": [1, "…"]})
    assert not like({"a": [1]}, {"a": [1, "…"]})
    assert not like({"a": True}, {"a": 1})
    assert re.fullmatch(pattern("at   …\nend"), plain("at noon\r\n  end"))
    assert not re.fullmatch(pattern("at …\nend"), plain("at noon\nends"))
