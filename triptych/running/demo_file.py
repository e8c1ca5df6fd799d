"""`demo.json`: who may use the demo company, with their secrets; only its owner may read it."""

import os
import secrets
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, Field, ValidationError

from triptych.running.front import DemoAccess, Front

DEMO_FILE = "demo.json"


class DemoFileError(Exception):
    """demo.json cannot be read; the message says why."""


class ClientAccess(BaseModel):
    """How a client of the demo company proves itself."""

    client_id: str
    client_secret: str | None = None
    redirect_uris: list[str] | None = None
    scope: str


class UserAccess(BaseModel):
    """How a user of the demo company signs in."""

    password: str
    customer_id: str | None = None


class DemoFile(BaseModel):
    """What demo.json holds."""

    issuer: str
    clients: dict[str, ClientAccess] = Field(default_factory=dict[str, ClientAccess])
    users: dict[str, UserAccess] = Field(default_factory=dict[str, UserAccess])


async def register(access: DemoAccess, front: Front, issuer: str) -> DemoFile:
    """Register the demo company's clients and users, each with a fresh secret."""
    found = DemoFile(issuer=issuer)
    for client in access.clients:
        secret = None if client.public else secrets.token_urlsafe(32)
        await front.clients.add(
            client.client_id,
            grants=client.grants,
            scopes=client.scopes,
            plan=client.plan,
            redirect_uris=client.redirect_uris,
            public=client.public,
            client_id=client.client_id,
            client_secret=secret,
            customer_id=client.customer_id,
        )
        found.clients[client.client_id] = ClientAccess(
            client_id=client.client_id,
            client_secret=secret,
            redirect_uris=list(client.redirect_uris) or None,
            scope=" ".join(client.scopes),
        )
    for user in access.users:
        password = secrets.token_urlsafe(12)
        await front.users.add(
            user.email, user.name, password, scopes=user.scopes, customer_id=user.customer_id
        )
        found.users[user.email] = UserAccess(password=password, customer_id=user.customer_id)
    return found


def read(data: Path) -> DemoFile | None:
    """What demo.json says, or None when there is none; raises DemoFileError."""
    path = data / DEMO_FILE
    try:
        return DemoFile.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise DemoFileError(
            f"{path} cannot be read: {error}. Move it away; `triptych clients add` registers new clients."
        ) from error


def write(data: Path, content: DemoFile) -> None:
    """Write demo.json, whole or not at all, for its owner's eyes only."""
    path = data / DEMO_FILE
    draft = path.with_name(f".{DEMO_FILE}.{secrets.token_hex(4)}")
    document: dict[str, Any] = content.model_dump(mode="json", exclude_none=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
