"""The published documents: stable files, drift that says what to do, promises that only a release makes."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.triptych.documents.orders import ORDERS, changed, create, find, schema
from triptych.documents import store
from triptych.documents.shapes import UnreadableDocument

PLACE = "system/erp.v1.yaml"


def staged(stage: str) -> dict[str, Any]:
    return changed(lambda it: it["info"].update({"x-lifecycle": {stage: True}}))


def without_find(document: dict[str, Any]) -> None:
    document["paths"]["/erp/v1/orders"].pop("get")


def test_a_document_lies_under_its_tier_service_and_version():
    assert store.place("process", "order-to-fulfillment", 2) == "process/order-to-fulfillment.v2.yaml"


def test_what_is_written_is_read_again_unchanged(tmp_path: Path):
    store.export(tmp_path, {PLACE: ORDERS})
    assert store.read(tmp_path / PLACE) == ORDERS


def test_strings_that_look_like_other_values_stay_strings():
    document = {
        "openapi": "3.1.0",
        "x": ["1.0", "no", "2026-11-01", "null", "1e3", "~", "yes\nno\n", "\ttab"],
    }
    assert yaml.safe_load(store.as_yaml(document)) == document


def test_the_same_document_in_another_order_makes_the_same_file():
    backwards = json.loads(json.dumps(ORDERS))
    for part in (backwards["paths"], backwards["components"]["schemas"], find(backwards)["responses"]):
        for key in reversed(list(part)):
            part[key] = part.pop(key)
    assert store.as_yaml(backwards) == store.as_yaml(ORDERS)


def test_texts_of_several_lines_are_blocks_and_nothing_is_an_anchor():
    shared = {"type": "string"}
    text = store.as_yaml({"description": "One.\n\nTwo.", "a": shared, "b": shared})
    assert text.startswith("description: |-\n  One.\n\n  Two.\n")
    assert "&" not in text


def test_what_json_cannot_say_is_refused():
    with pytest.raises(TypeError, match="set is not JSON serializable"):
        store.as_yaml({"openapi": {1, 2}})


def test_exporting_twice_changes_nothing(tmp_path: Path):
    assert store.export(tmp_path, {PLACE: ORDERS}) == [tmp_path / PLACE]
    assert store.export(tmp_path, {PLACE: ORDERS}) == []
    assert store.drifts(tmp_path, {PLACE: ORDERS}) == []


def test_drift_names_the_file_what_to_do_and_what_differs(tmp_path: Path):
    store.export(tmp_path, {PLACE: ORDERS})
    (drift,) = store.drifts(tmp_path, {PLACE: changed(lambda it: find(it).update(operationId="orders_list"))})
    message, *diff = str(drift).splitlines()
    assert message == f"{tmp_path}/system/erp.v1.yaml is out of date: run `triptych contracts export`"
    assert "-      operationId: orders_find" in diff
    assert "+      operationId: orders_list" in diff


def test_a_long_drift_is_cut_short(tmp_path: Path):
    (drift,) = store.drifts(tmp_path, {PLACE: ORDERS})
    assert len(drift.diff) == store.SHOWN_LINES + 1
    assert drift.diff[-1].endswith(" lines more")


def test_a_file_whose_contract_is_gone_drifts_until_it_is_exported_away(tmp_path: Path):
    store.export(tmp_path, {PLACE: ORDERS})
    assert [drift.path for drift in store.drifts(tmp_path, {})] == [tmp_path / PLACE]
    store.export(tmp_path, {})
    assert store.drifts(tmp_path, {}) == []


def test_only_a_release_promises_anything(tmp_path: Path):
    store.export(tmp_path, {PLACE: ORDERS})
    assert store.broken_promises(tmp_path, {PLACE: changed(without_find)}) == {}
    store.release(tmp_path, {PLACE: ORDERS})
    (change,) = store.broken_promises(tmp_path, {PLACE: changed(without_find)})[PLACE]
    assert str(change) == (
        "GET /erp/v1/orders, request: the operation is gone; this breaks every client that calls it"
    )


def test_exporting_leaves_what_was_released(tmp_path: Path):
    store.release(tmp_path, {PLACE: ORDERS})
    store.export(tmp_path, {PLACE: changed(without_find)})
    assert store.read(tmp_path / "released" / PLACE) == ORDERS


def test_a_release_that_breaks_the_last_one_is_refused_and_changes_nothing(tmp_path: Path):
    store.release(tmp_path, {PLACE: ORDERS})
    with pytest.raises(
        store.BrokenPromises, match="1 breaking changes inside a released version: system/erp"
    ):
        store.release(tmp_path, {PLACE: changed(without_find), "system/crm.v1.yaml": ORDERS})
    assert store.read(tmp_path / "released" / PLACE) == ORDERS
    assert not (tmp_path / "released" / "system/crm.v1.yaml").exists()


def test_a_release_that_adds_becomes_the_new_promise(tmp_path: Path):
    store.release(tmp_path, {PLACE: ORDERS})
    grown = changed(lambda it: schema(it, "Order")["properties"].update(total={"type": "integer"}))
    store.release(tmp_path, {PLACE: grown})
    assert store.broken_promises(tmp_path, {PLACE: ORDERS}).keys() == {PLACE}


def test_a_new_version_beside_the_old_one_may_be_quite_different(tmp_path: Path):
    store.release(tmp_path, {PLACE: ORDERS})
    documents = {PLACE: ORDERS, "system/erp.v2.yaml": changed(lambda it: create(it).clear())}
    assert store.broken_promises(tmp_path, documents) == {}


def test_a_draft_promises_nothing(tmp_path: Path):
    assert store.release(tmp_path, {PLACE: staged("draft")}) == []


def test_a_version_goes_only_after_it_was_released_as_retired(tmp_path: Path):
    store.release(tmp_path, {PLACE: ORDERS})
    assert [str(change) for change in store.broken_promises(tmp_path, {})[PLACE]] == [
        "system/erp.v1.yaml, request: the whole version is gone; this breaks every client of it"
    ]
    store.release(tmp_path, {PLACE: staged("retired")})
    assert store.broken_promises(tmp_path, {}) == {}
    assert store.release(tmp_path, {}) == [tmp_path / "released" / PLACE]


@pytest.mark.parametrize(
    ("text", "why"),
    [("a: [", "line 2, column 1"), ("- a", "is no OpenAPI document"), ("", "is no OpenAPI document")],
)
def test_a_released_file_that_is_damaged_is_named(tmp_path: Path, text: str, why: str):
    (tmp_path / "released/system").mkdir(parents=True)
    (tmp_path / "released" / PLACE).write_text(text)
    with pytest.raises(UnreadableDocument, match=why) as caught:
        store.broken_promises(tmp_path, {PLACE: ORDERS})
    assert PLACE in str(caught.value)


def dated(day: str, change: Callable[[dict[str, Any]], object] = lambda it: None) -> dict[str, Any]:
    def put(document: dict[str, Any]) -> None:
        document["info"]["x-version"] = day
        change(document)

    return changed(put)


def test_a_later_version_may_break_what_the_older_one_keeps(tmp_path: Path):
    older = store.place("system", "erp", 1, date(2026, 7, 1))
    store.release(tmp_path, {PLACE: dated("2026-07-01")})
    later = {PLACE: dated("2026-11-01", without_find), older: dated("2026-07-01")}

    assert older == "system/erp.v1.2026-07-01.yaml"
    assert store.broken_promises(tmp_path, later) == {}
    store.release(tmp_path, later)
    assert store.broken_promises(tmp_path, later) == {}
    assert store.broken_promises(tmp_path, {PLACE: later[PLACE], older: dated("2026-07-01", without_find)})


def test_an_older_version_that_is_dropped_breaks_its_clients(tmp_path: Path):
    older = store.place("system", "erp", 1, date(2026, 7, 1))
    store.release(tmp_path, {PLACE: dated("2026-07-01")})

    for present in ({PLACE: dated("2026-11-01")}, {}):
        (change,) = store.broken_promises(tmp_path, present)[PLACE]
        assert change.what == "the whole version is gone"
    assert not store.broken_promises(tmp_path, {PLACE: dated("2026-11-01"), older: dated("2026-07-01")})


def test_a_date_given_to_what_was_released_without_one_lets_nothing_break(tmp_path: Path):
    store.release(tmp_path, {PLACE: ORDERS})
    assert store.broken_promises(tmp_path, {PLACE: dated("2026-11-01")}) == {}
    assert store.broken_promises(tmp_path, {PLACE: dated("2026-11-01", without_find)}).keys() == {PLACE}


def test_a_version_that_was_released_and_is_retired_now_is_retiring(tmp_path: Path):
    store.release(tmp_path, {PLACE: ORDERS})
    assert store.retiring(tmp_path, {PLACE: ORDERS}) == []
    assert store.retiring(tmp_path, {PLACE: staged("retired")}) == [PLACE]
    assert store.retiring(tmp_path, {"system/crm.v1.yaml": staged("retired")}) == []
    store.release(tmp_path, {PLACE: staged("retired")})
    assert store.retiring(tmp_path, {PLACE: staged("retired")}) == []
