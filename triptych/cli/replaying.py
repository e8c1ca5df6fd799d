"""`dead-letters replay`: one letter, or many at a rate."""

import asyncio
import re
import time
from typing import TYPE_CHECKING, Annotated

import typer

from triptych.cli.dead_letters import Error, Flow, Service, Since, Step, Text, meant
from triptych.cli.exits import MISUSED, CommandError
from triptych.cli.options import Data, Json, settings_from
from triptych.cli.output import progress_bar, write_json, write_line
from triptych.cli.reaching import with_operations

if TYPE_CHECKING:
    from triptych.engine.letters import LetterQuery
    from triptych.operations.contract import Operations
    from triptych.operations.views import NotReplayed

AT_ONCE = 100
AHEAD = 5.0
"""Seconds for which replays are scheduled ahead, at a rate; Ctrl-C stops those after."""
_SECONDS = {"s": 1, "min": 60, "h": 3600}


def replay(
    letters: Annotated[list[str] | None, typer.Argument(help="Which; or say it with filters.")] = None,
    service: Service = None,
    flow: Flow = None,
    step: Step = None,
    error: Error = None,
    since: Since = None,
    text: Text = None,
    every: Annotated[bool, typer.Option("--all", help="All that there are.")] = False,
    rate: Annotated[str | None, typer.Option("--rate", help="How fast: 20/s, 100/min.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Name them, and replay none.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Have dead letters go on from the step that failed, under the idempotency keys that they had.

    Fix the reason first. Which ones is settled at the beginning: what dies again is not replayed twice.
    """
    query = meant(service, flow, step, error, since, text)
    filtered = bool(query.model_dump(exclude_none=True))
    if bool(letters) + (filtered or every) != 1:
        raise CommandError("Name letters, or say with filters or --all which ones are meant.", MISUSED)
    per_second = rate_of(rate)

    async def work(operations: "Operations") -> "tuple[list[str], list[NotReplayed]]":
        ids = letters or await _all(operations, query)
        return await _replayed(operations, ids, per_second, dry_run=dry_run)

    done, refused = with_operations(settings_from(data=data), "dead-letters replay", work)
    if json:
        write_json({"ids": done, "refused": refused, "dry_run": dry_run})
    else:
        for letter in done:
            write_line(letter)
        said = "would go on" if dry_run else "go on" if len(done) != 1 else "goes on"
        write_line(f"{len(done)} {said}{f', {len(refused)} cannot' if refused else ''}.")
    if refused:
        raise CommandError("\n".join(f"{one.id}: {one.reason}" for one in refused))


def rate_of(text: str | None) -> float | None:
    """How many in a second `20/s`, `100/min` or `5/h` means. Raises CommandError."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)/(s|min|h)", text)
    rate = float(found[1]) / _SECONDS[found[2]] if found else 0.0
    if not 0 < rate <= 1000:
        raise CommandError(f"--rate {text!r} is no rate: write 20/s, 100/min or 5/h.", MISUSED)
    return rate


async def _all(operations: "Operations", query: "LetterQuery") -> list[str]:
    from triptych.operations.views import LetterFilter

    found: list[str] = []
    cursor: str | None = None
    while True:
        asked = LetterFilter(**query.model_dump(), limit=200, cursor=cursor)
        page = await operations.dead_letters(asked)
        found += [letter.id for letter in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


async def _replayed(
    operations: "Operations", ids: list[str], per_second: float | None, *, dry_run: bool
) -> "tuple[list[str], list[NotReplayed]]":
    from triptych.operations.views import ReplayLetters

    size = AT_ONCE if per_second is None else max(1, min(AT_ONCE, int(per_second * AHEAD)))
    done: list[str] = []
    refused: list[NotReplayed] = []
    began = time.monotonic()
    with progress_bar() as show:
        for first in range(0, len(ids), size):
            if per_second is not None and not dry_run:
                await asyncio.sleep(max(0.0, began + first / per_second - time.monotonic()))
            batch = tuple(ids[first : first + size])
            found = await operations.replay_dead_letters(
                ReplayLetters(ids=batch, per_second=per_second, limit=AT_ONCE, dry_run=dry_run)
            )
            done += found.ids
            refused += found.refused
            show("dead letters", first + len(batch), len(ids))
    return done, refused
