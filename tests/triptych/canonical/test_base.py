"""Extensions, identity, and how contracts and canonical models meet."""

import json
import subprocess
import sys
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from triptych.canonical.base import NOTHING, Entity, New, freeze, thaw
from triptych.canonical.party import Customer, NewCustomer
from triptych.contract.values import Patch

MOMENTS = {"created_at": "2026-07-01T09:30:00Z", "updated_at": "2026-07-01T09:30:00Z"}


def customer(**fields: object) -> Customer:
    return Customer.model_validate({"id": "cus_1", "name": "Maria Anders", **MOMENTS, **fields})


def test_extensions_are_kept_as_they_came() -> None:
    unknown: dict[str, Any] = {"hubspot": {"tags": ["a", 1, None, True, 1.5], "nested": {"deep": []}}}

    made = customer(extensions=unknown)

    assert json.loads(made.model_dump_json())["extensions"] == unknown
    assert made.model_dump()["extensions"] == unknown
    assert customer(extensions=made.extensions) == made


def test_extensions_cannot_be_changed_at_any_depth() -> None:
    tags = ["a"]
    extensions: Any = customer(extensions={"tags": tags, "nested": {"deep": {"x": 1}}}).extensions

    tags.append("b")

    assert extensions["tags"] == ("a",)
    for part in (extensions, extensions["nested"], extensions["nested"]["deep"]):
        with pytest.raises(TypeError, match="item assignment"):
            part["x"] = 2


def test_entities_without_extensions_share_one_empty_mapping() -> None:
    assert customer().extensions is NOTHING
    assert customer(extensions={}).extensions is NOTHING


@pytest.mark.parametrize(
    "unknown",
    [
        {"a": "x\x00y"},
        {"a\x00": 1},
        {"a": ["\ud800"]},
        {"a": {"\udfff": 1}},
        {"x" * 201: 1},
        {"a": object()},
        {"a": {1: 2}},
        {"a": float("nan")},
        {"a": [float("inf")]},
        [],
        "a",
    ],
)
def test_extensions_that_no_store_could_keep_are_refused(unknown: object) -> None:
    with pytest.raises(ValidationError, match="extensions"):
        customer(extensions=unknown)


def test_extensions_may_nest_twenty_levels_and_no_deeper() -> None:
    def nested(levels: int) -> dict[str, Any]:
        return {"x": nested(levels - 1)} if levels else {}

    assert customer(extensions=nested(19)).extensions == nested(19)
    for too_deep in (20, 400):
        with pytest.raises(ValidationError, match="20 levels"):
            customer(extensions=nested(too_deep))


def test_more_extensions_than_anybody_needs_are_refused() -> None:
    with pytest.raises(ValidationError, match="200"):
        customer(extensions={str(number): number for number in range(201)})


def test_freezing_and_thawing_give_the_same_json() -> None:
    value: dict[str, Any] = {"a": [1, {"b": []}], "c": {}}

    assert thaw(freeze(value)) == value


def test_an_entity_is_identity_then_what_was_given_then_state() -> None:
    names = list(Customer.model_fields)
    given = [name for name in NewCustomer.model_fields if name != "extensions"]

    assert names == [*Entity.model_fields, *given, "status", "merged_into"]


def test_a_prefix_and_a_schema_version_are_inherited_until_said_anew() -> None:
    class NewParcel(New):
        weight: int

    class Parcel(NewParcel, Entity, prefix="par", schema_version=2):
        sent: bool = False

    class Letter(Parcel):
        pass

    assert (Letter.prefix, Letter.schema_version) == ("par", 2)
    assert (Entity.prefix, Entity.schema_version) == ("", 1)


def test_a_patch_can_change_a_part_of_an_address_and_clear_what_is_optional() -> None:
    address = {"line1": "Obere Str. 57", "city": "Berlin", "country": "DE"}
    kept = customer(billing_address=address, phone="030-0074321")
    patch = TypeAdapter(Patch[NewCustomer]).validate_json(
        '{"billing_address": {"city": "Potsdam"}, "phone": null, "extensions": {"vip": true}}'
    )

    changed = Customer.model_validate(patch.apply(kept.model_dump(mode="json")))

    assert changed.billing_address is not None
    assert (changed.billing_address.line1, changed.billing_address.city) == ("Obere Str. 57", "Potsdam")
    assert changed.phone is None
    assert changed.extensions == {"vip": True}


def test_a_patch_cannot_touch_identity_or_state() -> None:
    for change in ({"id": "cus_2"}, {"version": 7}, {"status": "merged"}, {"merged_into": "cus_2"}):
        with pytest.raises(ValidationError, match="not permitted"):
            TypeAdapter(Patch[NewCustomer]).validate_python(change)


@pytest.mark.parametrize("bad", ["", "cus 1", "../cus", "cus_\x00", "x" * 65, 5, None])
def test_what_is_no_id_is_refused(bad: object) -> None:
    with pytest.raises(ValidationError, match="id"):
        customer(id=bad)


EACH_FIRST = """
import importlib, sys
for name in "contract", "contract.values", "canonical.base", "canonical.order":
    for loaded in [loaded for loaded in sys.modules if loaded.startswith("triptych")]:
        del sys.modules[loaded]
    importlib.import_module(f"triptych.{name}")
"""


def test_contracts_and_canonical_models_can_be_imported_in_either_order() -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", EACH_FIRST], capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
