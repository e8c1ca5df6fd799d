"""The authorization server, put together: what the gateway mounts, and what the command line manages."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from starlette.types import Receive, Scope, Send

from gateway.authorization.api_keys import ApiKeys
from gateway.authorization.auditing import Audit
from gateway.authorization.authorizations import Authorizations
from gateway.authorization.bearer import BearerTokens
from gateway.authorization.client_assertions import ClientAssertions
from gateway.authorization.client_keys import ClientKeys
from gateway.authorization.clients import Clients
from gateway.authorization.consents import Consents
from gateway.authorization.dpop import DpopProofs, Nonces
from gateway.authorization.endpoints.introspection import INTROSPECT
from gateway.authorization.endpoints.registering import REGISTER
from gateway.authorization.foreign import foreign_tokens
from gateway.authorization.generation import current
from gateway.authorization.keys import KeyRing
from gateway.authorization.leaving import Leaving
from gateway.authorization.lifetimes import DAY, MINUTE, Clock, Lifetimes
from gateway.authorization.origins import AllowedOrigins
from gateway.authorization.pages import Pages
from gateway.authorization.parts import Parts
from gateway.authorization.passwords import Passwords
from gateway.authorization.pushed import PushedRequests
from gateway.authorization.redirects import LOOPBACK
from gateway.authorization.revocations import Revocations
from gateway.authorization.routes import STATIC_PATH, application
from gateway.authorization.second_factors import SecondFactors
from gateway.authorization.server import Stores
from gateway.authorization.sessions import Sessions
from gateway.authorization.spent import SpentIds
from gateway.authorization.throttle import LoginThrottle
from gateway.authorization.tokens import TokenIssuer
from gateway.authorization.users import Users
from gateway.authorization.verify import AccessTokenVerifier
from triptych.calling.outside import Outside
from triptych.problems import Conflict
from triptych.secrets import Secrets
from triptych.settings import Registration, Settings
from triptych.storage import Database

MIGRATIONS = Path(__file__).parents[1] / "migrations"
NOTICE_SECONDS = 0.5
"""How often a gateway looks whether another has changed a client, a key or a revocation."""
SWEEP_SECONDS = 10 * MINUTE

_log = logging.getLogger(__name__)


class AuthorizationServer:
    """An ASGI application for `/oauth/…` and `/.well-known/…`, and the registries behind it.

    `database` is the gateway's own, opened with `MIGRATIONS`. `scopes` are those of all services with what
    each means, for the consent page; `resources` those of each service by its path, `/shop/v1`. Raises
    ValueError if the issuer, `settings.base_url`, is neither https nor on loopback, since OAuth 2.1 does not
    work over plain http.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        secrets: Secrets,
        scopes: Mapping[str, str],
        audit: Audit,
        *,
        resources: Mapping[str, Iterable[str]] | None = None,
        lifetimes: Lifetimes | None = None,
        clock: Clock | None = None,
        passwords: Passwords | None = None,
        outside: Outside | None = None,
    ) -> None:
        lifetimes, clock, issuer = lifetimes or Lifetimes(), clock or Clock(), _issuer(settings.base_url)
        self.issuer = issuer
        self.clients = Clients(database, clock)
        self.users = Users(database, passwords or Passwords(), clock)
        self.keys = KeyRing(database, secrets.key("oauth-keys"), lifetimes, clock)
        self.revocations = Revocations(database, lifetimes, clock)
        self.authorizations = Authorizations(database, self.revocations, lifetimes, clock)
        self.sessions = Sessions(database, lifetimes, clock)
        self.pushed = PushedRequests(database, lifetimes, clock)
        self.spent = SpentIds(database, clock)
        nonces = Nonces(secrets.key("dpop-nonces"), clock)
        self.proofs = DpopProofs(issuer, self.spent, nonces, clock, strict=settings.dpop_nonces)
        self.outside = outside or Outside(allow_private=settings.allow_private_addresses)
        self._registration: Registration = settings.registration
        self.verifier = AccessTokenVerifier(issuer, issuer, self.keys, self.revocations, clock)
        self.api_keys = ApiKeys(database, self.clients, self.revocations, clock)
        foreign = foreign_tokens(settings, self.outside, scopes, clock)
        self.bearer = BearerTokens(self.verifier, self.api_keys, foreign)
        self.allowed_origins = AllowedOrigins(issuer, self.clients)
        self._key_seconds = settings.key_rotation_days * DAY
        self._database = database
        self.audit = audit
        self._throttle = LoginThrottle(database, clock)
        self._consents = Consents(database, clock)
        self._leaving = Leaving(self.sessions, self._consents, self.authorizations, audit)
        self.factors = SecondFactors(database, secrets.key("second-factors"), clock)
        self._parts = self._put_together(secrets, scopes, resources or {}, lifetimes, clock)
        self._application = None

    def _put_together(
        self,
        secrets: Secrets,
        scopes: Mapping[str, str],
        resources: Mapping[str, Iterable[str]],
        lifetimes: Lifetimes,
        clock: Clock,
    ) -> Parts:
        keys = ClientKeys(self.outside, clock)
        return Parts(
            issuer=self.issuer,
            scopes={**scopes, INTROSPECT: "Ask about any token", REGISTER: "Register applications"},
            stores=Stores(
                self.clients,
                ClientAssertions(self.issuer, self.clients, keys, self.spent, clock),
                self.users,
                self.authorizations,
                self.revocations,
                TokenIssuer(self.issuer, self.keys, lifetimes, clock),
                self.verifier,
                self.api_keys,
                self.audit,
            ),
            keys=self.keys,
            sessions=self.sessions,
            consents=self._consents,
            throttle=self._throttle,
            factors=self.factors,
            leaving=self._leaving,
            pushed=self.pushed,
            proofs=self.proofs,
            resources=resources,
            lifetimes=lifetimes,
            registration=self._registration,
            outside=self.outside,
            form_key=secrets.key("oauth-forms"),
            clock=clock,
        )

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["AuthorizationServer"]:
        """Ready to answer inside: keys are loaded, and made at the very first start."""
        pages = await asyncio.to_thread(Pages, STATIC_PATH)
        await self.keys.open()
        await self.revocations.refresh()
        await self.clients.refresh()
        self._application = application(self._parts, pages)
        tasks = [asyncio.create_task(work) for work in (self._notice_changes(), self._sweep())]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, inside `running()`."""
        if self._application is None:
            raise RuntimeError("The authorization server answers inside `async with server.running()`")
        await self._application(scope, receive, send)

    async def rotate_keys(self) -> str:
        """Sign with the next key from now on; its id. Raises `Conflict` if another gateway is doing it."""
        kid = await self.keys.rotate()
        await self.audit("keys.rotated", kid=kid)
        return kid

    async def rotate_keys_on_schedule(self) -> None:
        """Rotate them if the current one has been signing for long enough; nothing with a schedule of 0."""
        if not self._key_seconds or not await self.keys.due(self._key_seconds):
            return
        try:
            await self.rotate_keys()
        except Conflict as problem:
            _log.info("The signing keys were not rotated now: %s", problem.detail)

    async def disable_client(self, client_id: str) -> None:
        """Let a client in no more, and call back all its tokens. Raises `NotFound`."""
        await self.clients.disable(client_id)
        await self.authorizations.end_client(client_id)
        await self.audit("client.disabled", client=client_id)

    async def withdraw_consent(self, user_id: str, client_id: str) -> None:
        """Call back what a person has allowed a client, which will have to ask again."""
        await self._leaving.withdraw(user_id, client_id)

    async def disable_user(self, user_id: str) -> None:
        """Let a person in no more, anywhere. Raises `NotFound`."""
        await self.users.disable(user_id)
        await self.sign_out_everywhere(user_id)
        await self.audit("user.disabled", subject=user_id)

    async def sign_out_everywhere(self, user_id: str) -> None:
        """End all sessions of a person, and all that they allowed clients."""
        await self._leaving.everywhere(user_id)

    async def _notice_changes(self) -> None:
        known = -1
        while True:
            await asyncio.sleep(NOTICE_SECONDS)
            try:
                async with self._database.read() as connection:
                    found = await current(connection)
                if found != known:
                    await self.keys.refresh()
                    await self.revocations.refresh()
                    await self.clients.refresh()
                known = found
            except Exception:  # noqa: BLE001 - whatever it was, the next look may succeed
                _log.exception("Changes made by other gateways could not be read; trying again")

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self.rotate_keys_on_schedule()
                await self.keys.sweep()
                await self.api_keys.sweep()
                await self.authorizations.sweep()
                await self.sessions.sweep()
                await self.pushed.sweep()
                await self.clients.sweep()
                await self.spent.sweep()
                await self._throttle.sweep()
            except Exception:  # noqa: BLE001 - whatever it was, there is a next time
                _log.exception("What has expired could not be deleted; trying again later")


def _issuer(base_url: str) -> str:
    parts = urlsplit(base_url)
    local = parts.scheme == "http" and parts.hostname in (*LOOPBACK, "localhost")
    if (
        (parts.scheme == "https" or local)
        and base_url == f"{parts.scheme}://{parts.netloc}"
        and parts.hostname
    ):
        return base_url
    raise ValueError(
        f"{base_url!r} cannot be an OAuth issuer: set TRIPTYCH_PUBLIC_URL to https://… without a path, or to "
        "http on 127.0.0.1, ::1 or localhost"
    )
