"""A worker of `triptych serve gateway --workers N`: started by its supervisor, and by nobody else.

`python -P -m triptych.cli.worker SOCKET CHANNEL LOCK`, each the number of an inherited file: where requests
come in, what the supervisor is spoken to by, and the lock of standard error. Settings are in the environment.
"""

import sys
from socket import socket

from triptych.cli import ending


def main() -> None:
    """Serve until the supervisor says otherwise."""
    from triptych.cli.options import settings_from
    from triptych.running.serve import THE_GATEWAY, serve_as_worker
    from triptych.telemetry import logs
    from triptych.telemetry.lines import share_standard_error

    listening, channel, lock = (int(argument) for argument in sys.argv[1:])
    share_standard_error(lock)
    settings = settings_from(topology="split")
    logs.set_up(settings, THE_GATEWAY)
    serve_as_worker(settings, socket(fileno=listening), socket(fileno=channel))


if __name__ == "__main__":
    with ending():
        main()
