"""`dead-letters`: what got stuck, and what to do about it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from triptych.cli.exits import MISUSED, CommandError
from triptych.cli.options import Data, Json, settings_from
from triptych.cli.output import write_json, write_line, write_table
from triptych.cli.reaching import with_operations

if TYPE_CHECKING:
    from triptych.engine.letters import Change, DeadLetter, LetterQuery
    from triptych.operations.contract import Operations
    from triptych.operations.views import Balance, Edited, LetterDetail

Service = Annotated[str | None, typer.Option("--service", help="Of one service.")]
Flow = Annotated[str | None, typer.Option("--flow", help="Of one kind: order-to-fulfillment.fulfil.")]
Step = Annotated[str | None, typer.Option("--step", help="Which failed at this step.")]
Error = Annotated[str | None, typer.Option("--error", help="Which failed so: Unavailable.")]
Since = Annotated[str | None, typer.Option("--since", help="Which died since: 2026-07-01T09:30:00Z.")]
Text = Annotated[str | None, typer.Option("--text", help="Whose id or problem has this text.")]
Id = Annotated[str, typer.Argument(help="The dead letter's id, as `list` shows it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the letter and in the audit log.")]


def list_dead_letters(
    service: Service = None,
    flow: Flow = None,
    step: Step = None,
    error: Error = None,
    since: Since = None,
    text: Text = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="How many at most.")] = 50,
    data: Data = None,
    json: Json = False,
) -> None:
    """List what waits for somebody to look at it, oldest first: where it died, how, and when."""
    query = meant(service, flow, step, error, since, text)

    async def work(operations: "Operations") -> "tuple[DeadLetter, ...]":
        from triptych.operations.views import LetterFilter

        return (await operations.dead_letters(LetterFilter(**query.model_dump(), limit=limit))).items

    found = with_operations(settings_from(data=data), "dead-letters list", work)
    if json:
        write_json(found)
        return
    rows = [
        (
            one.id,
            f"undo {one.step}" if one.undo else one.step,
            one.error,
            one.attempts,
            f"{one.died:%Y-%m-%d %H:%M:%S}",
            one.problem and one.problem.detail,
        )
        for one in found
    ]
    write_table(("id", "step", "error", "attempts", "died (UTC)", "problem"), rows)


def show_dead_letter(
    letter: Id,
    payload: Annotated[bool, typer.Option("--payload", help="Show what it goes on with, too.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show a dead letter: what was done before, where and why it died, and what operators did to it."""

    async def work(operations: "Operations") -> "tuple[LetterDetail, Any]":
        held = (await operations.payload(letter)).payload if payload else None
        return await operations.dead_letter(letter), held

    from triptych.canonical.base import thaw

    found, held = with_operations(settings_from(data=data), "dead-letters show", work)
    if json:
        more = {"payload": thaw(held)} if held is not None else {}
        write_json({**found.model_dump(mode="json"), **more})
        return
    died = found.letter
    write_line(f"{died.id}\n{found.state}, dead since {died.died:%Y-%m-%d %H:%M:%S} UTC")
    if died.problem is not None:
        write_line(f"{died.problem.title}: {died.problem.detail}")
    write_line(f"error {died.error}  code {died.code}  request {died.request_id}  trace {died.trace}")
    rows = [
        (f"{one.started:%H:%M:%S}", f"undo {one.step}" if one.undo else one.step, one.outcome, one.attempts)
        for one in found.timeline
    ]
    write_table(("at", "step", "outcome", "attempts"), rows)
    for done in found.interventions:
        write_line(f"{done.at:%Y-%m-%d %H:%M:%S}  {done.actor}  {done.action}  {done.reason}")
        _write_diff(done.changes)
    if held is not None:
        write_json(thaw(held))


def edit_dead_letter(
    letter: Id,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A field and its value: payment.token=tok_visa.")
    ] = None,
    reason: Reason = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the diff, and change nothing.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Mend the payload of a dead letter, and show what that changes; without --set in your editor.

    A value is JSON, or else text. What the process could not go on with is refused, naming the place.
    """
    from triptych.cli.payloads import patch_of

    settings = settings_from(data=data)
    if set_:
        patch = patch_of(set_)
    else:
        patch = _patch_from_editor(
            with_operations(settings, "dead-letters edit", lambda found: found.payload(letter)).payload
        )

    async def work(operations: "Operations") -> "Edited":
        from triptych.operations.views import EditLetter

        return await operations.edit_dead_letter(
            letter, EditLetter(patch=patch, reason=reason, dry_run=dry_run)
        )

    found = with_operations(settings, "dead-letters edit", work)
    if json:
        write_json(found)
        return
    _write_diff(found.changes)
    if not found.changes:
        write_line("Nothing changes.")
    elif not dry_run:
        write_line(f"Changed. It goes on with that: triptych dead-letters replay {letter}")


def discard_dead_letter(
    letter: Id,
    reason: Reason,
    undo: Annotated[bool, typer.Option("--undo", help="Undo what was done for it first.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Give a dead letter up. What was done for it stays, unless --undo is given.

    Also for what `processes balance` names as missing.
    """
    if len(reason.strip()) < 3:
        raise CommandError("Say in a few words why: --reason 'settled by phone'.", MISUSED)

    async def work(operations: "Operations") -> "Balance":
        from triptych.operations.views import DiscardLetter

        return await operations.discard_dead_letter(letter, DiscardLetter(reason=reason, undo=undo))

    found = with_operations(settings_from(data=data), "dead-letters discard", work)
    if json:
        write_json(found)
    else:
        write_line(f"{letter} is given up{', and what was done for it is being undone' if undo else ''}.")


def meant(
    service: str | None,
    flow: str | None,
    step: str | None,
    error: str | None,
    since: str | None,
    text: str | None,
) -> "LetterQuery":
    """The query that these options make. Raises CommandError for a moment that is none."""
    from pydantic import ValidationError

    from triptych.engine.letters import LetterQuery

    given = {"service": service, "flow": flow, "step": step, "error": error, "since": since, "text": text}
    try:
        return LetterQuery.model_validate(given)
    except ValidationError as wrong:
        raise CommandError(f"--since {since!r} is no moment: write 2026-07-01T09:30:00Z.", MISUSED) from wrong


def _patch_from_editor(payload: Any) -> dict[str, Any]:
    """What somebody changes of a payload in their editor, as a merge patch."""
    import sys

    import click
    import orjson

    from triptych.canonical.base import thaw
    from triptych.cli.payloads import merge_patch

    if not sys.stdin.isatty():
        raise CommandError("Say what to change: --set payment.token=tok_visa.", MISUSED)
    before = thaw(payload)
    shown = orjson.dumps(before, option=orjson.OPT_INDENT_2).decode()
    edited = click.edit(shown + "\n", extension=".json")
    if edited is None:
        return {}
    try:
        return merge_patch(before, orjson.loads(edited))
    except orjson.JSONDecodeError as error:
        raise CommandError(f"What you wrote is no JSON: line {error.lineno}, {error.msg}.") from error


def _write_diff(changes: "tuple[Change, ...]") -> None:
    import orjson

    for change in changes:
        if change.before is not None:
            write_line(f"- {change.pointer}: {orjson.dumps(change.before).decode()}")
        if change.after is not None:
            write_line(f"+ {change.pointer}: {orjson.dumps(change.after).decode()}")
