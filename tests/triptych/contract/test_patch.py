"""Merge patches: absent leaves a field, null clears it, and nonsense is refused where it stands."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from triptych.canonical.base import Model
from triptych.contract import Patch


class Place(Model):
    city: str
    region: str | None = None


class NewHouse(Model):
    name: str = Field(max_length=10)
    owner: str | None = None
    place: Place
    tags: tuple[str, ...] = ()


ADAPTER: TypeAdapter[Patch[NewHouse]] = TypeAdapter(Patch[NewHouse])
HOUSE = {"name": "Mill", "owner": "Ada", "place": {"city": "Ulm", "region": "BW"}, "tags": ["old"]}


def patched(text: str) -> dict[str, Any]:
    return ADAPTER.validate_json(text, strict=True).apply(HOUSE)


def test_absent_fields_stay() -> None:
    assert patched('{"name": "Barn"}') == {**HOUSE, "name": "Barn"}


def test_null_clears() -> None:
    assert "owner" not in patched('{"owner": null}')


def test_objects_merge_and_lists_are_replaced() -> None:
    result = patched('{"place": {"region": null}, "tags": ["new", "wet"]}')
    assert result["place"] == {"city": "Ulm"}
    assert result["tags"] == ["new", "wet"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"nmae": "Barn"}', ("nmae",)),
        ('{"name": "much too long a name"}', ("name",)),
        ('{"name": 7}', ("name",)),
        ('{"place": {"town": "Ulm"}}', ("place", "town")),
        ('["name"]', ()),
    ],
)
def test_what_does_not_fit_is_refused_where_it_stands(text: str, where: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        ADAPTER.validate_json(text, strict=True)
    assert caught.value.errors()[0]["loc"] == where


def test_a_patch_survives_its_journey_as_json() -> None:
    patch = Patch[NewHouse]({"owner": None, "place": {"city": "Bonn"}})
    assert ADAPTER.validate_json(ADAPTER.dump_json(patch)) == patch


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=3), json_values, max_size=4))
def test_applying_a_patch_twice_is_applying_it_once(changes: dict[str, Any]) -> None:
    patch = Patch[NewHouse](changes)
    once = patch.apply(HOUSE)
    assert patch.apply(once) == once
