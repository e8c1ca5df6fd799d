"""The administration of the gateway, as `GatewayAdmin` promises it, over the authorization server."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import Any

from gateway.authorization.api_keys import PREFIX, ApiKey
from gateway.authorization.keys import KeyAge
from gateway.authorization.registration import Client
from gateway.authorization.service import AuthorizationServer
from gateway.authorization.users import KnownUser
from gateway.plans import Plan, Plans
from gateway.usage import Use
from triptych.administration.contract import GatewayAdmin
from triptych.administration.key_views import (
    ApiKeyIssued,
    ApiKeyList,
    ApiKeyView,
    NewApiKey,
    SigningKeyList,
    SigningKeyView,
)
from triptych.administration.views import (
    ClientChanges,
    ClientCredentials,
    ClientList,
    ClientView,
    NewClient,
    NewPassword,
    NewUser,
    PlanLimit,
    PlanList,
    PlanView,
    UsageList,
    UsageView,
    UserAccess,
    UserQuery,
    UserView,
)
from triptych.context import current
from triptych.contract import Page
from triptych.problems import InvalidInput, NotFound
from triptych.storage.cursors import Cursors

ReadUsage = Callable[[int, str | None, str | None], Awaitable[list[Use]]]
"""What was used since a Unix second, by one client or of one service where they are named."""


class GatewayAdministration(GatewayAdmin):
    """What those who run the gateway do; each change is told to the audit log, with who made it."""

    def __init__(self, server: AuthorizationServer, plans: Plans, cursor_key: bytes, used: ReadUsage) -> None:
        self._server = server
        self._plans = plans
        self._used = used
        self._cursors = Cursors(cursor_key, "gateway users")

    # --- clients ---

    async def clients(self) -> ClientList:
        return ClientList(items=tuple(map(_client_view, await self._server.clients.all())))

    async def add_client(self, new: NewClient) -> ClientCredentials:
        self._check_plan(new.plan)
        issued = await self._server.clients.add(
            new.name,
            grants=new.grants,
            scopes=new.scopes,
            plan=new.plan,
            redirect_uris=new.redirect_uris,
            public=new.public,
            customer_id=new.customer_id,
            pinned=new.pinned.isoformat() if new.pinned else "",
            origins=new.origins,
        )
        await self._note("client.registered", issued.client_id, plan=new.plan, scopes=" ".join(new.scopes))
        return ClientCredentials(client_id=issued.client_id, client_secret=issued.client_secret)

    async def client(self, client_id: str) -> ClientView:
        found = await self._server.clients.find(client_id)
        if found is None:
            raise NotFound(f"There is no client {client_id!r}")
        return _client_view(found)

    async def rotate_client_secret(self, client_id: str) -> ClientCredentials:
        issued = await self._server.clients.rotate_secret(client_id)
        await self._note("client.secret-rotated", client_id)
        return ClientCredentials(client_id=client_id, client_secret=issued.client_secret)

    async def change_client(self, client_id: str, changes: ClientChanges) -> ClientView:
        pinned = changes.pinned.isoformat() if changes.pinned else None
        found = await self._server.clients.change(client_id, pinned=pinned, origins=changes.origins)
        facts = {"pinned": found.pinned, "origins": " ".join(found.origins)}
        await self._note("client.changed", client_id, **facts)
        return _client_view(found)

    async def revoke_client(self, client_id: str) -> None:
        await self._server.disable_client(client_id)
        await self._note("client.revoked", client_id)

    # --- people ---

    async def users(self, filter: UserQuery) -> Page[UserView]:
        asked = (filter.email or "").encode()
        after = self._place(filter.cursor, asked) if filter.cursor else None
        found = await self._server.users.page(filter.limit + 1, after, filter.email)
        items = found[: filter.limit]
        more = len(found) > filter.limit
        cursor = (
            self._cursors.made((_moment(items[-1].created_at), items[-1].user.id), asked) if more else None
        )
        return Page[UserView](items=tuple(map(_user_view, items)), next_cursor=cursor)

    async def add_user(self, new: NewUser) -> UserAccess:
        made = None if new.password else token_urlsafe(12)
        user = await self._server.users.add(
            new.email, new.name, new.password or made or "", scopes=new.scopes, customer_id=new.customer_id
        )
        await self._note("user.added", user.id, scopes=" ".join(user.scopes))
        return UserAccess(id=user.id, email=user.email, password=made)

    async def disable_user(self, user: str) -> None:
        found = (await self._server.users.known(user)).user
        await self._server.disable_user(found.id)
        await self._note("user.disabled", found.id)

    async def set_password(self, user: str, new: NewPassword) -> UserAccess:
        found, made = (await self._server.users.known(user)).user, None if new.password else token_urlsafe(12)
        await self._server.users.set_password(found.id, new.password or made or "")
        await self._server.sign_out_everywhere(found.id)
        await self._note("user.password-set", found.id)
        return UserAccess(id=found.id, email=found.email, password=made)

    async def remove_second_factor(self, user: str) -> None:
        found = (await self._server.users.known(user)).user
        await self._server.factors.remove(found.id)
        await self._server.sign_out_everywhere(found.id)
        await self._note("user.second-factor-removed", found.id)

    async def sign_out(self, user: str) -> None:
        found = (await self._server.users.known(user)).user
        await self._server.sign_out_everywhere(found.id)
        await self._note("user.signed-out", found.id)

    # --- API keys ---

    async def api_keys(self, client_id: str | None = None) -> ApiKeyList:
        found = await self._server.api_keys.all(client_id)
        return ApiKeyList(items=tuple(ApiKeyView(**_api_key_facts(key)) for key in found))

    async def add_api_key(self, new: NewApiKey) -> ApiKeyIssued:
        made, text = await self._server.api_keys.add(new.client_id, new.name, new.scopes, new.days)
        await self._note("api-key.made", made.id, of=made.client_id, scopes=" ".join(made.scopes))
        return ApiKeyIssued(**_api_key_facts(made), key=text)

    async def revoke_api_key(self, key_id: str) -> None:
        revoked = await self._server.api_keys.revoke(key_id)
        await self._note("api-key.revoked", key_id, of=revoked.client_id)

    # --- plans and keys ---

    async def plans(self) -> PlanList:
        return PlanList(items=tuple(map(_plan_view, self._plans)))

    async def usage(
        self, days: int = 30, client_id: str | None = None, service: str | None = None
    ) -> UsageList:
        since = int(datetime.now(UTC).timestamp()) - days * 86_400
        found = await self._used(since, client_id, service)
        return UsageList(items=tuple(map(_usage_view, found)))

    async def keys(self) -> SigningKeyList:
        return SigningKeyList(items=tuple(map(_key_view, await self._server.keys.ages())))

    async def rotate_keys(self) -> SigningKeyView:
        kid = await self._server.rotate_keys()
        await self._note("keys.rotated", kid)
        return next(_key_view(age) for age in await self._server.keys.ages() if age.kid == kid)

    # --- with which ---

    def _check_plan(self, name: str) -> None:
        known = [plan.name for plan in self._plans]
        if name not in known:
            fault = f"{name!r} is no plan; there are {', '.join(known)}"
            raise InvalidInput(
                "The client cannot be registered like this", errors=[{"pointer": "/plan", "detail": fault}]
            )

    def _place(self, cursor: str, asked: bytes) -> tuple[int, str]:
        created, last = self._cursors.read(cursor, asked)
        return int(created.timestamp()), last

    async def _note(self, event: str, what: str, **facts: object) -> None:
        caller = current().caller
        await self._server.audit(
            f"administration.{event}", subject=caller.subject, client=caller.client, object=what, **facts
        )


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _client_view(client: Client) -> ClientView:
    return ClientView(
        client_id=client.client_id,
        name=client.name,
        grants=client.grants,
        scopes=client.scopes,
        plan=client.plan,
        redirect_uris=client.redirect_uris,
        public=client.public,
        customer_id=client.customer_id,
        pinned=client.pinned,
        origins=client.origins,
    )


def _usage_view(use: Use) -> UsageView:
    facts: dict[str, Any] = {**asdict(use), "last_hour": _moment(use.last_hour)}
    return UsageView(**facts)


def _user_view(known: KnownUser) -> UserView:
    user = known.user
    return UserView(
        id=user.id,
        email=user.email,
        name=user.name,
        scopes=user.scopes,
        customer_id=user.customer_id,
        disabled=known.disabled,
        created_at=_moment(known.created_at),
    )


def _api_key_facts(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "client_id": key.client_id,
        "name": key.name,
        "hint": f"{PREFIX}…{key.hint}",
        "scopes": key.scopes,
        "created_at": _moment(key.created_at),
        "expires_at": _moment(key.expires_at),
        "used_at": None if key.used_at is None else _moment(key.used_at),
    }


def _plan_view(plan: Plan) -> PlanView:
    limits = [
        PlanLimit(name=quota.name, units=quota.units, seconds=quota.window)
        for quota in (plan.burst, *plan.quotas)
    ]
    return PlanView(name=plan.name, limits=tuple(limits), concurrency=plan.concurrency)


def _key_view(age: KeyAge) -> SigningKeyView:
    return SigningKeyView(
        kid=age.kid,
        place=age.place,
        published_at=_moment(age.published_at),
        signs_since=None if age.signs_since is None else _moment(age.signs_since),
        retires_at=None if age.retires_at is None else _moment(age.retires_at),
    )
