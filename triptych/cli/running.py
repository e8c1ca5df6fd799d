"""`up` and `serve`: the commands that stay."""

from typing import TYPE_CHECKING, Annotated

import typer

from triptych.cli.options import Data, settings_from
from triptych.cli.output import console

if TYPE_CHECKING:
    from triptych.settings import Settings

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
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, max=64, help="Processes of the gateway; by default one.")
    ] = None,
) -> None:
    """Run one service, or the gateway, as a process of its own, until SIGTERM or Ctrl-C.

    It calls the others at their addresses, TRIPTYCH_CRM_URL and so on, and shares TRIPTYCH_SECRET_KEY with
    them. With several workers, SIGHUP replaces them one by one, and no request fails.
    """
    from triptych.cli.exits import MISUSED, CommandError
    from triptych.running.serve import THE_GATEWAY
    from triptych.running.serve import serve as run_service
    from triptych.telemetry import logs

    if workers is not None and service != THE_GATEWAY:
        raise CommandError(
            f"Only the gateway has workers. Start {service} several times instead, each at a port and with a "
            f"TRIPTYCH_REPLICA of its own, and name all addresses to those who call it.",
            MISUSED,
        )
    settings = settings_from(port=port, host=host, data=data, workers=workers, topology="split")
    if service == THE_GATEWAY and settings.workers > 1:
        return _supervise(settings)
    logs.set_up(settings, service)
    return run_service(service, settings)


def _supervise(settings: "Settings") -> None:
    from tempfile import TemporaryFile

    from triptych.running.loop import run
    from triptych.running.supervisor import Supervisor
    from triptych.telemetry import logs
    from triptych.telemetry.lines import share_standard_error

    with TemporaryFile() as lock:
        share_standard_error(lock.fileno())
        logs.set_up(settings, "supervisor")
        run(Supervisor(settings, lock.fileno()).run())
