"""`usage`: who calls what, in which version."""

from typing import TYPE_CHECKING, Annotated

import typer

from triptych.cli.options import Data, Json, settings_from
from triptych.cli.output import write_json, write_line, write_table
from triptych.cli.reaching import with_gateway

if TYPE_CHECKING:
    from triptych.administration.views import UsageList

Days = Annotated[int, typer.Option("--days", min=1, max=400, help="Since how many days ago.")]


def usage(
    client: Annotated[str | None, typer.Option("--client", help="Of one client, by its id.")] = None,
    service: Annotated[str | None, typer.Option("--service", help="Of one service.")] = None,
    days: Days = 30,
    data: Data = None,
    json: Json = False,
) -> None:
    """List who has called what, in which version: most used first."""
    found = with_gateway(
        settings_from(data=data),
        "usage",
        lambda gateway: gateway.usage(days=days, client_id=client, service=service),
    ).items
    if json:
        write_json(found)
        return
    write_table(
        ("client", "operation", "version", "calls", "refused", "failed", "units", "last hour"),
        [
            (
                use.client or "(no token)",
                use.operation,
                f"v{use.major} {use.version}".strip(),
                use.calls,
                use.refused,
                use.failed,
                use.units,
                use.last_hour,
            )
            for use in found
        ],
    )


def contracts_usage(
    service: Annotated[str, typer.Argument(help="The service, such as partner.")],
    days: Days = 30,
    data: Data = None,
    json: Json = False,
) -> None:
    """List who still calls each version of a service: whom you would leave behind."""
    found = with_gateway(
        settings_from(data=data), "contracts usage", lambda gateway: gateway.usage(days=days, service=service)
    )
    callers = callers_of(found)
    if json:
        write_json([{"version": version, "client": client, **facts} for (version, client), facts in callers])
        return
    if not callers:
        write_line(f"Nobody has called {service} within {days} days.")
        return
    rows = [(version, client or "(no token)", *facts.values()) for (version, client), facts in callers]
    write_table(("version", "client", "calls", "last hour"), rows)


def callers_of(found: "UsageList") -> list[tuple[tuple[str, str], dict[str, object]]]:
    """By version, oldest first, and client: how many calls, and the last hour with one."""
    added: dict[tuple[str, str], dict[str, object]] = {}
    for use in found.items:
        key = (f"v{use.major} {use.version}".strip(), use.client)
        facts = added.get(key)
        calls = use.calls + (int(str(facts["calls"])) if facts else 0)
        last = max(use.last_hour.isoformat(), str(facts["last_hour"]) if facts else "")
        added[key] = {"calls": calls, "last_hour": last}
    return sorted(added.items())
