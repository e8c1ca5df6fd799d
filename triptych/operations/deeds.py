"""What operators do is told to whoever keeps the audit log: services know of it, and not of the gateway."""

from typing import Protocol


class Audit(Protocol):
    """Records an event, such as `operations.dead-letter-replayed`, with its facts."""

    async def __call__(self, event: str, **facts: object) -> None:
        """Queue it; raises Overloaded where it cannot be recorded now."""
        ...


class Deeds:
    """Passes deeds on to every audit log of this process.

    Where the gateway is another process, there is none here; it records the requests themselves.
    """

    def __init__(self) -> None:
        self._told: list[Audit] = []

    def tell(self, audit: Audit) -> None:
        """Tell this one too, from now on."""
        self._told.append(audit)

    async def __call__(self, event: str, **facts: object) -> None:
        """Something was done. Raises Overloaded where it cannot be recorded now."""
        for audit in self._told:
            await audit(event, **facts)
