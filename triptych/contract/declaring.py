"""How an operation is declared: the verb, the path, and what may be asked of it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from triptych.problems import Problem

F = TypeVar("F", bound=Callable[..., Awaitable[Any] | AsyncIterator[Any]])

MARK = "__triptych_operation__"


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a decorator writes onto a contract's method; `contract.reading` makes an Operation of it."""

    method: str
    path: str
    scope: str | None = None
    """Defaults to `<service>:read` for GET and `<service>:write` for the rest; "" asks for no scope."""
    status: int = 200
    raises: tuple[type[Problem], ...] = ()
    """The problems that the operation itself answers with; those of the platform are known."""
    timeout: float = 10.0
    """Seconds within which the operation answers; a caller that waits less shortens it."""
    weight: int = 1
    """What one call counts against the client's plan."""
    keyed: bool = False
    """Whether the wire asks for an Idempotency-Key."""
    public: bool = True
    """Whether the gateway may open it; the others serve services only."""
    location: str = ""
    """Path of the resource to look at next, filled from the answer: `/orders/{id}`."""


def _verb(method: str, *, keyed: bool = False):  # pyright infers the precise type of the decorator
    def declare(
        path: str,
        *,
        scope: str | None = None,
        status: int = 200,
        raises: Sequence[type[Problem]] = (),
        timeout: float = 10.0,
        weight: int = 1,
        keyed: bool = keyed,
        public: bool = True,
        location: str = "",
    ) -> Callable[[F], F]:
        """Declare an operation: `@post("/leads/{lead_id}/convert", raises=[InvalidState])`."""
        declared = Declaration(
            method, path, scope, status, tuple(raises), timeout, weight, keyed, public, location
        )

        def mark(function: F) -> F:
            setattr(function, MARK, declared)
            return function

        return mark

    return declare


get = _verb("GET")
post = _verb("POST", keyed=True)
put = _verb("PUT")
patch = _verb("PATCH")
delete = _verb("DELETE")
