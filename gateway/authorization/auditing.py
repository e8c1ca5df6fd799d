"""What the authorization server tells the audit log: logins, tokens, consents, revocations, keys."""

from typing import Protocol


class Audit(Protocol):
    """Takes one event, such as `login.failed`, and its facts. Secrets are never among them."""

    async def __call__(self, event: str, **facts: object) -> None:
        """Return once the event is safely noted."""
        ...
