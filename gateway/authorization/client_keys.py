"""The public keys of clients: given when they were registered, or fetched from where they publish them."""

import asyncio
from dataclasses import dataclass, field
from functools import lru_cache

from gateway.authorization.lifetimes import Clock
from gateway.authorization.public_keys import PublicKey, UnusableKeyError, public_keys
from gateway.authorization.registration import Client
from gateway.authorization.untrusted import MalformedError, strict_json
from triptych.calling.outside import Outside, OutsideError

KEPT_SECONDS = 300
"""How long fetched keys are used without asking again."""
AGAIN_SECONDS = 30
"""How often a client's address is asked at most: for a key that it has not shown yet, or after a failure."""


@dataclass(slots=True)
class _Shelf:
    """What one address has told, and when it was asked."""

    keys: list[PublicKey] = field(default_factory=list[PublicKey])
    asked_at: float = -1e9
    told_at: float = -1e9
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class ClientKeys:
    """Finds the keys that may have signed something for a client."""

    REMEMBERED = 10_000

    def __init__(self, outside: Outside, clock: Clock) -> None:
        self._outside = outside
        self._clock = clock
        self._shelves: dict[str, _Shelf] = {}
        self._given = lru_cache(self.REMEMBERED)(_parsed)

    async def of(self, client: Client, kid: object) -> list[PublicKey]:
        """The keys with this id; all of them where no id was said. Empty if there are none.

        An address that fails is not asked again at once, and meanwhile what it told before counts.
        """
        if client.jwks is not None:
            return _called(self._given(client.jwks), kid)
        if client.jwks_uri is None:
            return []
        shelf = self._shelves.get(client.jwks_uri)
        if shelf is None:
            if len(self._shelves) >= self.REMEMBERED:
                del self._shelves[next(iter(self._shelves))]
            shelf = self._shelves[client.jwks_uri] = _Shelf()
        if self._wanting(shelf, kid):
            async with shelf.asking:
                if self._clock.now() - shelf.asked_at >= AGAIN_SECONDS:
                    await self._ask(shelf, client.jwks_uri)
        return _called(shelf.keys, kid)

    def _wanting(self, shelf: _Shelf, kid: object) -> bool:
        now = self._clock.now()
        if now - shelf.asked_at < AGAIN_SECONDS:
            return False
        known = bool(_called(shelf.keys, kid))
        return not known or (now - shelf.told_at >= KEPT_SECONDS and not shelf.asking.locked())

    async def _ask(self, shelf: _Shelf, uri: str) -> None:
        try:
            shelf.keys = public_keys(strict_json(await self._outside.get(uri)))
            shelf.told_at = self._clock.now()
        except (OutsideError, MalformedError, UnusableKeyError):
            if self._clock.now() - shelf.told_at >= 10 * KEPT_SECONDS:
                shelf.keys = []
        finally:
            shelf.asked_at = self._clock.now()


def _parsed(jwks: str) -> list[PublicKey]:
    return public_keys(strict_json(jwks))


def _called(keys: list[PublicKey], kid: object) -> list[PublicKey]:
    return keys if kid is None else [key for key in keys if key.kid == kid]
