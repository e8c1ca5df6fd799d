"""`contracts`: the published documents of all contracts, and what a change of them would break."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from triptych.cli.exits import FAILED, CommandError
from triptych.cli.options import Data, Json, settings_from
from triptych.cli.output import progress_bar, write_json, write_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triptych.documents.breaking import BreakingChange

Folder = Annotated[Path, typer.Option("--folder", help="Folder of the documents.")]
OPENAPI = Path("openapi")


def export(folder: Folder = OPENAPI, json: Json = False) -> None:
    """Write every contract's document to its file, and that of all events; delete those that are gone."""
    from triptych.documents.store import export as write

    _written(write(folder, _documents()), "Every document was up to date.", json)


def check(
    folder: Folder = OPENAPI,
    quiet_days: Annotated[
        int,
        typer.Option("--quiet-days", min=1, max=400, help="How long nobody may have called what is retired."),
    ] = 30,
    data: Data = None,
    json: Json = False,
) -> None:
    """Fail when a document is not what its contract says, or breaks what was released under its version.

    Says which change breaks what, and for whom. A breaking change needs a new version of the contract. Where
    a version is retired that was not before, the gateway is asked who calls it; if anybody does, that fails.
    """
    from triptych.documents.store import broken_promises, drifts, retiring

    documents = _documents()
    drifted, broken = drifts(folder, documents), broken_promises(folder, documents)
    left = {where: _callers(where, quiet_days, data) for where in retiring(folder, documents)}
    left = {where: clients for where, clients in left.items() if clients}
    if json:
        drift = [{"path": str(found.path), "diff": found.diff} for found in drifted]
        write_json({"drift": drift, "broken": _plain(broken), "left_behind": left})
    else:
        for found in drifted:
            write_line(str(found))
        _tell(broken)
        for where, clients in left.items():
            write_line(
                f"{where} is retired, but within {quiet_days} days it was called by {', '.join(clients)}"
            )
        if not drifted and not broken and not left:
            write_line(f"{len(documents)} documents say what their contracts say, and break no promise.")
    if drifted or broken or left:
        raise typer.Exit(FAILED)


def release(folder: Folder = OPENAPI, json: Json = False) -> None:
    """Promise the documents as they are: from now on no change inside their versions may break clients."""
    from triptych.documents.store import BrokenPromises
    from triptych.documents.store import release as promise

    try:
        changed = promise(folder, _documents())
    except BrokenPromises as error:
        if json:
            write_json({"broken": _plain(error.changes)})
        else:
            _tell(error.changes)
        raise CommandError(
            f"{error}. Give the contract a new version, `class Crm(SystemApi, version=2)`, "
            "or take the change back."
        ) from error
    _written(changed, "Everything was released as it is.", json)


def changelog(
    service: Annotated[str | None, typer.Argument(help="Only of this service.")] = None, json: Json = False
) -> None:
    """List what has changed in each dated version of the contracts, newest first."""
    from triptych.assembly.discovery import installed
    from triptych.documents.changelog import changes

    contracts = [made.promised() for made in installed({service} if service else None).values()]
    if service and not contracts:
        raise CommandError(f"There is no service {service!r}; `triptych services` lists them.")
    found = [change for api in contracts for change in changes(api)]
    if json:
        write_json([asdict(change) for change in found])
        return
    for change in found:
        write_line(str(change))
    if not found:
        write_line(
            "No contract has dated versions." if service is None else f"{service} has no dated versions."
        )


def _callers(where: str, days: int, data: Path | None) -> list[str]:
    """Who has called a version lately: `experience/partner.v1.yaml`."""
    from triptych.cli.reaching import with_gateway

    service, _, major = where.partition("/")[2].removesuffix(".yaml").rpartition(".v")
    found = with_gateway(
        settings_from(data=data), "contracts check", lambda gateway: gateway.usage(days=days, service=service)
    )
    return sorted({use.client or "callers without a token" for use in found.items if str(use.major) == major})


def _documents() -> dict[str, dict[str, Any]]:
    """The document of every installed contract, of the gateway's own, and of all events, by its place."""
    from triptych.administration.contract import GatewayAdmin
    from triptych.assembly.discovery import installed
    from triptych.documents import asyncapi
    from triptych.documents.store import place
    from triptych.serving.openapi import document

    contracts = [*(made.promised() for made in installed().values()), GatewayAdmin]
    found: dict[str, dict[str, Any]] = {}
    with progress_bar() as progress:
        for number, api in enumerate(contracts):
            progress(api.name, number, len(contracts))
            found[place(api.tier, api.name, api.version)] = document(api)
            for day in api.dated.dates[:-1]:
                found[place(api.tier, api.name, api.version, day)] = document(api, day)
    told = asyncapi.document(contracts)
    if told["channels"]:
        found[place("events", "triptych", 1)] = told
    return found


def _written(changed: list[Path], otherwise: str, json: bool) -> None:
    if json:
        write_json({"changed": [str(path) for path in changed]})
        return
    for path in changed:
        write_line(f"{path} {'written' if path.exists() else 'deleted'}")
    if not changed:
        write_line(otherwise)


def _tell(broken: "Mapping[str, list[BreakingChange]]") -> None:
    for where, changes in broken.items():
        for change in changes:
            write_line(f"{where}: {change}")


def _plain(broken: "Mapping[str, list[BreakingChange]]") -> dict[str, list[dict[str, Any]]]:
    return {where: [asdict(change) for change in changes] for where, changes in broken.items()}
