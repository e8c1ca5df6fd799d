"""`processes`: what runs, where it stands, and whether everything that came in is somewhere."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from triptych.cli.exits import CommandError
from triptych.cli.options import Data, Json, settings_from
from triptych.cli.output import write_json, write_line, write_table
from triptych.cli.reaching import with_control, with_operations

if TYPE_CHECKING:
    from triptych.engine import ProcessStatus
    from triptych.engine.versions import VersionUse
    from triptych.operations.contract import Operations
    from triptych.running.control import Control

Of = Annotated[str | None, typer.Option("--of", help="A service, or one kind: order-to-fulfillment.fulfil.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many to list at most.")]
Id = Annotated[str, typer.Argument(help="The process's id, as `list` shows it.")]
Step = Literal["show", "retry", "cancel"]


def list_processes(
    of: Of = None,
    stage: Annotated[
        Literal["running", "waiting", "parked", "finished"] | None,
        typer.Option("--stage", help="Only those."),
    ] = None,
    limit: Limit = 50,
    data: Data = None,
    json: Json = False,
) -> None:
    """List processes, newest first: what each is about, its phase and where it stands."""

    async def work(control: "Control") -> "tuple[ProcessStatus, ...]":
        return (await control.processes(of, stage, limit)).items

    found = with_control(settings_from(data=data), "processes list", work)
    if json:
        write_json(found)
        return
    rows = [
        (one.id, one.phase, one.state, f"{one.updated:%Y-%m-%d %H:%M:%S}", one.problem and one.problem.detail)
        for one in found
    ]
    write_table(("id", "phase", "state", "updated (UTC)", "problem"), rows)


def balance(data: Data = None, json: Json = False) -> None:
    """Show whether everything that came in is done, dead, filtered out or running; name what is missing.

    Exit code 1 when something is.
    """
    found = with_operations(settings_from(data=data), "processes balance", lambda found: found.balance())
    if json:
        write_json(found)
    else:
        rows = [
            (one.flow, one.came_in, one.done, one.dead, one.filtered, one.running, one.missing)
            for one in found.accounts
        ]
        write_table(("flow", "in", "done", "dead", "filtered", "running", "missing"), rows)
    if not found.balanced:
        named = "".join(f"\n  {process}" for process in found.missing)
        raise CommandError(f"The books do not add up. Missing:{named or ' nothing that can be named.'}")


def versions(data: Data = None, json: Json = False) -> None:
    """Show which versions of processes are followed, which can be taken out, and whose code is missing.

    Exit code 1 when processes follow a version that no replica knows.
    """
    found = with_operations(settings_from(data=data), "processes versions", lambda found: found.versions())
    newest = {use.flow: use.version for use in found.items if use.known_to}
    if json:
        write_json(found)
    else:
        rows = [
            (
                use.flow,
                use.version,
                use.running,
                use.waiting,
                use.dead,
                use.oldest and f"{use.oldest:%Y-%m-%d %H:%M:%S}",
                " ".join(use.known_to) or "nobody",
                "not followed: it can be taken out" if _is_over(use, newest) else "",
            )
            for use in found.items
        ]
        columns = ("flow", "version", "running", "waiting", "dead", "oldest (UTC)", "known to", "")
        write_table(columns, rows)
    from triptych.engine.versions import REMEDY

    if stranded := [f"{use.flow}.v{use.version}" for use in found.items if use.stranded]:
        raise CommandError(f"No replica knows {', '.join(stranded)}, which processes follow: {REMEDY}.")


def diagram(
    flow: Annotated[str, typer.Argument(help="A kind of process: order-to-fulfillment.fulfil.")],
    version: Annotated[int | None, typer.Option("--version", help="By default the newest.")] = None,
    data: Data = None,
) -> None:
    """Draw what is done in a kind of process, and what is undone, as a Mermaid flowchart."""
    found = with_operations(settings_from(data=data), "processes diagram", lambda found: found.outlines())
    drawn = {one.version: one.diagram for one in found.items if one.flow == flow}
    if not drawn:
        known = ", ".join(dict.fromkeys(one.flow for one in found.items))
        raise CommandError(f"There is no kind of process {flow}; there are {known}.")
    if (version or max(drawn)) not in drawn:
        raise CommandError(f"{flow} has no version {version}; it has {', '.join(map(str, drawn))}.")
    write_line(drawn[version or max(drawn)])


def _is_over(use: "VersionUse", newest: Mapping[str, int]) -> bool:
    """Whether a former version is followed by nobody, and nobody will begin with it."""
    return not use.followed and use.version < newest.get(use.flow, 0)


def archive(
    days: Annotated[int, typer.Option("--days", min=1, help="Those that have been over for so long.")],
    data: Data = None,
    json: Json = False,
) -> None:
    """Archive processes that have long been over. They can still be shown, one by one or by month."""
    from triptych.operations.views import ArchiveProcesses

    async def work(found: "Operations") -> int:
        which, total, more = ArchiveProcesses(days=days), 0, True
        while more:
            answer = await found.archive_processes(which)
            total, more = total + answer.archived, answer.more
        return total

    total = with_operations(settings_from(data=data), "processes archive", work)
    if json:
        write_json({"archived": total})
    else:
        write_line(f"{total} archived.")


def archived(
    month: Annotated[datetime, typer.Argument(formats=["%Y-%m"], help="When they ended: 2026-07.")],
    data: Data = None,
) -> None:
    """Write what was archived of a month as JSON Lines, for keeping it elsewhere. It has personal data."""
    from triptych.operations.views import ArchiveFilter

    async def work(found: "Operations") -> None:
        filter = ArchiveFilter(month=month.date(), limit=200)
        while True:
            page = await found.archive(filter)
            for one in page.items:
                write_line(one.model_dump_json())
            if page.next_cursor is None:
                return
            filter = filter.model_copy(update={"cursor": page.next_cursor})

    with_operations(settings_from(data=data), "processes archived", work)


def show(process: Id, data: Data = None, json: Json = False) -> None:
    """Show a process: every step that was done or undone, and what went wrong."""
    _one("show", process, data, json)


def retry(process: Id, data: Data = None, json: Json = False) -> None:
    """Have a dead letter go on from the step that failed."""
    _one("retry", process, data, json)


def cancel(process: Id, data: Data = None, json: Json = False) -> None:
    """Have a process undo what it did, and end as cancelled."""
    _one("cancel", process, data, json)


def _one(step: Step, process: str, data: Data, json: bool) -> None:
    async def work(control: "Control") -> "ProcessStatus":
        match step:
            case "show":
                return await control.process(process)
            case "retry":
                return await control.retry_process(process)
            case "cancel":
                return await control.cancel_process(process)

    found = with_control(settings_from(data=data), f"processes {step}", work)
    if json:
        write_json(found)
        return
    stands = ", ".join(dict.fromkeys((found.phase, found.state)))  # often they have the same name
    write_line(f"{found.id}\n{stands}, since {found.updated:%Y-%m-%d %H:%M:%S} UTC")
    if found.problem is not None:
        write_line(f"{found.problem.title}: {found.problem.detail}")
    rows = [
        (
            f"{one.started:%H:%M:%S}",
            f"undo {one.step}" if one.undo else one.step,
            one.outcome,
            one.attempts,
            one.state,
            one.problem.detail if one.problem else one.until and f"until {one.until:%Y-%m-%d %H:%M:%S}",
        )
        for one in found.timeline
    ]
    write_table(("at", "step", "outcome", "attempts", "state", "problem"), rows)
