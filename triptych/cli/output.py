"""What commands write: tables and lines for people, JSON for programs."""

import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console

    from triptych.running.front import Progress

WIDE = 10_000
"""Columns where no terminal limits them, so that nothing is cut off in a pipe."""


def write_json(value: Any) -> None:
    """A value, indented; models become objects."""
    import orjson
    from pydantic import BaseModel

    def plain(found: Any) -> Any:
        if isinstance(found, BaseModel):
            return found.model_dump(mode="json")
        raise TypeError(type(found).__name__)

    sys.stdout.write(orjson.dumps(value, default=plain, option=orjson.OPT_INDENT_2).decode() + "\n")


def write_line(text: str) -> None:
    """One line."""
    sys.stdout.write(text + "\n")


def write_facts(found: "BaseModel", *, json: bool) -> None:
    """What is known of one thing, a line for each fact that there is."""
    if json:
        write_json(found)
        return
    facts: dict[str, Any] = found.model_dump(mode="json")
    said = {name: value for name, value in facts.items() if value not in (None, [])}
    width = max(map(len, said)) + 2
    for name, value in said.items():
        text = " ".join(cast("list[str]", value)) if isinstance(value, list) else value
        write_line(f"{name:<{width}}{text}")


def write_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows under a heading, as wide as they are."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    console().print(table)


def console(*, errors: bool = False) -> "Console":
    """Where to write to people; colours and a width only at a terminal."""
    from rich.console import Console

    stream = sys.stderr if errors else sys.stdout
    return Console(
        file=stream, width=None if stream.isatty() else WIDE, highlight=False, soft_wrap=not stream.isatty()
    )


@contextmanager
def progress_bar() -> Generator["Progress"]:
    """A bar on standard error for long work, gone at its end; nothing where no terminal is."""
    if not sys.stderr.isatty():
        yield _unseen
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(errors=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total or None)

        yield show


def _unseen(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""
