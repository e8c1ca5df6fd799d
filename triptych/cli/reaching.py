"""How a command does its work with the platform: the running one, or one of its own."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from triptych.cli.exits import UNREACHABLE, CommandError

if TYPE_CHECKING:
    from triptych.administration.contract import GatewayAdmin
    from triptych.operations.contract import Operations
    from triptych.running.control import Control
    from triptych.running.reaching import Reached
    from triptych.settings import Settings

T = TypeVar("T")


def with_control(settings: "Settings", doing: str, work: "Callable[[Control], Awaitable[T]]") -> T:
    """Run `work` with the control of the platform; `doing` names the command to others."""
    return _with(settings, doing, lambda found: work(found.control))


def with_gateway(settings: "Settings", doing: str, work: "Callable[[GatewayAdmin], Awaitable[T]]") -> T:
    """Run `work` with the administration of the gateway."""
    return _with(settings, doing, lambda found: work(found.gateway))


def with_operations(settings: "Settings", doing: str, work: "Callable[[Operations], Awaitable[T]]") -> T:
    """Run `work` with the operations API. Raises CommandError where that does not run."""

    async def working(found: "Reached") -> T:
        if found.operations is None:
            raise CommandError(
                "The service operations does not run here: add it to TRIPTYCH_SERVICES.", UNREACHABLE
            )
        return await work(found.operations)

    return _with(settings, doing, working)


def _with(settings: "Settings", doing: str, work: "Callable[[Reached], Awaitable[T]]") -> T:
    from triptych.running.loop import run
    from triptych.running.reaching import control
    from triptych.telemetry import logs

    logs.set_up(settings.model_copy(update={"log_level": "warning"}), "triptych")

    async def working() -> T:
        async with control(settings, doing) as found:
            return await work(found)

    return run(working())
