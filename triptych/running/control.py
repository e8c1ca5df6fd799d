"""What the running platform does for its operator's commands: a contract like any other, over a socket."""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Annotated, Literal

from fastapi import Path, Query
from starlette.types import ASGIApp, Receive, Scope, Send

from triptych.administration.contract import GatewayAdmin
from triptych.assembly.needs import scopes_of
from triptych.assembly.platform import Platform
from triptych.calling.deadlines import DeadlineWheel
from triptych.calling.internal_token import InternalTokens
from triptych.canonical.base import Model
from triptych.context import Caller
from triptych.contract import Api, SystemApi, get, post
from triptych.engine import ProcessStatus
from triptych.problems import InvalidInput, InvalidState, NotFound
from triptych.running.data_folder import Held
from triptych.serving.app import service_app
from triptych.serving.backstop import Backstop
from triptych.serving.boundary import Boundary
from triptych.serving.callers import CALLER, Callers
from triptych.serving.server import by_prefix
from triptych.serving.server import serving as serving_app

OPERATOR = Caller(subject="operator", client="command-line", service="command-line")
"""As whom commands act: whoever may open the socket owns the installation."""
NO_LIMIT = "1000000/second"
GRACE = 1
"""Seconds that commands get when the platform stops: each can be given again."""


class Status(Model):
    """What runs."""

    pid: int
    address: str
    """Where the gateway answers."""
    topology: str
    services: tuple[str, ...]
    uptime_seconds: float


class AuditFinding(Model):
    """What a walk along the audit log found."""

    records: int
    """How many are sound, from the first on."""
    sequence: int | None = None
    """The first that is not, or that is missing."""
    reason: str = ""
    """What is wrong with it; empty when all is well."""
    head: str
    """The end that was reached; keep it elsewhere, and name it the next time."""


class ProcessList(Model):
    """Processes, newest first."""

    items: tuple[ProcessStatus, ...]


Stage = Literal["running", "waiting", "parked", "finished"]
ProcessId = Annotated[str, Path(max_length=300)]
Of = Annotated[str | None, Query(max_length=200)]
Kept = Annotated[str, Query(max_length=100)]
Count = Annotated[int, Query(ge=1, le=1000)]


class Control(SystemApi, version=1, owner="platform"):
    """The platform itself, as its operator commands it."""

    @get("/status", scope="")
    async def status(self) -> Status:
        """What runs, where and since when."""
        ...

    @get("/audit", scope="", raises=[InvalidInput], timeout=600)
    async def verify_audit(self, kept: Kept = "") -> AuditFinding:
        """Whether the audit log is as it was written."""
        ...

    @get("/processes", scope="")
    async def processes(self, of: Of = None, stage: Stage | None = None, limit: Count = 50) -> ProcessList:
        """Processes of one service, or of one kind (`of`), at one stage; `parked` ones are dead letters."""
        ...

    @get("/processes/{process}", scope="", raises=[NotFound])
    async def process(self, process: ProcessId) -> ProcessStatus:
        """One process, with its timeline."""
        ...

    @post("/processes/{process}/retry", scope="", raises=[NotFound, InvalidState])
    async def retry_process(self, process: ProcessId) -> ProcessStatus:
        """Have a dead letter go on from the step that failed."""
        ...

    @post("/processes/{process}/cancel", scope="", raises=[NotFound, InvalidState])
    async def cancel_process(self, process: ProcessId) -> ProcessStatus:
        """Have a process undo what it did, and end."""
        ...


def trusted(app: ASGIApp, api: type[Api]) -> ASGIApp:
    """Whoever reaches `app` is the operator and may do everything; for a socket that only its owner opens."""
    caller = replace(OPERATOR, scopes=scopes_of(api))

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope[CALLER] = caller
        await app(scope, receive, send)

    return application


@asynccontextmanager
async def serving(
    control: Control, platform: Platform, administration: ASGIApp, held: Held
) -> AsyncGenerator[None]:
    """Take commands at the data folder's control socket until the block ends, and calls of every service.

    `administration` serves `GatewayAdmin`.
    """
    app = service_app(
        Boundary(control, DeadlineWheel()),
        Callers(Control, InternalTokens(os.urandom(32))),
        Backstop(NO_LIMIT),
        _always_ready,
    )
    apps = {name: trusted(platform.apps[name], made) for name, made in platform.services.items()}
    ours = {
        Control.name: trusted(app, Control),
        GatewayAdmin.name: trusted(administration, GatewayAdmin),
    }
    door = by_prefix({**apps, **ours})
    path = held.socket_path()
    listening = await asyncio.to_thread(_bind, path)
    try:
        async with serving_app(door, listening, GRACE):
            yield
    finally:
        listening.close()
        await asyncio.to_thread(path.unlink, missing_ok=True)


def _bind(path: FilePath) -> socket.socket:
    """A Unix-domain socket that only its owner may open; nobody can connect before somebody listens."""
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    bound.bind(os.fspath(path))
    path.chmod(0o600)
    return bound


async def _always_ready() -> None:
    """Commands are taken as long as the platform runs."""
