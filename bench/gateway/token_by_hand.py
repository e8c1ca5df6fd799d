"""Two token endpoints to compare ours with: stock Authlib on FastAPI, and one that does nothing but sign.

Stock is Authlib as its documentation shows it, with a row for each token, on SQLite in WAL, in FastAPI's
threads, since it is synchronous. The other one reads nothing, checks nothing and writes nothing.

`python -m bench.gateway.token_by_hand CLIENTS DATABASE PORT`: CLIENTS has `id:secret` in base64, by line.
"""

import base64
import secrets
import sqlite3
import sys
import threading
import time
from pathlib import Path
from typing import Any

import uvicorn
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from joserfc.jwk import ECKey
from starlette.concurrency import run_in_threadpool

from gateway.authorization.keys import ACCESS_TOKEN, SigningKey

TABLE = (
    "CREATE TABLE tokens (token TEXT PRIMARY KEY, client TEXT, scope TEXT, issued INTEGER, expires INTEGER)"
)


class Known(ClientMixin):
    """A client that may do everything."""

    def __init__(self, client_id: str, secret: str) -> None:
        self.client_id = client_id
        self._secret = secret

    def get_allowed_scope(self, scope: str | None) -> str:
        return scope or "partner:read"

    def check_client_secret(self, secret: str) -> bool:
        return secrets.compare_digest(secret, self._secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"


class Form(OAuth2Payload):
    """What was posted."""

    def __init__(self, said: dict[str, str]) -> None:
        self._said = said

    @property
    def data(self) -> dict[str, str]:
        return self._said

    @property
    def datalist(self) -> dict[str, list[str]]:
        return {name: [value] for name, value in self._said.items()}


class Posted(OAuth2Request):
    """A token request."""

    def __init__(self, said: dict[str, str], headers: dict[str, str]) -> None:
        super().__init__("POST", "https://stock.example/oauth/token", headers=headers)
        self.payload = Form(said)

    @property
    def form(self) -> dict[str, str]:
        return self.payload.data


class Stock(AuthorizationServer):
    """Authlib with a store of tokens."""

    def __init__(self, clients: dict[str, Known], database: Path) -> None:
        super().__init__()
        self._clients = clients
        self._path = database
        self._open = threading.local()
        self.register_grant(ClientCredentialsGrant)
        self.register_token_generator("client_credentials", self._token)
        with sqlite3.connect(database) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(TABLE)

    def query_client(self, client_id: str) -> Known | None:
        return self._clients.get(client_id)

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        row = (token["access_token"], request.client.client_id, token["scope"], int(time.time()), 600)
        with self._connection() as connection:
            connection.execute("INSERT INTO tokens VALUES (?, ?, ?, ?, ?)", row)

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        return request

    def send_signal(self, name: str, *_: object, **__: object) -> None:
        pass

    def handle_response(self, status: int, body: object, headers: list[tuple[str, str]]) -> Response:
        return JSONResponse(body, status, dict(headers))

    def _token(self, **said: Any) -> dict[str, Any]:
        token = secrets.token_urlsafe(32)
        scope = said["scope"] or "partner:read"
        return {"access_token": token, "token_type": "Bearer", "expires_in": 600, "scope": scope}

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._open, "connection"):
            self._open.connection = sqlite3.connect(self._path, timeout=30)
        return self._open.connection


def application(clients: dict[str, Known], database: Path) -> FastAPI:
    """`/oauth/token` is stock, `/sign/oauth/token` only signs."""
    app, stock = FastAPI(), Stock(clients, database)
    key = ECKey.generate_key("P-256")
    signing, client = SigningKey(key.thumbprint(), key), next(iter(clients))

    @app.post("/oauth/token")
    async def token(request: Request) -> Response:
        form = await request.form()
        said = {name: str(value) for name, value in form.items()}
        headers = {"Authorization": request.headers.get("authorization", "")}
        return await run_in_threadpool(stock.create_token_response, Posted(said, headers))

    @app.post("/sign/oauth/token")
    async def sign() -> Response:
        now = int(time.time())
        said = {"iss": "https://stock.example", "aud": "https://stock.example", "client_id": client}
        more = {"iat": now, "exp": now + 600, "jti": secrets.token_urlsafe(16), "sub": client}
        signed = signing.sign(ACCESS_TOKEN, {**said, **more, "scope": "partner:read", "plan": "partner"})
        return JSONResponse({"access_token": signed, "token_type": "Bearer", "expires_in": 600})

    @app.get("/healthz")
    async def health() -> Response:
        return PlainTextResponse("ok")

    return app


def read(clients: Path) -> dict[str, Known]:
    """The clients of a file of `id:secret` lines, in base64 as they are sent."""
    found: dict[str, Known] = {}
    for line in clients.read_text().splitlines():
        client_id, _, secret = base64.b64decode(line).decode().partition(":")
        found[client_id] = Known(client_id, secret)
    return found


if __name__ == "__main__":
    _, known, database, port = sys.argv
    uvicorn.run(
        application(read(Path(known)), Path(database)), host="127.0.0.1", port=int(port), log_level="warning"
    )
