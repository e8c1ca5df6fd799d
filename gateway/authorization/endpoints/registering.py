"""`POST /oauth/register`: a client registers itself (RFC 7591), within bounds that the settings draw.

At `/oauth/register/{client_id}` it then reads, changes and ends its registration (RFC 7592).
"""

import hmac
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.authorization.client_authentication import METHODS
from gateway.authorization.clients import ITSELF
from gateway.authorization.endpoints.exchange import address_of, printable
from gateway.authorization.endpoints.introspection import INTROSPECT
from gateway.authorization.endpoints.presented import PresentedTokens
from gateway.authorization.opaque import fingerprint, new_secret
from gateway.authorization.parameters import MAX_BODY
from gateway.authorization.registration import NOBODYS, Client
from gateway.authorization.scopes import OPENID_SCOPES
from gateway.authorization.server import OAuthServer
from gateway.authorization.untrusted import MalformedError, strict_json
from triptych.calling.outside import address_fault
from triptych.ids import new_id
from triptych.problems import InvalidInput, NotFound
from triptych.settings import Registration

REGISTER = "clients:register"
"""A token with this scope registers clients, for at most the scopes that its own client has."""
_ALONE = ("authorization_code", "refresh_token")
"""Grants with a user behind them, who is asked: what anybody may have."""
_MOST = 20
"""Of whatever there is a list of."""
_PLAN = "free"
_NEVER = {REGISTER, INTROSPECT}
PATH = "/oauth/register"
_NOT_SAID = {
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
}
"""What a client must not send when it changes its registration (RFC 7592 section 2.2)."""
_KEPT = (
    *("client_id", "plan", "exchanges", "impersonates", "customer_id", "pinned", "origins"),
    *("secret_hash", "registered_by", "registration_token"),
)
"""What is no client's to say."""


class FaultyMetadataError(Exception):
    """What the client says of itself cannot be (RFC 7591 section 3.2.2)."""


class RegistrationEndpoint:
    """Registers clients for those who may: whoever has a token for it, everyone, or nobody."""

    def __init__(
        self, server: OAuthServer, tokens: PresentedTokens, rule: Registration, *, private: bool
    ) -> None:
        self._server = server
        self._clients = server.stores.clients
        self._tokens = tokens
        self._rule = rule
        self._private = private
        """Whether keys may be published at private addresses."""

    async def answer(self, request: Request) -> Response:
        """201 with what was registered, the secret once; else an error of RFC 7591."""
        registrar, headers = None, dict[str, str]()
        if self._rule == "token" or "authorization" in request.headers:
            presented = await self._tokens.judge(request, REGISTER)
            if isinstance(presented, Response):
                return presented
            registrar = await self._clients.find(presented.token.client_id)
            headers = presented.headers
        token = new_secret("registration")
        try:
            judged = self._judged(strict_json(await _body(request)), *self._bounds(registrar))
            by = registrar.client_id if registrar else ITSELF
            client = replace(judged, registered_by=by, registration_token=fingerprint(token))
            made = await self._clients.register(client)
        except (FaultyMetadataError, MalformedError, InvalidInput) as error:
            return _refused(error)
        await self._server.stores.audit(
            "client.registered",
            client=client.client_id,
            by=registrar.client_id if registrar else None,
            scope=" ".join(client.scopes),
            address=address_of(request),
        )
        body = self._described(client, token, made.client_secret)
        return JSONResponse(body, 201, {"cache-control": "no-store", **headers})

    async def manage(self, request: Request) -> Response:
        """The registration as it is or as it is now, 204 when it has ended; 401 without its own token."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        client = await self._clients.find(request.path_params["client_id"])
        known = (client and client.registration_token) or NOBODYS
        if not hmac.compare_digest(known, fingerprint(token)) or client is None or scheme.lower() != "bearer":
            return self._stranger()
        secret = None
        try:
            if request.method == "DELETE":
                return await self._ended(client, request)
            if request.method == "PUT":
                client = self._changed(client, strict_json(await _body(request)))
                secret = (await self._clients.register_anew(client)).client_secret
                await self._noted("client.changed", client, request)
        except NotFound:  # it has ended in this moment
            return self._stranger()
        except (FaultyMetadataError, MalformedError, InvalidInput) as error:
            return _refused(error)
        return JSONResponse(self._described(client, token, secret), headers={"cache-control": "no-store"})

    def _stranger(self) -> Response:
        return self._tokens.refusal(401, "Bearer", "invalid_token", "This is not the client's own token")

    async def _ended(self, client: Client, request: Request) -> Response:
        await self._clients.disable(client.client_id)
        await self._server.stores.authorizations.end_client(client.client_id)
        await self._noted("client.ended", client, request)
        return Response(status_code=204, headers={"cache-control": "no-store"})

    def _changed(self, client: Client, said: Mapping[str, Any]) -> Client:
        """All that it says of itself is replaced, within what it was registered for."""
        if said.get("client_id") != client.client_id:
            raise FaultyMetadataError("client_id has to be there, and cannot be changed")
        if found := _NOT_SAID & said.keys():
            raise FaultyMetadataError(f"{min(found)} is for the answer alone")
        secret = _word(said, "client_secret")
        if secret is not None and not client.check_client_secret(secret):
            raise FaultyMetadataError("client_secret is not the client's, and cannot be changed here")
        judged = self._judged(said, {*_ALONE, *client.grants}, {*client.scopes, *OPENID_SCOPES})
        kept = {name: getattr(client, name) for name in _KEPT}
        return replace(judged, **kept)

    async def _noted(self, event: str, client: Client, request: Request) -> None:
        await self._server.stores.audit(event, client=client.client_id, address=address_of(request))

    def _bounds(self, registrar: Client | None) -> tuple[set[str], set[str]]:
        """Grants and scopes: with a token at most its client's scopes, else those that users can give."""
        offered = set(self._server.scopes) - _NEVER
        if registrar is None:
            return {*_ALONE}, offered
        return {*_ALONE, "client_credentials"}, offered & {*registrar.scopes, *OPENID_SCOPES}

    def _judged(self, said: Mapping[str, Any], allowed: set[str], offered: set[str]) -> Client:
        method = _word(said, "token_endpoint_auth_method") or METHODS[0]
        if method not in METHODS:
            raise FaultyMetadataError(f"token_endpoint_auth_method is one of {', '.join(METHODS)}")
        grants = _words(said, "grant_types") or ("authorization_code",)
        if not set(grants) <= allowed:
            raise FaultyMetadataError(f"grant_types are of {', '.join(sorted(allowed))}")
        if (_words(said, "response_types") or ("code",)) != ("code",):
            raise FaultyMetadataError("The only response_type is code")
        jwks, jwks_uri = said.get("jwks"), _word(said, "jwks_uri")
        if jwks is not None and not isinstance(jwks, dict):
            raise FaultyMetadataError("jwks is a JWK Set")
        if jwks_uri and (fault := address_fault(jwks_uri, allow_private=self._private)):
            raise FaultyMetadataError(f"Nothing can be fetched from jwks_uri: {fault}")
        return Client(
            new_id("client"),
            _name(said),
            grants,
            _scopes(said, offered),
            _PLAN,
            _words(said, "redirect_uris"),
            _words(said, "post_logout_redirect_uris"),
            (method,),
            jwks=None if jwks is None else json.dumps(jwks),
            jwks_uri=jwks_uri,
            pushed_only=_flag(said, "require_pushed_authorization_requests"),
            bound_tokens_only=_flag(said, "dpop_bound_access_tokens"),
        )

    def _described(self, client: Client, token: str, secret: str | None) -> dict[str, Any]:
        """What is registered (RFC 7591 section 3.2.1); what we made nothing of is left out."""
        body: dict[str, Any] = {
            "client_id": client.client_id,
            "client_name": client.name,
            "grant_types": client.grants,
            "response_types": ["code"] if "authorization_code" in client.grants else [],
            "redirect_uris": client.redirect_uris,
            "post_logout_redirect_uris": client.post_logout_redirect_uris,
            "scope": " ".join(client.scopes),
            "token_endpoint_auth_method": client.auth_methods[0],
            "require_pushed_authorization_requests": client.pushed_only,
            "dpop_bound_access_tokens": client.bound_tokens_only,
            "registration_client_uri": f"{self._server.issuer}{PATH}/{client.client_id}",
            "registration_access_token": token,
        }
        if client.jwks is not None:
            body["jwks"] = json.loads(client.jwks)
        if client.jwks_uri is not None:
            body["jwks_uri"] = client.jwks_uri
        return body if secret is None else {**body, "client_secret": secret, "client_secret_expires_at": 0}


def _scopes(said: Mapping[str, Any], offered: set[str]) -> tuple[str, ...]:
    asked = tuple(dict.fromkeys((_word(said, "scope") or " ".join(OPENID_SCOPES)).split(" ")))
    if not set(asked) <= offered:
        raise FaultyMetadataError("There is a scope among them that this client cannot have")
    return asked


async def _body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise FaultyMetadataError("The body has to be application/json")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise FaultyMetadataError("The body is larger than 64 KiB")
    return bytes(body)


def _word(said: Mapping[str, Any], name: str) -> str | None:
    value = said.get(name)
    if value is None or (isinstance(value, str) and re.fullmatch(r"[\x20-\x7e]{1,4000}", value)):
        return value
    raise FaultyMetadataError(f"{name} is a string of plain characters")


def _words(said: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = said.get(name, [])
    if not isinstance(value, list) or len(cast(list[object], value)) > _MOST:
        raise FaultyMetadataError(f"{name} is a list of at most {_MOST}")
    found = [_word({name: one}, name) for one in cast(list[object], value)]
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _flag(said: Mapping[str, Any], name: str) -> bool:
    value = said.get(name, False)
    if not isinstance(value, bool):
        raise FaultyMetadataError(f"{name} is true or false")
    return value


def _name(said: Mapping[str, Any]) -> str:
    """What users will read, without characters that change how the rest reads."""
    name = said.get("client_name", "An application that registered itself")
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= 100:
        raise FaultyMetadataError("client_name has 1 to 100 characters")
    if any(unicodedata.category(character)[0] == "C" for character in name):
        raise FaultyMetadataError("client_name has characters that cannot be seen")
    return name.strip()


def _refused(error: FaultyMetadataError | MalformedError | InvalidInput) -> Response:
    code, description = "invalid_client_metadata", str(error)
    if isinstance(error, MalformedError):
        description = f"The body cannot be read: {error}"
    elif isinstance(error, InvalidInput):
        description = " ".join(f"{found['pointer']}: {found['detail']}." for found in error.errors)
        if any(found["pointer"].startswith("/redirect_uris") for found in error.errors):
            code = "invalid_redirect_uri"
    body = {"error": code, "error_description": printable(description)}
    return JSONResponse(body, 400, {"cache-control": "no-store"})
