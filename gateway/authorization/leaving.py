"""How access ends: somebody signs out everywhere, or withdraws what they have allowed."""

from gateway.authorization.auditing import Audit
from gateway.authorization.authorizations import Authorizations
from gateway.authorization.consents import Consents
from gateway.authorization.sessions import Sessions


class Leaving:
    """Ends what a person has begun, at once here and within a second at every gateway."""

    def __init__(
        self, sessions: Sessions, consents: Consents, authorizations: Authorizations, audit: Audit
    ) -> None:
        self._sessions = sessions
        self._consents = consents
        self._authorizations = authorizations
        self._audit = audit

    async def everywhere(self, user_id: str) -> None:
        """End all sessions, refresh tokens and access tokens. What clients may ask for stays agreed."""
        await self._sessions.end_user(user_id)
        await self._authorizations.end_user(user_id)
        await self._audit("logout.everywhere", subject=user_id)

    async def withdraw(self, user_id: str, client_id: str) -> None:
        """Call back what a person has allowed a client, which will have to ask again."""
        await self._consents.withdraw(user_id, client_id)
        await self._authorizations.end(user_id, client_id)
        await self._audit("authorization.withdrawn", subject=user_id, client=client_id)
