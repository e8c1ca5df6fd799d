"""`usage` and `contracts usage`: who calls what, told by a platform that runs."""

import time
from collections.abc import Generator

import httpx
import orjson
import pytest

from systems.crm.contract import Crm
from tests.triptych.cli.conftest import Triptych
from tests.triptych.running.shell import Running, Shell
from triptych.contract import Lifecycle
from triptych.serving import openapi

pytestmark = pytest.mark.blocking("a command has its event loop to itself")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Generator[Shell]:
    settings = {"TRIPTYCH_SERVICES": "crm", "TRIPTYCH_SEED": "false", "TRIPTYCH_OPEN_SYSTEMS": "crm"}
    found = Shell(tmp_path_factory.mktemp("shell"), **settings)
    yield found
    found.close()


@pytest.fixture(scope="module")
def running(shell: Shell) -> Running:
    return shell.up()


def forget() -> None:
    """Documents are made anew."""
    openapi._document_of.cache_clear()  # pyright: ignore[reportPrivateUsage] - a test changes what never changes


def test_calls_are_told_by_client_and_by_version(triptych: Triptych, running: Running, shell: Shell) -> None:
    def told(*arguments: str) -> str:
        return triptych(*arguments, TRIPTYCH_DATA=str(shell.data)).out

    client = orjson.loads(told("clients", "add", "Acme", "--scope", "crm:read", "--json"))
    form = {"grant_type": "client_credentials"}
    credentials = (client["client_id"], client["client_secret"])
    with httpx.Client(base_url=running.address, trust_env=False) as http:
        token = http.post("/oauth/token", data=form, auth=credentials).json()["access_token"]
        headers = {"authorization": f"Bearer {token}"}
        answers = [http.get("/crm/v1/customers", headers=headers) for _ in range(3)]
        answers.append(http.get("/crm/v1/customers/cus_nobody", headers=headers))
    assert [answer.status_code for answer in answers] == [200, 200, 200, 404]

    found: list[dict[str, object]] = []
    for _ in range(200):  # it is written every few seconds
        found = orjson.loads(told("usage", "--client", client["client_id"], "--json"))
        if found:
            break
        time.sleep(0.1)
    assert [(use["operation"], use["calls"], use["refused"]) for use in found] == [
        ("crm.customers.find", 3, 0),
        ("crm.customers.get", 1, 1),
    ]
    assert "crm.customers.find" in told("usage", "--service", "crm")
    by_version = orjson.loads(told("contracts", "usage", "crm", "--json"))
    assert [(use["version"], use["client"], use["calls"]) for use in by_version] == [
        ("v1", client["client_id"], 4)
    ]
    assert client["client_id"] in told("contracts", "usage", "crm")
    assert told("contracts", "usage", "erp") == "Nobody has called erp within 30 days.\n"

    told("contracts", "export")
    told("contracts", "release")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Crm, "lifecycle", Lifecycle(retired=True))
        forget()
        told("contracts", "export")
        refused = triptych("contracts", "check", TRIPTYCH_DATA=str(shell.data))
        listed = orjson.loads(triptych("contracts", "check", "--json", TRIPTYCH_DATA=str(shell.data)).out)
    forget()
    assert refused.code == 1
    assert f"retired, but within 30 days it was called by {client['client_id']}" in refused.out
    assert listed["left_behind"] == {"system/crm.v1.yaml": [client["client_id"]]}
