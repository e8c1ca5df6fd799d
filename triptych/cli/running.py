"""`up` and `serve`: the commands that stay."""

from typing import Annotated

import typer

from triptych.cli.options import Data, settings_from
from triptych.cli.output import console

Port = Annotated[
    int | None,
    typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one."),
]
Host = Annotated[str | None, typer.Option("--host", help="Address to listen on.")]


def up(
    port: Port = None,
    host: Host = None,
    data: Data = None,
    services: Annotated[
        str | None, typer.Option("--services", help="Which services run, comma-separated; by default all.")
    ] = None,
    topology: Annotated[
        str | None, typer.Option("--topology", help="embedded, or wire: every call over HTTP, for tests.")
    ] = None,
    seed: Annotated[
        bool | None, typer.Option("--seed/--no-seed", help="Whether an empty folder gets a demo company.")
    ] = None,
    seed_scale: Annotated[
        float | None, typer.Option("--seed-scale", help="Size of the demo company; 1 is about 200 customers.")
    ] = None,
) -> None:
    """Run everything in one process, in the foreground, until Ctrl-C.

    The first start in an empty data folder seeds a demo company, and writes who may use it to demo.json.
    """
    from triptych.cli import BEGAN
    from triptych.cli.banner import TerminalReporter
    from triptych.cli.exits import MISUSED, CommandError
    from triptych.running.up import up as run_everything
    from triptych.telemetry import logs

    settings = settings_from(
        port=port,
        host=host,
        data=data,
        services=services,
        topology=topology,
        seed=seed,
        seed_scale=seed_scale,
    )
    if settings.topology == "split":
        raise CommandError(
            "`up` runs everything in one process; with TRIPTYCH_TOPOLOGY=split each service is started "
            "by itself: `triptych serve crm --port 8101`.",
            MISUSED,
        )
    logs.set_up(settings, "triptych")
    with TerminalReporter(console()) as reporter:
        run_everything(settings, reporter, BEGAN)


def serve(
    service: Annotated[str, typer.Argument(help="Name of the service, or `gateway`.")],
    port: Port = None,
    host: Host = None,
    data: Data = None,
) -> None:
    """Run one service, or the gateway, as a process of its own, until SIGTERM or Ctrl-C.

    It calls the others at their addresses, TRIPTYCH_CRM_URL and so on, and shares TRIPTYCH_SECRET_KEY with
    them.
    """
    from triptych.running.serve import serve as run_service
    from triptych.telemetry import logs

    settings = settings_from(port=port, host=host, data=data, topology="split")
    logs.set_up(settings, service)
    run_service(service, settings)
