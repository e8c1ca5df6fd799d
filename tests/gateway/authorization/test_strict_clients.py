"""Certified clients of others, stricter than any of ours: oauth4webapi and openid-client in Node.

They go through every grant, every way to prove who a client is, DPoP and pushed requests, against a gateway
on a socket. npm installs them once into pytest's cache.
"""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.authorization.clients import Special
from gateway.authorization.endpoints.registering import REGISTER
from gateway.authorization.registration import TOKEN_EXCHANGE
from tests.conftest import absent
from tests.gateway.authorization.browsing import PASSWORD, Registered
from tests.gateway.authorization.signing import signer
from tests.gateway.authorization.test_behind_the_gateway import Front, opened
from tests.gateway.landscape import Landscape

SCRIPTS = Path(__file__).parent / "strict"
PACKAGES = ["oauth4webapi@3.8.8", "openid-client@6.8.9"]
LIBRARIES = [package.partition("@")[0] for package in PACKAGES]
REDIRECT = "http://127.0.0.1/callback"
SECONDS = 120
"""After which a script or npm is given up."""
USER_STEPS = ["code", "code PAR", "code DPoP", "code DPoP PAR"]
OWN_STEPS = ["client_credentials and exchange", "client_credentials and exchange DPoP"]
STEPS = {
    "oauth4webapi": ["discovery", "protected resources", "refusals", "registration"],
    "openid-client": ["discovery", "registration"],
}

pytestmark = pytest.mark.xdist_group("strict clients")  # one process installs them


async def run(*command: str, **variables: str) -> str:
    """What a program prints; the test fails with it, if the program does."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        printed, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        pytest.fail(f"{command[0]} did not end within {SECONDS} s")
    assert process.returncode == 0, printed.decode()
    return printed.decode()


@pytest.fixture(scope="session")
async def node(request: pytest.FixtureRequest) -> Path:
    """A folder with the libraries, and our scripts beside them."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        absent("Node and npm are not installed here")
    assert request.config.cache is not None
    folder = request.config.cache.mkdir("strict-clients-" + "-".join(PACKAGES).replace("@", "-"))
    if not all((folder / "node_modules" / name / "package.json").exists() for name in LIBRARIES):
        quiet = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
        await run(npm, "install", *quiet, "--prefix", str(folder), *PACKAGES)
    for script in SCRIPTS.glob("*.mjs"):
        shutil.copy(script, folder)
    return folder


@dataclass
class Stage:
    """A gateway on a socket, and the folder that scripts run in."""

    front: Front
    folder: Path

    async def client(self, method: str, algorithm: str) -> tuple[Registered, dict[str, Any]]:
        """A client that proves itself in this way, and its private key if that is how."""
        own = [] if method == "none" else ["client_credentials", TOKEN_EXCHANGE]
        special: Special = {"jwks": signer(algorithm).jwks} if method == "private_key_jwt" else {}
        made = await self.front.house.server.clients.add(
            "Strict",
            grants=["authorization_code", "refresh_token", *own],
            scopes=["openid", "profile", "email", "shop:read"],
            plan="internal",
            redirect_uris=[REDIRECT],
            public=method == "none",
            **special,
        )
        key = signer(algorithm)
        jwk = {**key.key.as_dict(private=True), "alg": algorithm} if special else {}
        return Registered(*made), jwk

    async def registrar(self) -> str:
        """A token to register clients with."""
        made = await self.front.house.server.clients.add(
            "Registrar", grants=["client_credentials"], scopes=[REGISTER, "shop:read"], plan="internal"
        )
        answer = await self.front.here.post(
            "/oauth/token", data={"grant_type": "client_credentials"}, auth=Registered(*made).basic
        )
        return answer.json()["access_token"]

    async def play(self, library: str, method: str, algorithm: str = "ES256") -> list[str]:
        """What the script says that it has done."""
        client, jwk = await self.client(method, algorithm)
        address = self.front.address
        task = {
            "issuer": address,
            "service": f"{address}/shop/v1",
            "resource": f"{address}/shop/v1/products",
            "redirect_uri": REDIRECT,
            "client_id": client.client_id,
            "secret": client.secret,
            "method": method,
            "jwk": jwk,
            "registrar": await self.registrar(),
            "user": {"email": self.front.house.ada.email, "password": PASSWORD},
        }
        script = str(self.folder / f"{library}.mjs")
        printed = await run("node", "--no-warnings", script, STRICT_TASK=json.dumps(task))
        return printed.splitlines()


@pytest.fixture
async def stage(tmp_path: Path, landscape: Landscape, node: Path) -> AsyncGenerator[Stage]:
    async with opened(tmp_path, landscape) as front:
        yield Stage(front, node)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"])
@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_strict_client_finds_nothing_to_object_to(stage: Stage, library: str, method: str):
    own = [] if method == "none" else OWN_STEPS
    assert sorted(await stage.play(library, method)) == sorted([*STEPS[library], *USER_STEPS, *own])


@pytest.mark.parametrize("algorithm", ["PS256", "RS256", "Ed25519"])
async def test_a_strict_client_signs_with_other_keys(stage: Stage, algorithm: str):
    assert "registration" in await stage.play("oauth4webapi", "private_key_jwt", algorithm)
