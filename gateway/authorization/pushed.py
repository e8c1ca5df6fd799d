"""Authorization requests that clients send ahead (RFC 9126), so that no browser can change or read them."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import delete, insert, select, update

from gateway.authorization.lifetimes import Clock, Lifetimes
from gateway.authorization.opaque import fingerprint, new_secret
from gateway.authorization.parameters import Pairs
from gateway.authorization.tables import pushed_requests
from triptych.storage import Database

PREFIX = "urn:ietf:params:oauth:request_uri:"


@dataclass(frozen=True, slots=True)
class Pushed:
    """A request that was sent ahead, in the hands of one browser."""

    request_uri: str
    pairs: Pairs
    opened_at: int
    """When the browser first came with it."""


class PushedRequests:
    """Keeps each until a browser comes with it, then for that browser alone, until it is answered."""

    def __init__(self, database: Database, lifetimes: Lifetimes, clock: Clock) -> None:
        self._database = database
        self._lifetimes = lifetimes
        self._clock = clock

    async def push(self, client_id: str, pairs: Pairs) -> str:
        """Keep a request that was found in order; its `request_uri`."""
        request_uri = PREFIX + new_secret("request")
        values = {
            "request_hash": fingerprint(request_uri),
            "client_id": client_id,
            "parameters": urlencode(pairs),
            "expires_at": self._clock.now() + self._lifetimes.pushed_request,
        }
        async with self._database.write() as connection:
            await connection.execute(insert(pushed_requests).values(values))
        return request_uri

    async def open(self, request_uri: str, client_id: str, browser: str) -> Pushed | None:
        """The request, for the first browser that asks and then for it alone; None for all others."""
        now, this = self._clock.now(), fingerprint(request_uri)
        ours = (
            (pushed_requests.c.request_hash == this)
            & (pushed_requests.c.client_id == client_id)
            & (pushed_requests.c.expires_at > now)
        )
        found = select(pushed_requests).where(ours)
        async with self._database.read() as connection:
            row = (await connection.execute(found)).first()
        if row is not None and row.spent_at is None:
            taken = {
                "spent_at": now,
                "browser_hash": fingerprint(browser),
                "expires_at": now + self._lifetimes.visit,
            }
            async with self._database.write() as connection:
                await connection.execute(
                    update(pushed_requests).where(ours, pushed_requests.c.spent_at.is_(None)).values(taken)
                )
                row = (await connection.execute(found)).first()
        if row is None or row.browser_hash != fingerprint(browser):
            return None
        return Pushed(request_uri, parse_qsl(row.parameters, keep_blank_values=True), row.spent_at)

    async def spend(self, request_uri: str) -> bool:
        """Whether it may be answered now; true for the first who asks."""
        this = pushed_requests.c.request_hash == fingerprint(request_uri)
        async with self._database.write() as connection:
            return (await connection.execute(delete(pushed_requests).where(this))).rowcount == 1

    async def sweep(self) -> None:
        """Delete those that nobody came with in time."""
        async with self._database.write() as connection:
            await connection.execute(
                delete(pushed_requests).where(pushed_requests.c.expires_at < self._clock.now())
            )
