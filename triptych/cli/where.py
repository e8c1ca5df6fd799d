"""`where`: every process that had to do with an order, a person or a vendor's record, step by step."""

from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from triptych.cli.exits import MISUSED, CommandError
from triptych.cli.options import Data, Json, settings_from
from triptych.cli.output import console, write_json
from triptych.cli.reaching import with_operations

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

    from triptych.contract import Page
    from triptych.engine.calls import Call
    from triptych.engine.status import StepStatus
    from triptych.operations.contract import Operations
    from triptych.operations.tracing.views import TracedProcess, WhereFilter

BAD, SLOW, GOOD = "red", "yellow", "green"
COLOURS = {
    "parked": BAD,
    "failed": BAD,
    "refused": BAD,
    "rejected": BAD,
    "cancelled": SLOW,
    "discarded": SLOW,
    "unwinding": SLOW,
    "retrying": SLOW,
    "waiting": SLOW,
    "late": SLOW,
    "completed": GOOD,
    "done": GOOD,
}


def where(
    term: Annotated[
        str,
        typer.Argument(
            help="An order number, an e-mail address, or any id, reference or number, ours or a vendor's.",
            metavar="ORDER-NUMBER|EMAIL|VENDOR-ID",
        ),
    ],
    unmasked: Annotated[bool, typer.Option("--unmasked", help="Show personal data, too.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100, help="How many processes at most.")] = 20,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show where something is: every process that had to do with it, what each step asked and was answered,
    and what to do next about one that failed.

    Exit code 1 when nothing had to do with it.
    """
    asked = _asked(term, limit)

    async def work(operations: "Operations") -> "Page[TracedProcess]":
        return await (operations.where_unmasked(asked) if unmasked else operations.where(asked))

    found = with_operations(settings_from(data=data), "where", work)
    if json:
        write_json(found)
    else:
        for process in found.items:
            console().print(_tree(process))
    if not found.items:
        raise CommandError(f"No process had to do with {term}.")
    if found.next_cursor and not json:
        console().print(f"There are more than {limit}: --limit shows up to 100, --json with a cursor.")


def _asked(term: str, limit: int) -> "WhereFilter":
    from pydantic import ValidationError

    from triptych.operations.tracing.views import WhereFilter

    try:
        return WhereFilter(term=term, limit=limit)
    except ValidationError as wrong:
        raise CommandError(
            "Nothing is called that: give an id, a number or an e-mail address of 300 characters at most.",
            MISUSED,
        ) from wrong


def _tree(process: "TracedProcess") -> "Tree":
    from rich.text import Text
    from rich.tree import Tree

    head = Text(process.id, style="bold")
    head.append(f"  {process.phase}", style=_colour(process.phase))
    head.append(f"  {process.state}  {process.created:%Y-%m-%d %H:%M:%S} UTC", style="not bold")
    tree = Tree(head)
    for hop in process.hops:
        step = tree.add(_step(hop.step))
        for call in hop.calls:
            _add_call(step, call)
    for done in process.interventions:
        tree.add(Text(f"{done.at:%H:%M:%S}  {done.actor}: {done.action}  {done.reason}"))
    if process.next:
        last = tree.add(Text("next", style="bold"))
        for command in process.next:
            last.add(Text(command))
    return tree


def _step(step: "StepStatus") -> "Text":
    from rich.text import Text

    line = Text(f"{step.started:%H:%M:%S}  {'undo ' if step.undo else ''}{step.step}  ")
    line.append(step.outcome, style=_colour(step.outcome))
    if step.attempts > 1:
        line.append(f"  {step.attempts} attempts")
    if step.until:
        line.append(f"  until {step.until:%Y-%m-%d %H:%M:%S} UTC")
    if step.problem:
        line.append(f"  {step.problem.title}: {step.problem.detail}", style=BAD)
    return line


def _add_call(step: "Tree", call: "Call") -> None:
    from rich.text import Text

    line = Text(f"{call.method} {call.operation}  ")
    line.append(str(call.status), style=BAD if call.problem else GOOD)
    line.append(f"  {call.seconds * 1000:.0f} ms")
    if call.sent != 1:
        line.append(f"  sent {call.sent} times")
    branch = step.add(line)
    branch.add(_said("asked", call.request))
    if call.problem:
        branch.add(Text(f"answered {call.problem.title}: {call.problem.detail}", style=BAD))
    elif call.answer is not None:
        branch.add(_said("answered", call.answer))
    if call.key:
        branch.add(Text(f"key {call.key}", style="dim"))
    if call.trace:
        branch.add(Text(f"trace {call.trace}", style="dim"))


def _said(what: str, document: Any) -> "Text":
    import orjson
    from rich.text import Text

    from triptych.canonical.base import thaw

    return Text(f"{what} {orjson.dumps(_full(thaw(document))).decode()}", style="dim")


def _full(value: Any) -> Any:
    """A plain JSON value without the fields that have nothing in them."""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {name: _full(part) for name, part in fields.items() if part not in (None, {}, [])}
    return [_full(part) for part in cast("list[Any]", value)] if isinstance(value, list) else value


def _colour(word: str) -> str:
    return COLOURS.get(word, "")
