"""Commands against a platform that runs, and the same ones when none does."""

from collections.abc import Generator
from datetime import date
from pathlib import Path

import httpx
import orjson
import pytest

from processes.order_to_fulfillment.contract import OrderToFulfillment, PlaceOrder
from systems.crm.contract import Crm
from systems.erp.contract import Erp
from tests.triptych.cli.conftest import Triptych
from tests.triptych.running.shell import Running, Shell
from triptych.canonical.lines import NewOrderLine
from triptych.canonical.money import Money
from triptych.canonical.order import NewOrder
from triptych.canonical.party import Address, NewCustomer
from triptych.canonical.product import NewProduct
from triptych.context import idempotency_key
from triptych.running.loop import run
from triptych.running.reaching import clients
from triptych.settings import Settings

pytestmark = pytest.mark.blocking("a command has its event loop to itself")
SERVICES = "crm,erp,warehouse,billing,marketing,order-to-fulfillment,operations"
CUSTOMERS = "id,name\n1,Ada\n2,\n3,Cid\n"
MAPPING = """\
mapping: club
title: The members of a club
files:
  members.csv:
load:
  - into: crm.customers
    file: members.csv
    key: external_id
    map: {external_id: id, name: name}
"""


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Generator[Shell]:
    """A shell with our own services."""
    found = Shell(tmp_path_factory.mktemp("shell"), TRIPTYCH_SERVICES=SERVICES, TRIPTYCH_SEED="false")
    yield found
    found.close()


@pytest.fixture(scope="module")
def running(shell: Shell) -> Running:
    """The platform, up."""
    return shell.up()


@pytest.fixture
def beside(triptych: Triptych, running: Running, shell: Shell) -> Triptych:
    """Run a command against the platform that is up."""
    return lambda *arguments, **settings: triptych(*arguments, TRIPTYCH_DATA=str(shell.data), **settings)


@pytest.fixture
def process(shell: Shell, running: Running) -> str:
    """The id of a process that was refused, since nothing is in stock."""
    settings = Settings(data=shell.data)

    async def place() -> str:
        async with clients(settings, "test") as found:
            crm, erp, orders = found["crm"], found["erp"], found["order-to-fulfillment"]
            assert isinstance(crm, Crm)
            assert isinstance(erp, Erp)
            assert isinstance(orders, OrderToFulfillment)
            with idempotency_key("test"):
                customer = await crm.customers.create(NewCustomer(name="Ada"))
                price = Money(amount_minor=100, currency="EUR")
                await erp.products.create(NewProduct(sku="MOON-1", name="Moon", price=price))
                order = NewOrder(
                    customer_id=customer.id,
                    lines=(
                        NewOrderLine(
                            sku="MOON-1", quantity=1, unit_price=Money(amount_minor=100, currency="EUR")
                        ),
                    ),
                    ship_to=Address(line1="Street 1", city="Berlin", country="DE"),
                )
                placed = await orders.place_order(PlaceOrder(order=order))
        return f"order-to-fulfillment.fulfil:{placed.id}"

    return run(place())


def test_a_client_is_registered_at_the_running_platform_and_gets_a_token_there(
    beside: Triptych, running: Running
) -> None:
    added = beside("clients", "add", "Acme", "--scope", "crm:read erp:read", "--plan", "partner", "--json")
    issued = orjson.loads(added.out)
    token = beside("token", issued["client_id"], TRIPTYCH_CLIENT_SECRET=issued["client_secret"])
    wrong = beside("token", issued["client_id"], "--scope", "erp:write", "--secret", "no")
    listed = orjson.loads(beside("clients", "list", "--json").out)

    answer = httpx.get(
        f"{running.address}/openapi/crm.v1.json",
        headers={"authorization": f"Bearer {token.out.strip()}"},
        trust_env=False,
    )
    assert answer.status_code == 200
    assert token.out.count(".") == 2
    assert wrong.code == 1
    assert "gives" in wrong.err
    (found,) = [one for one in listed if one["client_id"] == issued["client_id"]]
    assert date.fromisoformat(found.pop("pinned")) >= date(2026, 11, 1)
    assert [found] == [
        {
            "client_id": issued["client_id"],
            "name": "Acme",
            "grants": ["client_credentials"],
            "scopes": ["crm:read", "erp:read"],
            "plan": "partner",
            "redirect_uris": [],
            "public": False,
            "customer_id": None,
            "origins": [],
        }
    ]


def test_a_client_that_is_wrong_is_refused_naming_each_fault(beside: Triptych) -> None:
    refused = beside("clients", "add", "Bad", "--grant", "password", "--scope", 'a"b')

    assert refused.code == 1
    assert "/grants/0" in refused.err
    assert "/scopes/0" in refused.err


def test_a_user_is_added_with_a_password_that_is_made(beside: Triptych) -> None:
    made = orjson.loads(beside("users", "add", "ada@example.com", "--scope", "crm:*", "--json").out)
    given = beside("users", "add", "bob@example.com", TRIPTYCH_USER_PASSWORD="a long enough one")
    wrong = beside("users", "add", "nobody")

    assert len(made["password"]) >= 12
    assert given.out.splitlines()[1:] == ["email  bob@example.com"]
    assert wrong.code == 1
    assert "is not an e-mail address" in wrong.err


def test_the_audit_log_is_found_sound_and_not_to_be_the_one_of_another_installation(
    beside: Triptych, running: Running
) -> None:
    beside("clients", "add", "Audited", "--scope", "crm:read")
    found = orjson.loads(beside("audit", "verify", "--json").out)
    again = beside("audit", "verify", "--kept", found["head"])
    other = beside("audit", "verify", "--kept", f"{found['records']}:{'0' * 64}")
    no_head = beside("audit", "verify", "--kept", "yesterday")

    assert found["records"] > 0
    assert found["reason"] == ""
    assert (again.code, other.code, no_head.code) == (0, 1, 1)
    assert "the log is not the one that was kept" in other.err
    assert "is no head of an audit log" in no_head.err


def test_processes_are_listed_shown_and_not_changed_where_that_makes_no_sense(
    beside: Triptych, process: str
) -> None:
    listed = orjson.loads(beside("processes", "list", "--of", "order-to-fulfillment", "--json").out)
    shown = beside("processes", "show", process)
    cancelled = beside("processes", "cancel", process)
    replayed = beside("dead-letters", "replay", process)
    stuck = orjson.loads(beside("dead-letters", "list", "--json").out)

    assert process in {one["id"] for one in listed}
    assert "rejected" in shown.out
    assert "reserve" in shown.out
    assert (cancelled.code, replayed.code) == (1, 1)
    assert "cannot be cancelled: it is rejected" in cancelled.err
    assert "cannot be retried: it is rejected" in replayed.err
    assert stuck == []


def test_where_each_service_is_a_process_of_its_own_a_command_looks_at_what_they_share(
    beside: Triptych, shell: Shell, process: str
) -> None:
    apart = {
        "TRIPTYCH_TOPOLOGY": "split",
        "TRIPTYCH_SECRET_KEY": (shell.data / "secret.key").read_text().strip(),
    }

    listed = orjson.loads(beside("processes", "list", "--json", **apart).out)
    refused = beside("processes", "cancel", process, **apart)
    clients = beside("clients", "list", **apart)

    assert process in {one["id"] for one in listed}
    assert "cannot be cancelled: it is rejected" in refused.err
    assert clients.code == 0


def test_nothing_is_known_of_a_process_that_never_was(beside: Triptych) -> None:
    refused = beside("processes", "show", "order-to-fulfillment.fulfil:ord_none")

    assert refused.code == 1
    assert "there is no process" in refused.err


@pytest.fixture
def books(tmp_path: Path) -> Path:
    """A folder to load, in which one row of three is wrong."""
    (tmp_path / "members.csv").write_text(CUSTOMERS)
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    return tmp_path


def test_books_are_loaded_through_the_running_platform_and_a_bad_row_is_named(
    beside: Triptych, books: Path
) -> None:
    first = beside("load", str(books), "--json")
    again = beside("load", str(books))
    report = orjson.loads(first.out)

    assert (first.code, again.code) == (1, 1)
    assert (report["totals"]["created"], report["totals"]["refused"]) == (2, 1)
    assert report["files"][0]["refused"][0]["line"] == 3
    assert "members.csv, line 3: /name:" in again.out


def test_a_folder_that_cannot_be_loaded_says_why(beside: Triptych, tmp_path: Path) -> None:
    unmapped = beside("load", str(tmp_path))
    (tmp_path / "mapping.yaml").write_text("mapping: club\nfiles: 3\n")
    wrong = beside("load", str(tmp_path))

    assert (unmapped.code, wrong.code) == (1, 1)
    assert "name one with --mapping" in unmapped.err
    assert "mapping.yaml:2:" in wrong.err


def test_the_same_works_while_nothing_runs_and_what_was_done_is_kept(
    triptych: Triptych, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIPTYCH_SERVICES", "crm")
    issued = orjson.loads(triptych("clients", "add", "Acme", "--scope", "crm:read", "--json").out)
    listed = orjson.loads(triptych("clients", "list", "--json").out)
    processes = triptych("processes", "list", "--json")

    assert [one["client_id"] for one in listed] == [issued["client_id"]]
    assert (processes.code, processes.out) == (0, "[]\n")
