"""One honest request to each endpoint, with real credentials and fresh codes, for tests to change."""

import base64
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote_plus

from gateway.authorization import totp
from gateway.authorization.api_keys import GRANT as API_KEY
from gateway.authorization.cookies import BROWSER, SESSION, Cookies, FormTokens
from gateway.authorization.endpoints import account, logout, visit
from gateway.authorization.grants.token_exchange import ACCESS_TOKEN
from gateway.authorization.registration import TOKEN_EXCHANGE
from gateway.authorization.throttle import SECOND
from gateway.authorization.users import User
from tests.gateway.authorization.asking import RawAnswer, asked
from tests.gateway.authorization.browsing import PASSWORD, SHOP_REDIRECT, Flow, Form, Registered
from tests.gateway.authorization.conftest import ISSUER, Answers, House, session_of
from tests.gateway.authorization.signing import proving, signer

Fields = tuple[tuple[bytes, bytes], ...]
FORM = b"application/x-www-form-urlencoded"
VERIFIER = "v" * 43
Claims = Mapping[str, object]
"""Claims that are odd, in place of honest ones; signed all the same."""


def encoded(said: Mapping[str, str]) -> Fields:
    """The fields of a form or a query."""
    return tuple((quote_plus(name).encode(), quote_plus(value).encode()) for name, value in said.items())


@dataclass(frozen=True)
class Request:
    """A request in the pieces that can be changed one by one."""

    method: str
    path: str
    query: Fields = ()
    form: Fields = ()
    headers: Fields = ()
    body: bytes | None = None
    """Where it is no form."""

    async def sent_to(self, house: House) -> RawAnswer:
        """Its answer."""
        body = joined(self.form) if self.body is None else self.body
        return await asked(house.server, self.method, self.path, joined(self.query), body, self.headers)


def joined(fields: Fields) -> bytes:
    """As they are sent."""
    return b"&".join(name + b"=" + value for name, value in fields)


def posted(path: str, said: Mapping[str, str], *headers: tuple[bytes, bytes], query: Fields = ()) -> Request:
    """A form."""
    return Request("POST", path, query, encoded(said), ((b"content-type", FORM), *headers))


def basic(client: Registered) -> tuple[bytes, bytes]:
    """A client's credentials."""
    both = f"{client.client_id}:{client.secret}".encode()
    return b"authorization", b"Basic " + base64.b64encode(both)


@dataclass
class Honest:
    """Makes honest requests to one house."""

    house: House
    form_key: bytes
    nonce: str
    signing: str
    """A client that signs with the ES256 signer's key."""
    middle: Registered
    """A client that may exchange everybody's tokens."""
    registrar: str
    """A token that registers clients."""
    api_key: str
    tokens: Answers
    """What Ada has allowed the shop; the refresh token is spent by the first who uses it."""
    people: list[User] = field(default_factory=list[User])
    pages: list[Request] = field(default_factory=list[Request])
    """Pages that ask for a code and were not used yet."""
    seen: dict[str, Counter[int]] = field(default_factory=dict[str, Counter[int]])
    """How often each status was answered, by kind of request."""

    # --- what clients send ---

    async def client_credentials(self, odd: Claims) -> Request:
        return posted("/oauth/token", {"grant_type": "client_credentials"}, basic(self.house.partner))

    async def assertion(self, odd: Claims) -> Request:
        signed = signer("ES256").assertion(self.signing, ISSUER, self.house.clock.read(), **odd)
        return posted("/oauth/token", {"grant_type": "client_credentials", **proving(signed)})

    async def proof(self, odd: Claims) -> Request:
        said: dict[str, Any] = {"nonce": self.nonce, **odd}
        proof = signer("ES256").proof("POST", f"{ISSUER}/oauth/token", self.house.clock.read(), **said)
        honest = await self.client_credentials({})
        return replace(honest, headers=(*honest.headers, (b"dpop", proof.encode())))

    async def code(self, odd: Claims) -> Request:
        code = await self._code()
        said = {"grant_type": "authorization_code", "code": code, "redirect_uri": SHOP_REDIRECT}
        shop = self.house.shop.client_id
        return posted("/oauth/token", {**said, "code_verifier": VERIFIER, "client_id": shop})

    async def refresh_token(self, odd: Claims) -> Request:
        said = {"grant_type": "refresh_token", "refresh_token": await self._refresh_token()}
        return posted("/oauth/token", {**said, "client_id": self.house.shop.client_id})

    async def exchange(self, odd: Claims) -> Request:
        said = {"grant_type": TOKEN_EXCHANGE, "subject_token": self.tokens["access_token"]}
        return posted("/oauth/token", {**said, "subject_token_type": ACCESS_TOKEN}, basic(self.middle))

    async def key(self, odd: Claims) -> Request:
        return posted("/oauth/token", {"grant_type": API_KEY, "api_key": self.api_key})

    async def push(self, odd: Claims) -> Request:
        return posted("/oauth/par", Flow(self.house.shop, "openid storefront:read").parameters())

    async def revocation(self, odd: Claims) -> Request:
        token = self._token(odd) if odd else await self._refresh_token()
        return posted("/oauth/revoke", {"token": token, "client_id": self.house.shop.client_id})

    async def introspection(self, odd: Claims) -> Request:
        signed = signer("ES256").assertion(self.signing, ISSUER, self.house.clock.read())
        return posted("/oauth/introspect", {"token": self._token(odd), **proving(signed)})

    async def registration(self, odd: Claims) -> Request:
        document = {
            "client_name": "Honest",
            "redirect_uris": [SHOP_REDIRECT],
            "grant_types": ["authorization_code", "refresh_token"],
            "scope": "openid storefront:read",
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": json.loads(signer("ES256").jwks),
            **odd,
        }
        bearer = (b"authorization", f"Bearer {self.registrar}".encode())
        kind = (b"content-type", b"application/json")
        return Request("POST", "/oauth/register", headers=(kind, bearer), body=json.dumps(document).encode())

    async def userinfo(self, odd: Claims) -> Request:
        bearer = (b"authorization", f"Bearer {self._token(odd)}".encode())
        return Request("GET", "/oauth/userinfo", headers=(bearer,))

    # --- what browsers send ---

    async def arrival(self, odd: Claims) -> Request:
        return Request("GET", visit.PATH, self._asked())

    async def consent_page(self, odd: Claims) -> Request:
        return Request("GET", visit.PATH, self._asked(), headers=(await self._cookies(await self._person()),))

    async def sign_in(self, odd: Claims) -> Request:
        said = {"action": "sign-in", "email": (await self._person()).email, "password": PASSWORD}
        return self._form(visit.PATH, self._asked(), said, await self._cookies(None))

    async def consent(self, odd: Claims) -> Request:
        said, cookies = {"action": "allow"}, await self._cookies(await self._person())
        return self._form(visit.PATH, self._asked(), said, cookies)

    async def second_factor(self, odd: Claims) -> Request:
        """The page after the password; the code is wrong, so that it can be sent again, a few times."""
        if self.pages:
            return self.pages.pop()
        person = await self.house.someone()
        await self._enrol(person)
        browser = self.house.browser()
        page = await browser.sign_in(await browser.get(account.PATH), person.email)
        said = {**Form(page.text).fields, "action": "code", "code": "000000"}
        cookies = "; ".join(f"{name}={value}" for name, value in browser.http.cookies.items())
        self.pages += [posted(account.PATH, said, (b"cookie", cookies.encode()))] * SECOND.free
        return self.pages.pop()

    async def account(self, odd: Claims) -> Request:
        said = {"action": "withdraw", "client_id": self.house.shop.client_id, "code": "123456"}
        return self._form(account.PATH, (), said, await self._cookies(await self._person()))

    async def sign_out(self, odd: Claims) -> Request:
        said = {"post_logout_redirect_uri": "https://shop.example/bye", "state": "s"}
        hint = self._changed(self.tokens["id_token"], odd)
        query = encoded({"id_token_hint": hint, **said})
        return Request("GET", logout.PATH, query, headers=(await self._cookies(await self._person()),))

    async def sign_out_form(self, odd: Claims) -> Request:
        return self._form(logout.PATH, (), {}, await self._cookies(await self._person()))

    # --- of what they are made ---

    def _asked(self) -> Fields:
        return encoded(
            Flow(self.house.shop, "openid storefront:read", verifier=VERIFIER, state="s").parameters()
        )

    def _form(self, path: str, query: Fields, said: dict[str, str], cookies: tuple[bytes, bytes]) -> Request:
        address = path + ("?" + joined(query).decode() if query else "")
        token = FormTokens(self.form_key, Cookies(ISSUER)).token("browser", address)
        return posted(path, {"form_token": token, **said}, cookies, query=query)

    async def _cookies(self, user: User | None) -> tuple[bytes, bytes]:
        said = f"{BROWSER}=browser"
        if user is not None:
            said += f"; {SESSION}={await self.house.server.sessions.start(user)}"
        return b"cookie", said.encode()

    async def _person(self) -> User:
        """Somebody else now and then, since who errs often has to wait."""
        if len(self.people) < 20:
            self.people.append(await self.house.someone())
        self.people.append(self.people.pop(0))
        return self.people[0]

    async def _enrol(self, person: User) -> None:
        secret, step = await self.house.server.factors.begin(person.id), int(self.house.clock.read())
        assert await self.house.server.factors.confirm(person.id, totp.code(secret, step // totp.PERIOD))

    async def _code(self) -> str:
        house, flow = self.house, Flow(self.house.shop, "", verifier=VERIFIER)
        code = await house.server.authorizations.allow(
            client_id=house.shop.client_id,
            user_id=house.ada.id,
            session_id=await session_of(house),
            redirect_uri=SHOP_REDIRECT,
            scope="openid storefront:read",
            audience=(ISSUER,),
            nonce=None,
            code_challenge=flow.challenge,
            signed_in_at=int(house.clock.read()),
        )
        assert code is not None
        return code

    async def _refresh_token(self) -> str:
        stores = self.house.server.authorizations
        authorization = await stores.spend_code(await self._code(), self.house.shop.client_id)
        assert authorization is not None
        return await stores.new_refresh_token(authorization, None)

    def _token(self, odd: Claims) -> str:
        return self._changed(self.tokens["access_token"], odd)

    def _changed(self, token: str, odd: Claims) -> str:
        """A token of ours that says something else, with the signature that it had."""
        if not odd:
            return token
        head, claims, signature = token.split(".")
        said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))) | dict(odd)
        changed = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
        return f"{head}.{changed}.{signature}"


Make = Callable[[Honest, Claims], Awaitable[Request]]


def visited(path: str) -> Make:
    """A document that everybody may read."""

    async def make(_: Honest, __: Claims) -> Request:
        return Request("GET", path)

    return make


RESOURCE = "/.well-known/oauth-protected-resource"
KNOWN = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]
DOCUMENTS = ["/oauth/jwks", *KNOWN, RESOURCE, f"{RESOURCE}/shop/v1"]
REQUESTS: dict[str, Make] = {
    "token, client_credentials": Honest.client_credentials,
    "token, private_key_jwt": Honest.assertion,
    "token, DPoP": Honest.proof,
    "token, authorization_code": Honest.code,
    "token, refresh_token": Honest.refresh_token,
    "token, exchange": Honest.exchange,
    "token, API key": Honest.key,
    "par": Honest.push,
    "revoke": Honest.revocation,
    "introspect": Honest.introspection,
    "register": Honest.registration,
    "userinfo": Honest.userinfo,
    "authorize, a stranger": Honest.arrival,
    "authorize, signed in": Honest.consent_page,
    "authorize, password": Honest.sign_in,
    "authorize, consent": Honest.consent,
    "account, second factor": Honest.second_factor,
    "account, a change": Honest.account,
    "logout, with a hint": Honest.sign_out,
    "logout, confirmed": Honest.sign_out_form,
    **{path: visited(path) for path in DOCUMENTS},
}
