"""A client's side of the authorization code flow, and the browser of its user."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

PASSWORD = "correct horse battery"
SHOP_REDIRECT = "https://shop.example/callback"


@dataclass
class Registered:
    """A client with what it needs to call the server."""

    client_id: str
    secret: str | None
    redirect_uri: str = SHOP_REDIRECT

    @property
    def basic(self) -> httpx.BasicAuth:
        assert self.secret is not None
        return httpx.BasicAuth(self.client_id, self.secret)


@dataclass
class Flow:
    """One authorization code flow, from the client's side."""

    client: Registered
    scope: str
    more: dict[str, str] = field(default_factory=dict[str, str])
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    answer: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def parameters(self) -> dict[str, str]:
        said = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self.client.redirect_uri,
            "scope": self.scope,
            "state": self.state,
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            **self.more,
        }
        return {name: value for name, value in said.items() if value}

    def url(self) -> str:
        return f"/oauth/authorize?{urlencode(self.parameters())}"

    def exchange(self, **other: str) -> dict[str, str]:
        """The token request for the code."""
        return {
            "grant_type": "authorization_code",
            "code": self.answer["code"],
            "redirect_uri": self.client.redirect_uri,
            "code_verifier": self.verifier,
            **other,
        }


class Form(HTMLParser):
    """The fields of the form on a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = said["action"]
        if tag == "input" and said.get("type") == "hidden":
            self.fields[said["name"]] = said["value"]


class Browser:
    """Keeps cookies, follows redirects within the server, stops where it would leave it."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def get(self, url: str) -> httpx.Response:
        return await self._followed(await self.http.get(url))

    async def submit(self, page: httpx.Response, **fields: str) -> httpx.Response:
        form = Form(page.text)
        return await self._followed(await self.http.post(form.action, data={**form.fields, **fields}))

    async def sign_in(self, page: httpx.Response, email: str, password: str = PASSWORD) -> httpx.Response:
        return await self.submit(page, action="sign-in", email=email, password=password)

    async def allow(self, flow: Flow, email: str) -> None:
        """Sign in where asked to, allow where asked to; the answer to the client is in the flow then."""
        page = await self.get(flow.url())
        if 'name="password"' in page.text:
            page = await self.sign_in(page, email)
        if 'value="allow"' in page.text:
            page = await self.submit(page, action="allow")
        flow.answer = returned(page)

    async def _followed(self, page: httpx.Response) -> httpx.Response:
        for _ in range(5):
            target = page.headers.get("location", "")
            if not target.startswith("/"):
                return page
            page = await self.http.get(target)
        raise AssertionError("redirected in circles")


def returned(page: httpx.Response) -> dict[str, str]:
    """What the client is told in the redirect back to it."""
    assert page.status_code in (302, 303), f"{page.status_code} {page.text}"
    query = parse_qs(urlsplit(page.headers["location"]).query, strict_parsing=True)
    assert all(len(values) == 1 for values in query.values())
    return {name: values[0] for name, values in query.items()}
