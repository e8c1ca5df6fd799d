"""`load`: a company's own books, through the system APIs."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triptych.cli.exits import FAILED, INTERRUPTED
from triptych.cli.options import Data, Json, settings_from
from triptych.cli.output import console, progress_bar, write_json

if TYPE_CHECKING:
    from triptych.loading import LoadReport, Mapping
    from triptych.settings import Settings

INTERRUPTION = "Interrupted."


def load(
    path: Annotated[Path, typer.Argument(help="Folder of CSV or JSON Lines files.")],
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--mapping", help="How to read them; by default mapping.yaml in the folder, or a known one."
        ),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Only this collection, crm.customers; can be repeated.")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Load a folder through the system APIs; loading it again changes nothing.

    Reports for each file how many rows were created, updated, left alone or refused, and each refused row
    with file, line and reason. The good rows go in. Ends with 1 when a row was refused.
    """
    from triptych.loading import find_mapping
    from triptych.running.loop import run
    from triptych.telemetry import logs

    settings = settings_from(data=data)
    logs.set_up(settings.model_copy(update={"log_level": "warning"}), "triptych")
    report = run(_load(settings, path, find_mapping(path, mapping), only or []))
    if json:
        write_json(report.as_json())
    else:
        console().print(report.as_table())
    if not report.complete:
        raise typer.Exit(INTERRUPTED if report.stopped == INTERRUPTION else FAILED)


async def _load(settings: "Settings", path: Path, mapping: "Mapping", only: list[str]) -> "LoadReport":
    from triptych.loading import LoadRun
    from triptych.running.reaching import clients

    async with clients(settings, "load") as found:
        with progress_bar() as progress:
            loading = LoadRun(path, mapping, found, progress, only=only)
            try:
                await loading.run()
            except asyncio.CancelledError:
                loading.report.stopped = INTERRUPTION
        return loading.report
