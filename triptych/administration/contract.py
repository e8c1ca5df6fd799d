"""What the gateway promises to those who run it."""

from typing import Annotated

from fastapi import Body, Path, Query

from triptych.administration.key_views import (
    ApiKeyIssued,
    ApiKeyList,
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
    PlanList,
    UsageList,
    UserAccess,
    UserQuery,
    UserView,
)
from triptych.contract import ExperienceApi, Page, delete, get, post, put
from triptych.problems import Conflict, InvalidInput, NotFound

SCOPE = "gateway:admin"
ClientId = Annotated[str, Path(max_length=128, description="The client's id.")]
OfClient = Annotated[str | None, Query(max_length=128, description="Those of one client.")]
OfService = Annotated[str | None, Query(max_length=64, description="Of one service.")]
Days = Annotated[int, Query(ge=1, le=400, description="Since how many days ago.")]
KeyId = Annotated[str, Path(max_length=64, description="The key's id, `key_…`; not the key itself.")]
User = Annotated[str, Path(max_length=254, description="The person's id, or e-mail address.")]


class GatewayAdmin(ExperienceApi, version=1, owner="platform", name="gateway"):
    """Clients, people, plans and keys, for those who run the gateway.

    Everything here asks for the scope `gateway:admin`, and every change is in the audit log. Answers that
    tell a secret are kept nowhere, so the operations that make one take no Idempotency-Key: list what is
    there before you repeat one, and revoke what you do not need.
    """

    @get("/clients", scope=SCOPE)
    async def clients(self) -> ClientList:
        """The OAuth clients that are let in."""
        ...

    @post("/clients", scope=SCOPE, status=201, keyed=False, raises=[InvalidInput])
    async def add_client(self, new: Annotated[NewClient, Body()]) -> ClientCredentials:
        """Register an OAuth client."""
        ...

    @get("/clients/{client_id}", scope=SCOPE, raises=[NotFound])
    async def client(self, client_id: ClientId) -> ClientView:
        """One client."""
        ...

    @post("/clients/{client_id}/rotate-secret", scope=SCOPE, keyed=False, raises=[NotFound, InvalidInput])
    async def rotate_client_secret(self, client_id: ClientId) -> ClientCredentials:
        """Give a client another secret. The former one ends at once; tokens that it has live on."""
        ...

    @post("/clients/{client_id}/change", scope=SCOPE, keyed=False, raises=[NotFound, InvalidInput])
    async def change_client(
        self, client_id: ClientId, changes: Annotated[ClientChanges, Body()]
    ) -> ClientView:
        """Pin a client to the versions of another day, or name the web pages that may use its tokens."""
        ...

    @delete("/clients/{client_id}", scope=SCOPE, status=204, raises=[NotFound])
    async def revoke_client(self, client_id: ClientId) -> None:
        """Let a client in no more; its tokens end, at once here and within a second at every gateway."""
        ...

    @get("/users", scope=SCOPE, raises=[InvalidInput])
    async def users(self, filter: Annotated[UserQuery, Query()]) -> Page[UserView]:
        """The people who can sign in, and those who no longer can, oldest first."""
        ...

    @post("/users", scope=SCOPE, keyed=False, raises=[InvalidInput])
    async def add_user(self, new: Annotated[NewUser, Body()]) -> UserAccess:
        """Let somebody sign in, or change who has this e-mail address."""
        ...

    @post("/users/{user}/disable", scope=SCOPE, status=204, keyed=False, raises=[NotFound])
    async def disable_user(self, user: User) -> None:
        """Let somebody in no more, and sign them out everywhere."""
        ...

    @put("/users/{user}/password", scope=SCOPE, raises=[NotFound, InvalidInput])
    async def set_password(self, user: User, new: Annotated[NewPassword, Body()]) -> UserAccess:
        """Give somebody another password, and sign them out everywhere."""
        ...

    @delete("/users/{user}/second-factor", scope=SCOPE, status=204, raises=[NotFound])
    async def remove_second_factor(self, user: User) -> None:
        """Let somebody who has lost their phone, and their recovery codes, sign in with a password alone."""
        ...

    @post("/users/{user}/sign-out", scope=SCOPE, status=204, keyed=False, raises=[NotFound])
    async def sign_out(self, user: User) -> None:
        """End all sessions, refresh tokens and access tokens of somebody, within a second everywhere."""
        ...

    @get("/api-keys", scope=SCOPE)
    async def api_keys(self, client_id: OfClient = None) -> ApiKeyList:
        """The API keys that were not revoked, of one client or of all."""
        ...

    @post("/api-keys", scope=SCOPE, status=201, keyed=False, raises=[InvalidInput])
    async def add_api_key(self, new: Annotated[NewApiKey, Body()]) -> ApiKeyIssued:
        """Make an API key, for a partner that cannot do OAuth."""
        ...

    @delete("/api-keys/{key_id}", scope=SCOPE, status=204, raises=[NotFound])
    async def revoke_api_key(self, key_id: KeyId) -> None:
        """End an API key and the tokens made of it, at once here and within a second at every gateway."""
        ...

    @get("/plans", scope=SCOPE)
    async def plans(self) -> PlanList:
        """What a client may use, by plan."""
        ...

    @get("/usage", scope=SCOPE)
    async def usage(
        self, days: Days = 30, client_id: OfClient = None, service: OfService = None
    ) -> UsageList:
        """Who has called what, in which version: most used first. Gateways tell it every few seconds."""
        ...

    @get("/keys", scope=SCOPE)
    async def keys(self) -> SigningKeyList:
        """The keys that sign tokens."""
        ...

    @post("/keys/rotate", scope=SCOPE, keyed=False, raises=[Conflict])
    async def rotate_keys(self) -> SigningKeyView:
        """Let the next key sign from now on. No valid token is refused for it."""
        ...
