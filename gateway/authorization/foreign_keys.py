"""The keys of one foreign issuer: found through its discovery document, and kept, whatever comes."""

import asyncio
import logging

from gateway.authorization.lifetimes import MINUTE, Clock
from gateway.authorization.public_keys import PublicKey, UnusableKeyError, public_keys
from gateway.authorization.untrusted import MalformedError, strict_json
from triptych.calling.outside import Outside, OutsideError
from triptych.problems import Unavailable

_log = logging.getLogger(__name__)

KEPT = 5 * MINUTE
"""Seconds after which the keys are asked for anew."""
AGAIN, AFTER_FAILURE = 30, 5
"""Seconds between two attempts at least, whatever tokens come with whatever keys."""
STALE = 60 * MINUTE
"""Seconds that known keys are used for while the issuer does not answer."""


class IssuerKeys:
    """Reads the discovery document (OpenID Connect Discovery section 4) and the key set that it names."""

    def __init__(self, issuer: str, outside: Outside, clock: Clock) -> None:
        self._issuer = issuer
        self._outside = outside
        self._clock = clock
        self._keys: list[PublicKey] = []
        self._asked_at = self._told_at = -STALE
        self._pause = AGAIN
        self._asking = asyncio.Lock()

    async def of(self, kid: str | None) -> list[PublicKey]:
        """The keys with this id, all of them where there is none; empty if the issuer has no such key.

        Raises `Unavailable` while the issuer cannot tell.
        """
        if self._wanting(kid):
            async with self._asking:
                if self._clock.now() - self._asked_at >= self._pause:
                    await self._ask()
        if self._clock.now() - self._told_at >= STALE:
            raise Unavailable(f"The keys of {self._issuer} cannot be read.", retry_after=AFTER_FAILURE)
        return self._called(kid)

    def _wanting(self, kid: str | None) -> bool:
        now = self._clock.now()
        if now - self._asked_at < self._pause and not self._asking.locked():
            return False
        return not self._called(kid) or (now - self._told_at >= KEPT and not self._asking.locked())

    def _called(self, kid: str | None) -> list[PublicKey]:
        return self._keys if kid is None else [key for key in self._keys if key.kid == kid]

    async def _ask(self) -> None:
        try:
            self._keys = await self._told()
            self._told_at, self._pause = self._clock.now(), AGAIN
        except (OutsideError, MalformedError, UnusableKeyError) as error:
            self._pause = AFTER_FAILURE
            _log.warning("the keys of %s cannot be read: %s", self._issuer, error)
        finally:
            self._asked_at = self._clock.now()

    async def _told(self) -> list[PublicKey]:
        address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        said = strict_json(await self._outside.get(address))
        if said.get("issuer") != self._issuer:
            raise MalformedError(f"{address} is of another issuer")
        place = said.get("jwks_uri")
        if not isinstance(place, str):
            raise MalformedError(f"{address} names no jwks_uri")
        return public_keys(strict_json(await self._outside.get(place)))
