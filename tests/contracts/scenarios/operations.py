"""Operations: what got stuck is seen, mended, replayed and given up; and the books add up."""

import sqlite3
from contextlib import closing

from tests.contracts.asking import Json, Service, Services
from tests.contracts.scenarios.supplies import an_order, for_sale, somebody
from triptych.problems import InvalidInput, InvalidState, NotFound


def story(services: Services) -> None:
    operations, alfreds, chai = services["operations"], somebody(services), for_sale(services)
    first, second, third = (dead(services, alfreds, chai) for _ in range(3))
    a_letter_is_seen_and_mended(operations, first)
    nobody_is_lost_between_two_pages(operations)
    an_order_is_found_with_every_hop(operations, first)
    letters_go_on(services, operations, first, second)
    a_letter_is_given_up(operations, third)
    versions_are_known(operations)
    nothing_is_old_enough_for_the_archive(operations)
    sentences_are_drawn(operations)
    alerts_are_silenced_and_tested(operations)


def dead(services: Services, alfreds: Json, chai: Json) -> str:
    """The id of the process of an order that the engine gave up when all but its outcome was kept."""
    orders = services["order-to-fulfillment"]
    order = orders.does("place_order", order=an_order(alfreds, chai))
    orders.follows("follow_order", order)
    process = f"order-to-fulfillment.fulfil:{order['id']}"
    settings = orders.served.platform.settings
    with closing(sqlite3.connect(settings.data / "engine.db", timeout=30)) as engine:
        statement = (
            "UPDATE workflow_status SET status = 'ERROR' WHERE workflow_uuid = ? AND status = 'SUCCESS'"
        )
        while engine.execute(statement, (process,)).rowcount == 0:  # its outcome is kept a moment later
            engine.rollback()
        engine.commit()
    return process


def a_letter_is_seen_and_mended(operations: Service, letter: str) -> None:
    order = letter.partition(":")[2]
    (found,) = operations.does("dead_letters", text=order)["items"]
    shown = operations.does("dead_letter", letter)
    assert (found["id"], shown["letter"], shown["interventions"]) == (letter, found, [])
    assert operations.does("payload", letter)["payload"]["order_id"] == order
    mended = {"patch": {"payment": {"token": "tok_new"}}, "reason": "a new card"}
    (change,) = operations.does("edit_dead_letter", letter, **mended, dry_run=True)["changes"]
    assert operations.does("payload", letter)["payload"]["payment"]["token"] == change["before"]
    assert operations.does("edit_dead_letter", letter, **mended)["changes"] == [change]
    assert operations.does("payload", letter)["payload"]["payment"]["token"] == "tok_new"
    assert [one["action"] for one in operations.does("dead_letter", letter)["interventions"]] == ["edit"]
    faulty = operations.refuses(
        "edit_dead_letter", letter, because=InvalidInput, patch={"payment": {"method": 3}}
    )
    assert [fault["pointer"] for fault in faulty["errors"]] == ["/payment/method"]


def nobody_is_lost_between_two_pages(operations: Service) -> None:
    wanted = {"service": "order-to-fulfillment", "text": "ord_"}
    everybody = [one["id"] for one in operations.does("dead_letters", **wanted)["items"]]
    seen: list[str] = []
    page: Json = {"next_cursor": ""}
    while (cursor := page["next_cursor"]) is not None:
        page = operations.does("dead_letters", limit=1, **wanted, **({"cursor": cursor} if cursor else {}))
        seen += [one["id"] for one in page["items"]]
    assert len(everybody) >= 3
    assert seen == everybody


def an_order_is_found_with_every_hop(operations: Service, letter: str) -> None:
    order = letter.partition(":")[2]
    (found,) = operations.does("where", term=order)["items"]
    assert (found["id"], found["next"][0]) == (letter, f"triptych dead-letters replay {letter}")
    read = found["hops"][0]["calls"][0]
    assert (read["operation"], read["answer"]["id"]) == ("erp.orders.get", order)
    assert read["answer"]["ship_to"]["line1"] == "***"
    (unmasked,) = operations.does("where_unmasked", term=order)["items"]
    assert unmasked["hops"][0]["calls"][0]["answer"]["ship_to"]["line1"] != "***"
    assert operations.does("where", term="nobody-knows-this")["items"] == []
    operations.refuses("where", term=order, cursor="bm9uZQ", because=InvalidInput)
    operations.refuses("where_unmasked", term=order, cursor="bm9uZQ", because=InvalidInput)


def letters_go_on(services: Services, operations: Service, first: str, second: str) -> None:
    ids = [first, "order-to-fulfillment.fulfil:ord_nobody"]
    tried = operations.does("replay_dead_letters", ids=ids, dry_run=True)
    assert (tried["ids"], [one["id"] for one in tried["refused"]]) == ([first], ids[1:])
    operations.does("replay_dead_letter", first)
    replayed = operations.does("replay_dead_letters", service=None, error=None, ids=[second], per_second=50)
    assert (replayed["ids"], replayed["refused"]) == ([second], [])
    orders = services["order-to-fulfillment"]
    for letter in (first, second):
        order = letter.partition(":")[2]
        assert orders.follows("follow_order", order)["status"] == "completed"
        operations.refuses("replay_dead_letter", letter, because=InvalidState)
        operations.refuses("edit_dead_letter", letter, because=InvalidState)


def a_letter_is_given_up(operations: Service, letter: str) -> None:
    before = operations.does("balance")
    after = operations.does("discard_dead_letter", letter)
    operations.refuses("discard_dead_letter", letter, because=InvalidState)
    assert [one["flow"] for one in after["accounts"]] == [one["flow"] for one in before["accounts"]]
    assert after["missing"] == []


def versions_are_known(operations: Service) -> None:
    found = {use["flow"]: use for use in operations.does("versions")["items"]}
    assert len(found["order-to-fulfillment.fulfil"]["known_to"]) == 1


def nothing_is_old_enough_for_the_archive(operations: Service) -> None:
    assert operations.does("archive_processes", days=400) == {"archived": 0, "more": False}
    assert operations.does("archive", month="2026-07-01")["items"] == []
    operations.refuses("archive", month="2026-07-01", cursor="bm9uZQ", because=InvalidInput)


def sentences_are_drawn(operations: Service) -> None:
    found = {one["flow"]: one for one in operations.does("outlines")["items"]}
    lines = [line["line"] for line in found["order-to-fulfillment.fulfil"]["lines"]]
    assert lines[0] == "enter"
    assert "do-enter --> do-reserve" in found["order-to-fulfillment.fulfil"]["diagram"]


def alerts_are_silenced_and_tested(operations: Service) -> None:
    operations.does("alerts")
    silence = operations.does("silence_alerts", rule="no-such-rule")
    assert silence in operations.does("silences")["items"]
    operations.does("end_silence", silence)
    operations.refuses("end_silence", silence, because=NotFound)
    assert silence not in operations.does("silences")["items"]
    assert len(operations.does("test_alerts")["notices"]) == 1
    operations.refuses("test_alerts", because=InvalidInput, channel="carrier-pigeon")
