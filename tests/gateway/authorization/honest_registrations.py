"""What a client that registered itself asks of its own registration (RFC 7592), for tests to change."""

import json
from typing import Any
from urllib.parse import urlsplit

from tests.gateway.authorization.honest import Claims, Honest, Make, Request


def managed(method: str) -> Make:
    """The request of a client that has just registered itself."""

    async def make(honest: Honest, odd: Claims) -> Request:
        asked = await honest.registration({})
        said: dict[str, Any] = json.loads((await asked.sent_to(honest.house)).body)
        bearer = (b"authorization", f"Bearer {said['registration_access_token']}".encode())
        path = urlsplit(str(said["registration_client_uri"])).path
        if method != "PUT":
            return Request(method, path, headers=(bearer,))
        assert asked.body is not None
        anew = {**json.loads(asked.body), "client_id": said["client_id"], **odd}
        kind = (b"content-type", b"application/json")
        return Request(method, path, headers=(kind, bearer), body=json.dumps(anew).encode())

    return make


REGISTRATIONS: dict[str, Make] = {
    "registration, read": managed("GET"),
    "registration, changed": managed("PUT"),
    "registration, ended": managed("DELETE"),
}
