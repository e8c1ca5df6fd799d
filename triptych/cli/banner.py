"""What `up` tells at the terminal: progress, and then where everything is and what to try."""

import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.rule import Rule

from triptych.cli.output import progress_bar
from triptych.contract import Api, Operation, operations
from triptych.running.demo_file import DEMO_FILE, ClientAccess
from triptych.running.up import Started
from triptych.serving.requests import query_model

TIER_TITLES = {"experience": "Experience APIs", "process": "Process APIs", "system": "System APIs"}
TRIED = 2
"""How many commands the banner offers for each client."""


class TerminalReporter:
    """Tells what goes on with `up`; as plain lines where no terminal is."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = ExitStack()
        self._show = self._bar.enter_context(progress_bar())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def progress(self, what: str, done: int, total: int) -> None:
        """Move the bar on."""
        self._show(what, done, total)

    def started(self, started: Started) -> None:
        """Show the banner."""
        self._bar.close()
        out = self._console
        if out.is_terminal:
            out.print(Rule("Triptych", style="bold"))
        for line in banner(started, command()):
            out.print(line, markup=False, soft_wrap=True)

    def stopping(self) -> None:
        """Say that the signal was heard."""
        self._console.print("Stopping.", markup=False)


def command() -> str:
    """How this program is called from the current folder: `triptych`, or `.venv/bin/triptych`."""
    called = Path(sys.argv[0]).absolute()
    on_path = shutil.which("triptych")
    if on_path is not None and Path(on_path).absolute() == called:
        return "triptych"
    here = Path.cwd()
    return shlex.quote(str(called.relative_to(here) if called.is_relative_to(here) else called))


def banner(started: Started, command: str) -> Iterator[str]:
    """The banner's lines; every command in it can be pasted as it is."""
    settings = started.settings
    base = settings.base_url
    yield f"Triptych is running on {base} (ready in {started.seconds:.1f} s; Ctrl-C stops it)"
    yield ""
    yield f"  Portal           {base}/portal"
    yield f"  Data             {settings.data}/"
    if started.demo is not None:
        who = f"{len(started.demo.clients)} clients and {len(started.demo.users)} users"
        yield f"  Demo company     {settings.data / DEMO_FILE} has {who}, with their secrets"
    for tier, title in TIER_TITLES.items():
        names = [name for name, service in started.services.items() if service.tier == tier]
        if names:
            yield f"  {title:<16} {', '.join(names)}"
    tries = list(_tries(started, command))
    if tries:
        yield ""
        yield "Try it from another terminal:"
        yield ""
        yield from (f"  {line}" for line in tries)
    yield ""


def _tries(started: Started, command: str) -> Iterator[str]:
    """For each client that has a secret, reads of experience APIs that it may do."""
    if started.demo is None:
        return
    base = started.settings.base_url
    data = "" if str(started.settings.data) == "var" else f" --data {shlex.quote(str(started.settings.data))}"
    for name, access in started.demo.clients.items():
        paths = list(_readable(access, list(started.services.values())))[:TRIED]
        if access.client_secret is None or not paths:
            continue
        yield f"TOKEN=$({command} token {name}{data})"
        yield from (f'curl -s -H "Authorization: Bearer $TOKEN" {shlex.quote(base + path)}' for path in paths)


def _readable(access: ClientAccess, services: Sequence[type[Api]]) -> Iterator[str]:
    """Paths of reads without arguments, in experience APIs, that the client's scopes allow."""
    scopes = set(access.scope.split())
    for service in services:
        if service.tier != "experience" or service.owner == "platform":
            continue  # the platform's own has nothing to show on a good day
        for operation in operations(service):
            if _bare(operation) and operation.scope in scopes:
                yield service.base_path() + operation.path


def _bare(operation: Operation) -> bool:
    """Whether it is a read that needs nothing but its path; a filter may be left empty."""
    given = [found for found in operation.parameters if found.where != "filter"]
    queried = query_model(operation).model_fields.values()
    needs = any(found.required for found in given) or any(field.is_required() for field in queried)
    return operation.safe and not operation.streams and "{" not in operation.path and not needs
