"""`services` and `settings`: what is installed, and how it is set up."""

from typing import Annotated

import typer

from triptych.cli.options import Data, Json, settings_from
from triptych.cli.output import write_json, write_table


def services(
    flows: Annotated[
        bool, typer.Option("--flows", help="Their data flows and service levels instead.")
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """List the installed services: tier, version, owner, stage, where each runs and what it needs."""
    from datetime import UTC, datetime

    from triptych.assembly.catalogue import catalogue
    from triptych.assembly.discovery import installed

    entries = catalogue(settings_from(data=data), installed(), datetime.now(UTC).date())
    if json:
        write_json(entries)
        return
    if flows:
        listed = [
            (entry.name, one.name, one.pace, one.owner, one.level, one.failure)
            for entry in entries
            for one in entry.flows
        ]
        write_table(("process", "flow", "pace", "owner", "service level", "what failure costs"), listed)
        return
    rows = [
        (
            entry.name,
            entry.tier,
            f"v{entry.version}",
            entry.owner,
            entry.stage,
            entry.backend,
            entry.runs,
            " ".join(entry.needs),
        )
        for entry in entries
    ]
    write_table(("name", "tier", "version", "owner", "stage", "backend", "runs", "needs"), rows)


def settings(data: Data = None, json: Json = False) -> None:
    """List every setting: its variable, value, where that comes from, and what it means.

    A flag goes before the environment, that before the file .env in the current folder, that before the
    default. Secrets are masked.
    """
    from triptych.assembly.discovery import names
    from triptych.running.explained_settings import explain

    found = explain(settings_from(data=data), {"data"} if data else set(), names())
    if json:
        write_json(found)
        return
    rows = [(one.variable, one.value, one.origin, one.description) for one in found]
    write_table(("setting", "value", "from", "meaning"), rows)
