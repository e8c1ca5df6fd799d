"""`processes`: what runs, where it stands, and whether everything that came in is somewhere."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from triptych.cli.exits import CommandError
from triptych.cli.options import Data, Json, settings_from
from triptych.cli.output import write_json, write_line, write_table
from triptych.cli.reaching import with_control, with_operations

if TYPE_CHECKING:
    from triptych.engine import ProcessStatus
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
