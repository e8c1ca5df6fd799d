"""Webhooks: proved, stored and answered before the work; what strangers send goes nowhere."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from gateway.front import GatewayFront
from systems.crm.contract import Crm
from tests.triptych.events.conftest import until
from triptych.assembly.discovery import AssemblyError, installed
from triptych.assembly.platform import Platform
from triptych.canonical.leads import LeadFilter
from triptych.hook_keys import HookKeys
from triptych.serving.server import listen, serving
from triptych.settings import Settings

OLD, NEW = b"an older secret of 24 by", b"the secret that replaced"
LEAD = {"name": "Ada Lovelace", "email": "ada@example.org", "source": "web"}
PATH = "/hooks/crm/v1/leads"


def whsec(key: bytes) -> SecretStr:
    return SecretStr("whsec_" + base64.b64encode(key).decode())


STANDARD = HookKeys(secrets=(whsec(NEW), whsec(OLD)))
PLAIN = HookKeys(
    scheme="hmac",
    secrets=(SecretStr(NEW.decode()),),
    signature_header="X-Hub-Signature-256",
    prefix="sha256=",
)


def signed(body: bytes, key: bytes = NEW, id: str = "msg_1", at: float | None = None) -> dict[str, str]:
    """The headers of Standard Webhooks."""
    moment = str(int(time.time() if at is None else at))
    content = b".".join((id.encode(), moment.encode(), body))
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {"webhook-id": id, "webhook-timestamp": moment, "webhook-signature": f"v1,{signature}"}


class Door:
    """A gateway before the CRM, with one hook open."""

    def __init__(self, platform: Platform, http: httpx.AsyncClient) -> None:
        self.crm = platform.client(Crm)
        self.platform = platform
        self.http = http

    async def post(self, body: bytes, headers: dict[str, str], path: str = PATH) -> httpx.Response:
        return await self.http.post(path, content=body, headers=headers)

    async def has_leads(self, *names: str) -> None:
        """Wait until these leads are known, each once."""

        async def known() -> bool:
            return len((await self.crm.leads.find(LeadFilter())).items) >= len(names)

        await until(known)
        assert [lead.name for lead in (await self.crm.leads.find(LeadFilter())).items] == list(names)


@pytest.fixture
def keys() -> HookKeys:
    """How the hook is signed."""
    return STANDARD


@pytest.fixture
async def door(tmp_path: Path, keys: HookKeys) -> AsyncGenerator[Door]:
    listening = listen("127.0.0.1", 0)
    settings = Settings(data=tmp_path, port=listening.getsockname()[1], hooks={"crm/leads": keys})
    async with (
        Platform(settings, installed({"crm"})) as platform,
        GatewayFront(platform) as front,
        serving(front.app, listening, protocol=front.protocol),
        httpx.AsyncClient(base_url=settings.base_url, trust_env=False) as http,
    ):
        yield Door(platform, http)


async def test_a_webhook_is_stored_and_answered_and_has_its_effect_once_however_often_it_comes(door: Door):
    body = json.dumps(LEAD).encode()
    first = await door.post(body, signed(body))
    again = await door.post(body, signed(body))
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == {"id": first.json()["id"], "repeated": False}
    assert again.json() == {"id": first.json()["id"], "repeated": True}
    other = json.dumps({**LEAD, "name": "Bob"}).encode()
    assert (await door.post(other, signed(other, id="msg_2"))).status_code == 202
    await door.has_leads("Ada Lovelace", "Bob")


async def test_a_secret_that_is_being_replaced_still_counts_and_one_good_signature_is_enough(door: Door):
    body = json.dumps(LEAD).encode()
    headers = signed(body, OLD)
    assert (await door.post(body, headers)).status_code == 202
    several = signed(body, NEW, id="msg_2")
    several["webhook-signature"] = f"v1a,what v1,AAAA {several['webhook-signature']}"
    assert (await door.post(body, several)).status_code == 202


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "no signature": ({"webhook-signature": ""}, "webhook-signature is missing"),
    "no id": ({"webhook-id": ""}, "webhook-id is missing"),
    "no timestamp": ({"webhook-timestamp": ""}, "webhook-timestamp is missing"),
    "a stranger's secret": (
        signed(json.dumps(LEAD).encode(), b"some other secret of him"),
        "not by a secret",
    ),
    "another delivery's signature": ({"webhook-id": "msg_2"}, "not by a secret"),
    "a moment that was changed": ({"webhook-timestamp": "1"}, "not by a secret"),
    "a moment that is no number": ({"webhook-timestamp": "now"}, "cannot be read"),
    "an id with blanks": ({"webhook-id": "a b"}, "cannot be read"),
    "no base64": ({"webhook-signature": "v1,%%%"}, "not by a secret"),
    "another version": ({"webhook-signature": "v2,AAAA"}, "not by a secret"),
    "too old": (signed(json.dumps(LEAD).encode(), at=time.time() - 301), "more than 5 minutes"),
    # of when the tests were collected, which may be a while ago
    "from the future": (signed(json.dumps(LEAD).encode(), at=time.time() + 86_400), "more than 5 minutes"),
}


@pytest.mark.parametrize(("change", "says"), REFUSED.values(), ids=REFUSED)
async def test_what_cannot_be_proved_is_refused_and_stored_nowhere(
    door: Door, change: dict[str, str], says: str
):
    body = json.dumps(LEAD).encode()
    answer = await door.post(body, {**signed(body), **change})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]
    good = await door.post(body, signed(body))
    assert good.json()["repeated"] is False


BAD: dict[str, tuple[bytes, int, str]] = {
    "no JSON": (b"\xff\x00 nothing", 400, "not JSON"),
    "nothing": (b"", 400, "not JSON"),
    "a list": (b"[]", 422, "The value"),
    "a field that is missing": (b"{}", 422, "/name"),
    "a field that nobody knows": (b'{"name": "Ada", "mood": 1}', 422, "/mood"),
    "too much": (b'{"name": "' + b"a" * 300_000 + b'"}', 413, "bytes at most"),
    "far too deep": (b'{"name": "Ada", "extensions": {"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}}", 400, ""),
}


@pytest.mark.parametrize(("body", "status", "says"), BAD.values(), ids=BAD)
async def test_what_is_signed_and_makes_no_sense_is_answered_with_what_is_wrong(
    door: Door, body: bytes, status: int, says: str
):
    answer = await door.post(body, signed(body))
    assert answer.status_code == status
    assert says in answer.json()["detail"]


async def test_what_is_not_open_is_not_there(door: Door):
    body = json.dumps(LEAD).encode()
    for path in ("/hooks", "/hooks/crm/v1", "/hooks/crm/v1/customers", "/hooks/crm/v2/leads", f"{PATH}/1"):
        assert (await door.post(body, signed(body), path)).status_code == 404
    answer = await door.http.get(PATH)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("keys", [PLAIN], ids=["hmac"])
async def test_a_vendor_that_signs_the_body_alone_is_heard_too(door: Door):
    body = json.dumps(LEAD).encode()
    signature = hmac.new(NEW, body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={signature}"}
    assert (await door.post(body, headers)).json()["repeated"] is False
    assert (await door.post(body, headers)).json()["repeated"] is True
    for wrong in (
        signature,
        f"sha256={signature[:-1]}",
        f"sha256={'0' * 64}",
        "sha256=",
    ):
        assert (await door.post(body, {"X-Hub-Signature-256": wrong})).status_code == 401
    await door.has_leads("Ada Lovelace")


async def test_a_hook_that_nothing_takes_is_said_at_the_start(tmp_path: Path):
    settings = Settings(data=tmp_path, hooks={"crm/leeds": STANDARD})
    async with Platform(settings, installed({"crm"})) as platform:
        with pytest.raises(
            AssemblyError,
            match="names crm/leeds, which nothing here takes; there is crm/inquiries, crm/leads",
        ):
            async with GatewayFront(platform):
                pass


UNUSABLE: dict[str, dict[str, Any]] = {
    "no secret": {"secrets": []},
    "three secrets": {"secrets": ["whsec_" + base64.b64encode(NEW).decode()] * 3},
    "a short one": {"secrets": ["whsec_AAAA"]},
    "no base64": {"secrets": ["whsec_%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%"]},
    "an unknown scheme": {"scheme": "md5", "secrets": ["a secret of sixteen"]},
}


@pytest.mark.parametrize("given", UNUSABLE.values(), ids=UNUSABLE)
def test_keys_that_prove_nothing_are_refused_and_never_shown(given: dict[str, Any]):
    with pytest.raises(ValidationError):
        HookKeys.model_validate(given)
    assert NEW.decode() not in repr(PLAIN)
