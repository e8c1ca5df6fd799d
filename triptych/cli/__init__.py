"""The command line: `triptych`. What a command needs is imported when it runs, so that help is quick."""

import gc
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager

BEGAN = time.monotonic()
"""When the program was loaded; `up` tells how long it took from here."""


@contextmanager
def ending() -> Generator[None]:
    """Ends the program as `triptych.cli.exits` says, whatever happens within."""
    gc.disable()  # what is loaded at the start stays: looking through it for garbage is time wasted
    from triptych.cli.exits import explained

    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        found = explained(error)
        if found is None:
            raise
        message, code = found
        if message:
            sys.stderr.write(f"error: {message}\n")
        sys.exit(code)
    finally:
        gc.freeze()  # nor does the end have to look through all of it once more, which takes a second
        gc.enable()


def main() -> None:
    """Run one command, and exit with a code from `triptych.cli.exits`."""
    with ending():
        from triptych.cli.app import application

        application()()
