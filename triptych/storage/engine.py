"""What storage needs of a database product: SQLite and PostgreSQL each answer it in their own module."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from sqlalchemy import Dialect

from triptych.problems import Problem
from triptych.storage.sessions import Session


class Engine(Protocol):
    """Where one service keeps its data."""

    @property
    def dialect(self) -> Dialect:
        """Which SQL it speaks."""
        ...

    @property
    def schema(self) -> str | None:
        """Schema of the service's tables, or None where the file is theirs alone."""
        ...

    @property
    def place(self) -> str:
        """Where it is, for people, without a password: a path, or a server and schema."""
        ...

    async def open(self) -> None:
        """Make sure that the place exists. Raises StorageError, saying what to change."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...

    def reading(self) -> AbstractAsyncContextManager[Session]:
        """A connection whose statements each see what is committed."""
        ...

    def writing(self) -> AbstractAsyncContextManager[Session]:
        """A connection in a transaction."""
        ...

    async def only_one(self, session: Session, purpose: str) -> None:
        """Within a transaction: wait until no other process does the same to this schema."""
        ...

    def problem(self, error: BaseException) -> Problem | None:
        """What to answer when the database, not the request, is at fault; None for every other error."""
        ...

    def fleeting(self, error: BaseException) -> bool:
        """Whether the same transaction, run once more, may well succeed: deadlocks and their kind."""
        ...

    def violated(self, error: BaseException) -> bool:
        """Whether a value was refused for not being unique."""
        ...


def driver_error(error: BaseException) -> BaseException:
    """The driver's own error, out of SQLAlchemy's wrapping and out of the problem that was made of it."""
    if isinstance(error, Problem) and error.__cause__ is not None:
        return driver_error(error.__cause__)
    original = getattr(error, "orig", None)
    if isinstance(original, BaseException):
        return driver_error(original.__cause__ or original)
    return error
