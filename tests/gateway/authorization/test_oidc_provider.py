"""A real foreign issuer: npm's oidc-provider, on loopback."""

import asyncio
import json
import os
import secrets
import shutil
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import PROJECT, absent
from tests.gateway.authorization.conftest import ISSUER, House, open_house
from tests.gateway.authorization.issuing import AUDIENCE, KINDS
from tests.landscape import free_ports
from triptych.issuers import ForeignIssuer
from triptych.settings import Settings

pytestmark = pytest.mark.blocking("a folder is looked for on the disk, once")

PACKAGE = "oidc-provider@9.13.3"
FOLDER = PROJECT / "var" / "npm" / PACKAGE
"""Kept from one run to the next."""
SCRIPT = Path(__file__).with_name("provider.mjs")


@dataclass
class Provider:
    """The provider, with the one client that it has."""

    address: str
    secret: str

    async def token(self, algorithm: str, **more: str) -> httpx.Response:
        form = {
            "grant_type": "client_credentials",
            "resource": f"{AUDIENCE}/{algorithm}",
            "scope": "shop.read",
            **more,
        }
        async with httpx.AsyncClient(trust_env=False) as http:
            return await http.post(f"{self.address}/token", data=form, auth=("portal", self.secret))


def program(name: str) -> str:
    found = shutil.which(name)
    return found or absent(f"{name} is not installed")


async def install(npm: str) -> None:
    """Fetch the package and what it stands on; the versions of those are npm's to choose."""
    if (FOLDER / "node_modules" / "oidc-provider").is_dir():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    words = [
        "install",
        "--no-save",
        "--no-package-lock",
        "--no-audit",
        "--no-fund",
        "--prefix",
        FOLDER,
        PACKAGE,
    ]
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_exec(npm, *words, cwd=FOLDER, stdout=pipe, stderr=pipe)
    _, complaint = await running.communicate()
    if running.returncode:
        absent(f"{PACKAGE} cannot be installed: {complaint.decode()[-300:]}")


@pytest.fixture(scope="module")
async def provider() -> AsyncGenerator[Provider]:
    node, npm = program("node"), program("npm")
    await install(npm)
    script = FOLDER / SCRIPT.name
    await asyncio.to_thread(shutil.copy, SCRIPT, script)  # a module finds its packages beside itself
    (port,) = free_ports(1)
    found = Provider(f"http://127.0.0.1:{port}", secrets.token_urlsafe(32))
    keys = [
        {**made().as_dict(private=True), "use": "sig", "alg": algorithm, "kid": algorithm}
        for algorithm, made in KINDS.items()
    ]
    environment = {
        **os.environ,
        "PORT": str(port),
        "AUDIENCE": AUDIENCE,
        "SECRET": found.secret,
        "JWKS": json.dumps({"keys": keys}),
    }
    pipe, quiet = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    running = await asyncio.create_subprocess_exec(node, script, env=environment, stdout=pipe, stderr=quiet)
    try:
        assert running.stdout is not None
        async with asyncio.timeout(30):
            line = b" "
            while line and b"listening" not in line:
                line = await running.stdout.readline()
        assert line, f"the provider ended with {await running.wait()}"
        yield found
    finally:
        if running.returncode is None:
            running.terminate()
        await running.communicate()


@pytest.fixture
async def house(provider: Provider, tmp_path: Path) -> AsyncGenerator[House]:
    set_up: dict[str, Any] = {
        "name": "staff",
        "issuer": provider.address,
        "audience": AUDIENCE,
        "scopes": {"shop.read": ["shop:read"]},
        "groups": {"sales": ["storefront:*"]},
        "private_network": True,
    }
    issuers = (ForeignIssuer.model_validate(set_up),)
    async with open_house(Settings(data=tmp_path, public_url=ISSUER, issuers=issuers)) as found:
        yield found


@pytest.mark.parametrize("algorithm", list(KINDS))
async def test_its_tokens_open_what_their_scopes_and_groups_are_mapped_to(
    provider: Provider, house: House, algorithm: str
):
    answer = await provider.token(algorithm)
    assert answer.status_code == 200, answer.text
    token = await house.server.bearer.verify(answer.json()["access_token"])
    assert (token.subject, token.client) == ("staff:portal", "staff:portal")
    assert token.scopes == {"shop:read", "storefront:read", "storefront:write"}
    assert token.expires_at <= house.clock.read() + 300


async def test_our_server_takes_none_of_its_tokens_for_its_own(provider: Provider, house: House):
    token = (await provider.token("ES256")).json()["access_token"]
    asked = await house.http.get("/oauth/userinfo", headers={"authorization": f"Bearer {token}"})
    assert asked.status_code == 401
    told = await house.http.post("/oauth/introspect", data={"token": token}, auth=house.office.basic)
    assert told.json().get("active") is not True
