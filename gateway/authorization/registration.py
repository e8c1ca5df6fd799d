"""What is registered about a client: what it may do, how it proves who it is, where its users go back to."""

import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from authlib.oauth2.rfc6749 import ClientMixin

from gateway.authorization.opaque import fingerprint
from gateway.authorization.public_keys import UnusableKeyError, public_keys
from gateway.authorization.redirects import is_registered, origin, origin_of, redirect_uri_fault
from gateway.authorization.scopes import OPENID_SCOPES, is_scope
from gateway.authorization.untrusted import MalformedError, strict_json
from triptych.calling.outside import address_fault
from triptych.problems import FieldError, InvalidInput

_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}")
_CUSTOMER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - the name of a grant
GRANTS = ["authorization_code", "client_credentials", "refresh_token", TOKEN_EXCHANGE]
NOBODYS = "0" * 64
"""The fingerprint of no secret."""
SECRET_METHODS = ("client_secret_basic", "client_secret_post")
KEY_METHODS = ("private_key_jwt",)


@dataclass(frozen=True, slots=True)
class Client(ClientMixin):
    """A registered client, with the questions that Authlib asks it."""

    client_id: str
    name: str
    grants: tuple[str, ...]
    scopes: tuple[str, ...]
    plan: str
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    auth_methods: tuple[str, ...] = SECRET_METHODS
    """Ways to prove who it is; `("none",)` makes it public: a browser or an app that can keep no secret."""
    secret_hash: str | None = None
    jwks: str | None = None
    """Its public keys as a JWK Set, in JSON (`private_key_jwt`)."""
    jwks_uri: str | None = None
    """Where it publishes them instead."""
    pushed_only: bool = False
    """Whether its authorization requests count only when it has sent them ahead (RFC 9126 section 6)."""
    bound_tokens_only: bool = False
    """Whether its access tokens have to be bound to a key (RFC 9449 section 5.2)."""
    exchanges: tuple[str, ...] = ()
    """Clients whose tokens it may exchange for its own (RFC 8693), `*` for all; its own it may anyway."""
    impersonates: bool = False
    """Whether nothing in an exchanged token tells it from the subject."""
    customer_id: str | None = None
    """Canonical id of the customer as which it acts on its own, such as a partner that buys from us."""
    pinned: str = ""
    """The day whose versions of our APIs it gets, `2026-11-01`; empty until it is registered."""
    origins: tuple[str, ...] = ()
    """Web origins whose pages may use its tokens; those of the redirect URIs where none is named."""
    registered_by: str = ""
    """The client whose token registered it (RFC 7591), `*` where none had to; empty for administrators."""
    registration_token: str = ""
    """Fingerprint of the token with which it manages its own registration (RFC 7592)."""

    @property
    def public(self) -> bool:
        """Whether it can keep no secret."""
        return self.auth_methods == ("none",)

    @property
    def signs(self) -> bool:
        """Whether it proves who it is with a key of its own, and so has no secret."""
        return self.auth_methods == KEY_METHODS

    @property
    def web_origins(self) -> frozenset[str]:
        """Where pages come from that may use its tokens, with `:*` for any port on loopback."""
        named = self.origins or (map(origin_of, self.redirect_uris) if self.public else ())
        return frozenset(found for found in named if found)

    def may_exchange(self, client_id: str) -> bool:
        """Whether it may take tokens that this client was issued."""
        return client_id == self.client_id or client_id in self.exchanges or "*" in self.exchanges

    def get_client_id(self) -> str:
        """See `client_id`."""
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """Nothing: OAuth 2.1 wants the redirect URI in every request."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The scope asked for if all of it is allowed, else None: refused rather than narrowed.

        Without a wish, everything that the client may ask of our services.
        """
        if not scope:
            return " ".join(allowed for allowed in self.scopes if allowed not in OPENID_SCOPES)
        wanted = dict.fromkeys(scope.split())
        return " ".join(wanted) if set(wanted) <= set(self.scopes) else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether users may be sent there; see `redirects.is_registered`."""
        return is_registered(redirect_uri, self.redirect_uris)

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether this is its secret; takes as long for a wrong one, and for a client without any."""
        return hmac.compare_digest(self.secret_hash or NOBODYS, fingerprint(client_secret))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Whether it may prove itself in this way."""
        return method in self.auth_methods

    def check_response_type(self, response_type: str) -> bool:
        """Whether it may send users to the authorization endpoint."""
        return response_type == "code" and "authorization_code" in self.grants

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether it may ask for tokens in this way."""
        return grant_type in self.grants


def refuse_faults(client: Client, secret: str | None) -> None:
    """Raises `InvalidInput` naming each field that keeps the client from being registered."""
    errors: list[FieldError] = []

    def fault(pointer: str, detail: str) -> None:
        errors.append({"pointer": pointer, "detail": detail})

    if not _ID.fullmatch(client.client_id):
        fault("/client_id", f"{client.client_id!r} has other than 1 to 128 of A-Z a-z 0-9 . _ ~ -")
    if secret is not None and (client.public or client.signs):
        fault("/client_secret", "A client that is public or signs with a key has no secret")
    for pointer, wrong in key_faults(client):
        fault(pointer, wrong)
    if client.customer_id is not None and not _CUSTOMER.fullmatch(client.customer_id):
        fault("/customer_id", f"{client.customer_id!r} is not an id such as cus_01jd3k7m9vq8x2c4n6b8d0f2hg")
    if not client.name.strip():
        fault("/name", "A client needs a name, which its users will read")
    for index, grant in enumerate(client.grants):
        if grant not in GRANTS:
            fault(f"/grants/{index}", f"{grant!r} is not one of {', '.join(GRANTS)}")
    if not client.grants:
        fault("/grants", f"A client needs at least one of {', '.join(GRANTS)}")
    if client.public and "client_credentials" in client.grants:
        fault("/grants", "A public client has no credentials of its own to use")
    if client.public and TOKEN_EXCHANGE in client.grants:
        fault("/grants", "A public client cannot be trusted with the tokens of others")
    if (client.exchanges or client.impersonates) and TOKEN_EXCHANGE not in client.grants:
        fault("/grants", f"To exchange tokens a client needs the grant {TOKEN_EXCHANGE}")
    if "authorization_code" in client.grants and not client.redirect_uris:
        fault("/redirect_uris", "The authorization_code grant needs a URI to send users back to")
    for index, scope in enumerate(client.scopes):
        if not is_scope(scope):
            fault(f"/scopes/{index}", f"{scope!r} is not a scope such as partner:read")
    for field in ("redirect_uris", "post_logout_redirect_uris"):
        for index, uri in enumerate(getattr(client, field)):
            if wrong := redirect_uri_fault(uri):
                fault(f"/{field}/{index}", wrong)
    for index, page in enumerate(client.origins):
        if redirect_uri_fault(page) or origin(page) != page:
            fault(f"/origins/{index}", f"{page!r} is not a web origin such as https://shop.example")
    if client.pinned and not _is_day(client.pinned):
        fault("/pinned", f"{client.pinned!r} is not a day such as 2026-11-01")
    if errors:
        raise InvalidInput("The client cannot be registered like this", errors=errors)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def key_faults(client: Client) -> Iterator[tuple[str, str]]:
    """What is wrong with its public keys, and where. Whether their address is private, fetching will tell."""
    given = [name for name in ("jwks", "jwks_uri") if getattr(client, name) is not None]
    if client.signs and len(given) != 1:
        yield "/jwks", "A client that signs needs its public keys: either jwks or jwks_uri"
    if given and not client.signs:
        yield f"/{given[0]}", "Only a client that signs (private_key_jwt) has keys"
    if client.jwks is not None:
        try:
            public_keys(strict_json(client.jwks))
        except (MalformedError, UnusableKeyError) as error:
            yield "/jwks", f"These keys cannot be used: {error}"
    if client.jwks_uri is not None and (wrong := address_fault(client.jwks_uri, allow_private=True)):
        yield "/jwks_uri", f"Nothing can be fetched from there: {wrong}"
