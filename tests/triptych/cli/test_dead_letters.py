"""Dead letters and the books at the command line, with a platform that runs and without one."""

import sqlite3
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

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
from triptych.cli.exits import CommandError
from triptych.cli.payloads import merge_patch, patch_of
from triptych.cli.replaying import rate_of
from triptych.context import idempotency_key
from triptych.running.loop import run
from triptych.running.reaching import clients
from triptych.settings import Settings

pytestmark = pytest.mark.blocking("a command has its event loop to itself")
SERVICES = "crm,erp,warehouse,billing,marketing,order-to-fulfillment,operations"
ORDERS = 6


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


@pytest.fixture(scope="module")
def letters(shell: Shell, running: Running) -> list[str]:
    """Processes that the engine gave up, oldest first; their orders were refused: nothing is in stock."""

    async def place() -> list[str]:
        async with clients(Settings(data=shell.data), "test") as found:
            crm, erp, orders = found["crm"], found["erp"], found["order-to-fulfillment"]
            assert isinstance(crm, Crm)
            assert isinstance(erp, Erp)
            assert isinstance(orders, OrderToFulfillment)
            price = Money(amount_minor=100, currency="EUR")
            with idempotency_key("test"):
                customer = await crm.customers.create(NewCustomer(name="Ada"))
                await erp.products.create(NewProduct(sku="MOON-1", name="Moon", price=price))
                order = NewOrder(
                    customer_id=customer.id,
                    lines=(NewOrderLine(sku="MOON-1", quantity=1, unit_price=price),),
                    ship_to=Address(line1="Street 1", city="Berlin", country="DE"),
                )
                placed = [await orders.place_order(PlaceOrder(order=order)) for _ in range(ORDERS)]
            for one in placed:
                async for _ in orders.follow_order(one.id):
                    continue  # until it has come to its end
        return [f"order-to-fulfillment.fulfil:{one.id}" for one in placed]

    found = run(place())
    kill(shell.data, found)
    return found


def kill(data: Path, processes: list[str]) -> None:
    """Have the engine believe that it gave them up."""
    with closing(sqlite3.connect(data / "engine.db", timeout=30)) as engine:
        for process in processes:
            statement = "UPDATE workflow_status SET status = 'ERROR' WHERE workflow_uuid = ?"
            while engine.execute(f"{statement} AND status = 'SUCCESS'", (process,)).rowcount == 0:
                engine.rollback()  # its outcome is kept a moment after it is told
            engine.commit()


@pytest.fixture
def beside(triptych: Triptych, shell: Shell, running: Running) -> Triptych:
    """Run a command against the platform that is up."""
    return lambda *arguments, **settings: triptych(*arguments, TRIPTYCH_DATA=str(shell.data), **settings)


def waiting(beside: Triptych) -> list[str]:
    return [one["id"] for one in orjson.loads(beside("dead-letters", "list", "--json").out)]


def test_a_letter_is_found_shown_mended_replayed_and_every_deed_is_recorded(
    beside: Triptych, letters: list[str]
) -> None:
    letter = letters[0]
    found = beside("dead-letters", "list", "--text", letter.rpartition("_")[2])
    tried = beside("dead-letters", "edit", letter, "--set", "payment.token=tok_new", "--dry-run")
    edited = beside("dead-letters", "edit", letter, "--set", "payment.token=tok_new", "--reason", "new card")
    refused = beside("dead-letters", "edit", letter, "--set", "payment.method=7")
    shown = beside("dead-letters", "show", letter, "--payload")
    replayed = beside("dead-letters", "replay", letter)
    gone = beside("dead-letters", "show", letter)
    audited = orjson.loads(beside("audit", "verify", "--json").out)

    assert letter in found.out
    assert tried.out.splitlines() == ['+ /payment/token: "tok_new"']
    assert edited.out.splitlines()[0] == '+ /payment/token: "tok_new"'
    assert f"triptych dead-letters replay {letter}" in edited.out
    assert (refused.code, "/payment/method" in refused.err) == (1, True)
    assert "operator  edit  new card" in shown.out
    assert '"token": "tok_new"' in shown.out
    assert replayed.out.splitlines() == [letter, "1 goes on."]
    assert "is no dead letter" in gone.err
    assert (audited["reason"], audited["records"] >= 2) == ("", True)


def test_a_payload_is_mended_also_where_the_process_itself_does_not_run(
    beside: Triptych, letters: list[str], shell: Shell
) -> None:
    apart = {
        "TRIPTYCH_TOPOLOGY": "split",
        "TRIPTYCH_SECRET_KEY": (shell.data / "secret.key").read_text().strip(),
    }
    refused = beside("dead-letters", "edit", letters[5], "--set", "payment.method=7", **apart)
    edited = beside("dead-letters", "edit", letters[5], "--set", "payment.token=tok_apart", **apart)

    assert (refused.code, "/payment/method" in refused.err) == (1, True)
    assert '+ /payment/token: "tok_apart"' in edited.out


def test_many_are_named_first_and_then_replayed_at_a_rate(beside: Triptych, letters: list[str]) -> None:
    meant = ("--service", "order-to-fulfillment", "--text", "fulfil:")
    tried = beside("dead-letters", "replay", *meant, "--dry-run")
    still = waiting(beside)
    replayed = beside("dead-letters", "replay", *letters[1:4], "--rate", "20/s", "--json")

    assert tried.out.splitlines()[-1] == f"{len(still)} would go on."
    assert set(letters[1:]) <= set(still)
    assert orjson.loads(replayed.out) == {"ids": letters[1:4], "refused": [], "dry_run": False}
    assert not set(letters[1:4]) & set(waiting(beside))


def test_what_cannot_be_replayed_is_named_and_the_others_go_on(beside: Triptych, letters: list[str]) -> None:
    mixed = beside("dead-letters", "replay", "order-to-fulfillment.fulfil:ord_none", letters[4])

    assert mixed.code == 1
    assert mixed.out.splitlines() == [letters[4], "1 goes on, 1 cannot."]
    assert "ord_none: there is no process" in mixed.err


def test_a_letter_is_given_up_with_a_reason_and_the_books_add_up(
    beside: Triptych, letters: list[str]
) -> None:
    unreasoned = beside("dead-letters", "discard", letters[5], "--reason", " ")
    discarded = beside("dead-letters", "discard", letters[5], "--reason", "settled by phone")
    phase = orjson.loads(beside("processes", "show", letters[5], "--json").out)["phase"]
    balance = beside("processes", "balance")
    (account,) = orjson.loads(beside("processes", "balance", "--json").out)["accounts"]

    assert (unreasoned.code, discarded.code, phase) == (2, 0, "discarded")
    assert balance.code == 0
    assert balance.out.split()[:7] == ["flow", "in", "done", "dead", "filtered", "running", "missing"]
    assert (
        account["came_in"] == ORDERS == sum(account[one] for one in ("done", "dead", "filtered", "running"))
    )


def test_a_process_that_is_lost_ends_the_balance_with_its_name_and_is_written_off(
    beside: Triptych, letters: list[str], shell: Shell
) -> None:
    lost = "order-to-fulfillment.fulfil:ord_lost"
    with closing(sqlite3.connect(shell.data / "engine.db", timeout=30)) as engine:
        engine.execute(
            "INSERT INTO triptych_accepted (id, flow, at) VALUES (?, ?, 0)", (lost, lost.partition(":")[0])
        )
        engine.execute("UPDATE triptych_books SET accepted = accepted + 1")
        engine.commit()
    missed = beside("processes", "balance")
    written_off = beside("dead-letters", "discard", lost, "--reason", "never existed")

    assert missed.code == 1
    assert lost in missed.err
    assert written_off.code == 0
    assert beside("processes", "balance").code == 0


def test_versions_tell_who_follows_them_and_end_with_those_that_nobody_knows(
    beside: Triptych, letters: list[str], shell: Shell
) -> None:
    known = beside("processes", "versions")
    with closing(sqlite3.connect(shell.data / "engine.db", timeout=30)) as engine:
        values = ("order-to-fulfillment.fulfil:ord_later", "ENQUEUED", "order-to-fulfillment.fulfil.v9")
        engine.execute("INSERT INTO workflow_status (workflow_uuid, status, name) VALUES (?, ?, ?)", values)
        engine.commit()
        missing = beside("processes", "versions")
        engine.execute("DELETE FROM workflow_status WHERE workflow_uuid = ?", values[:1])
        engine.commit()

    assert known.code == 0
    assert known.out.split()[:4] == ["flow", "version", "running", "waiting"]
    assert known.out.splitlines()[1].split()[:2] == ["order-to-fulfillment.fulfil", "1"]
    assert missing.code == 1
    assert "No replica knows order-to-fulfillment.fulfil.v9" in missing.err


def test_a_process_is_drawn_by_its_kind(beside: Triptych) -> None:
    drawn = beside("processes", "diagram", "order-to-fulfillment.fulfil")
    unknown = beside("processes", "diagram", "order-to-fulfillment")
    former = beside("processes", "diagram", "order-to-fulfillment.fulfil", "--version", "99")

    assert drawn.code == 0
    assert drawn.out.startswith("flowchart TD\n")
    assert unknown.code == 1
    assert "there are order-to-fulfillment.fulfil" in unknown.err
    assert former.code == 1
    assert "has no version 99" in former.err


def test_nothing_is_replayed_unless_somebody_says_what(beside: Triptych) -> None:
    answers = [
        beside("dead-letters", "replay"),
        beside("dead-letters", "replay", "a", "--all"),
        beside("dead-letters", "replay", "--all", "--rate", "fast"),
        beside("dead-letters", "list", "--since", "yesterday"),
    ]

    assert [answer.code for answer in answers] == [2, 2, 2, 2]
    assert "--all" in answers[0].err
    assert "20/s" in answers[2].err
    assert "2026-07-01T09:30:00Z" in answers[3].err


def test_the_same_works_while_nothing_runs_and_says_so_where_operations_are_left_out(
    triptych: Triptych,
) -> None:
    alone = triptych("dead-letters", "list", "--json", TRIPTYCH_SERVICES="operations")
    without = triptych("dead-letters", "list", TRIPTYCH_SERVICES="crm")

    assert (alone.code, alone.out) == (0, "[]\n")
    assert (without.code, "TRIPTYCH_SERVICES" in without.err) == (3, True)


def test_fields_are_set_by_path_as_json_or_else_as_text() -> None:
    assert patch_of(["payment.token=tok_1", "payment.tries=3", "note=null", "name=A=B"]) == {
        "payment": {"token": "tok_1", "tries": 3},
        "note": None,
        "name": "A=B",
    }
    for wrong in (["token"], ["=1"], ["a..b=1"], ["a=1", "a.b=2"]):
        with pytest.raises(CommandError):
            patch_of(wrong)


def test_what_was_changed_in_an_editor_becomes_the_smallest_patch() -> None:
    before = {"a": 1, "b": {"c": 2, "d": [1, 2]}, "e": None}

    assert merge_patch(before, before) == {}
    assert merge_patch(before, {"b": {"c": 3, "d": [1, 2]}, "e": None}) == {"a": None, "b": {"c": 3}}
    with pytest.raises(CommandError):
        merge_patch(before, [1])


def test_a_rate_is_so_many_in_a_second_a_minute_or_an_hour() -> None:
    assert [rate_of(text) for text in (None, "20/s", "90/min", "36/h")] == [None, 20, 1.5, 0.01]
