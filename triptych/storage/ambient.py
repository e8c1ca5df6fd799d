"""The write transaction that a service call is in, found by whatever it calls within the service."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from triptych.storage.sessions import Session


@dataclass(slots=True, eq=False)
class Transaction:
    """A write transaction, and the one task that may use it."""

    owner: object
    """The Database that it belongs to."""
    session: Session
    task: "asyncio.Task[Any] | None" = field(default_factory=asyncio.current_task)
    ended: bool = False
    """Tasks that were started inside may outlive it."""
    afterwards: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    """What is called once it has committed."""


@dataclass(frozen=True, slots=True)
class _Open:
    joinable: tuple[Transaction, ...] = ()
    hidden: tuple[Transaction, ...] = ()
    """Open too, but beyond the boundary of the service that is being called."""


_open: ContextVar[_Open] = ContextVar("triptych_transactions", default=_Open())  # noqa: B039 - frozen


def joinable(owner: object) -> Transaction | None:
    """The transaction to join. Raises RuntimeError in a task that its opener has started beside itself."""
    for transaction in _open.get().joinable:
        if transaction.owner is owner and not transaction.ended:
            if transaction.task is not asyncio.current_task():
                raise RuntimeError(
                    "A write transaction belongs to the task that opened it: one connection runs one "
                    "statement at a time. Await the steps in turn, or start the task outside of it."
                )
            return transaction
    return None


def waits_for_itself(owner: object) -> bool:
    """Whether a caller of this call, beyond a service boundary, holds a transaction of the same database."""
    return any(transaction.owner is owner and not transaction.ended for transaction in _open.get().hidden)


@contextmanager
def entered(transaction: Transaction) -> Generator[None]:
    """Let calls made inside join this transaction."""
    here = _open.get()
    token = _open.set(_Open((*here.joinable, transaction), here.hidden))
    try:
        yield
    finally:
        transaction.ended = True
        _open.reset(token)


@contextmanager
def detached() -> Generator[None]:
    """Cross the boundary of a service: transactions that the caller has open are none of its business."""
    here = _open.get()
    if not here.joinable:
        yield
        return
    token = _open.set(_Open((), (*here.hidden, *here.joinable)))
    try:
        yield
    finally:
        _open.reset(token)
