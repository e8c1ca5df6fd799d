"""Signing in with e-mail address and password, and a code where somebody has a second factor."""

import hashlib
import hmac
from dataclasses import dataclass

from starlette.requests import Request

from gateway.authorization.cookies import SESSION, Cookies
from gateway.authorization.endpoints.exchange import address_of
from gateway.authorization.lifetimes import MINUTE
from gateway.authorization.opaque import fingerprint
from gateway.authorization.parts import Parts
from gateway.authorization.sessions import PASSWORD, TWO_FACTORS
from gateway.authorization.users import User

PATIENCE = 5 * MINUTE
"""How long after the password the code may come."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """How it went: let in with a session, asked for a code, sent away, or told to wait."""

    session_secret: str = ""
    ticket: str = ""
    """Says that the password was right; comes back with the code."""
    wait: int = 0
    """Seconds."""
    expired: bool = False
    """The ticket is no longer good, and the password has to come again."""


class SignIn:
    """Checks passwords and codes, slowly for those who guess, and starts a session."""

    def __init__(self, parts: Parts, cookies: Cookies) -> None:
        self._users = parts.stores.users
        self._factors = parts.factors
        self._sessions = parts.sessions
        self._throttle = parts.throttle
        self._cookies = cookies
        self._audit = parts.stores.audit
        self._key = parts.form_key
        self._clock = parts.clock

    async def attempt(self, request: Request, email: str, password: str, browser: str) -> Attempt:
        """One attempt. The audit log has no address of a failed one: some type their password there."""
        address = address_of(request)
        account = fingerprint(email.strip().casefold())[:16]
        wait = await self._throttle.attempt(email, address)
        if wait:
            await self._audit("login.throttled", account=account, address=address, wait=wait)
            return Attempt(wait=wait)
        user = await self._users.authenticate(email, password)
        if user is None:
            await self._audit("login.failed", account=account, address=address)
            return Attempt()
        await self._throttle.succeeded(email, address)
        if await self._factors.has(user.id):
            return Attempt(ticket=self._ticket(user.id, browser, self._clock.now()))
        return await self._begun(request, user, PASSWORD)

    async def second_attempt(self, request: Request, ticket: str, code: str, browser: str) -> Attempt:
        """The code that has to follow the password, in the same browser."""
        user = await self._holder(ticket, browser)
        if user is None:
            return Attempt(expired=True)
        address = address_of(request)
        wait = await self._throttle.second_attempt(user.id)
        if wait:
            await self._audit("login.throttled", account=user.id, address=address, wait=wait)
            return Attempt(wait=wait, ticket=ticket)
        if not await self._factors.accepts(user.id, code):
            await self._audit("login.code-failed", account=user.id, address=address)
            return Attempt(ticket=ticket)
        await self._throttle.second_succeeded(user.id)
        return await self._begun(request, user, TWO_FACTORS)

    async def _begun(self, request: Request, user: User, methods: str) -> Attempt:
        former = await self._sessions.find(self._cookies.get(request, SESSION))
        if former is not None:
            await self._sessions.end(former.id)
        secret = await self._sessions.start(user, methods)
        await self._audit("login.succeeded", subject=user.id, address=address_of(request), methods=methods)
        return Attempt(session_secret=secret)

    def _ticket(self, user_id: str, browser: str, at: int) -> str:
        said = f"second factor\n{user_id}\n{at}\n{browser}"
        return f"{user_id}.{at}.{hmac.new(self._key, said.encode(), hashlib.sha256).hexdigest()}"

    async def _holder(self, ticket: str, browser: str) -> User | None:
        user_id, _, rest = ticket.partition(".")
        at = rest.partition(".")[0]
        if not (at.isascii() and at.isdigit() and len(at) < 12):
            return None
        genuine = hmac.compare_digest(ticket.encode(), self._ticket(user_id, browser, int(at)).encode())
        if not genuine or int(at) + PATIENCE < self._clock.now():
            return None
        return await self._users.find(user_id)
