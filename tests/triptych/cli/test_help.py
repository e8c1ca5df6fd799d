"""Every command explains itself with an example, at once, and says when it is not understood."""

import subprocess
import sys

import pytest

from tests.triptych.cli.conftest import Triptych
from triptych.cli import exits
from triptych.cli.app import COMMANDS, GROUPS

PATHS = [(name,) for name, *_ in COMMANDS] + [
    (group, name) for group, _, commands in GROUPS for name, *_ in commands
]
EXAMPLES = [example for _, _, example in COMMANDS] + [
    example for _, _, commands in GROUPS for _, _, example in commands
]


@pytest.mark.parametrize(("path", "example"), list(zip(PATHS, EXAMPLES, strict=True)))
def test_a_command_explains_itself_with_an_example_of_itself(
    triptych: Triptych, path: tuple[str, ...], example: str
) -> None:
    shown = triptych(*path, "--help")

    assert shown.code == 0
    assert f"triptych {' '.join(path)}" in example
    assert " ".join(example.split()) in " ".join(shown.out.split())


def test_the_program_lists_its_commands_and_how_they_end(triptych: Triptych) -> None:
    shown = triptych("--help")

    for name, *_ in [*COMMANDS, *GROUPS]:
        assert f" {name} " in shown.out
    for code in (exits.FAILED, exits.UNREACHABLE, exits.IN_USE, exits.INTERRUPTED):
        assert f"· {code} " in " ".join(shown.out.split())


@pytest.mark.parametrize("arguments", [["fly"], ["up", "--wings"], ["serve"], ["processes", "show"]])
def test_what_is_not_understood_ends_with_2_and_says_where_help_is(
    triptych: Triptych, arguments: list[str]
) -> None:
    refused = triptych(*arguments)

    assert refused.code == exits.MISUSED
    assert "--help" in refused.err


def test_help_waits_for_nothing_that_only_commands_need() -> None:
    program = (
        "import sys\n"
        "from triptych.cli.app import application\n"
        "application()\n"
        "heavy = {'fastapi', 'sqlalchemy', 'dbos', 'httpx', 'pydantic', 'uvicorn'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
