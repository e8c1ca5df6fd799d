"""Every field of every model has bounds, and refuses what no store or terminal can take."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from pydantic import ValidationError

from triptych.canonical.base import Model, the_example

BOUNDS = {
    "string": "maxLength",
    "array": "maxItems",
    "object": "maxProperties",
    "integer": "maximum",
    "number": "maximum",
}
CLOSED = {"enum", "properties"}
"""A schema with one of these says itself what fits."""

HOSTILE_TEXTS = ["a\x00b", "a\x1bb", "\x07", "   ", "", "\ud800", "a\udfffb", "x" * 1_000_000]
WRONG_NUMBERS = [-(10**30), 10**30, 1.5, True, "7", None]


def unbounded(schema: Any, path: str = "") -> Iterator[str]:
    """Where a schema lets a text, list or number grow without end."""
    if isinstance(schema, list):
        for number, part in enumerate(cast("list[Any]", schema)):
            yield from unbounded(part, f"{path}/{number}")
    elif isinstance(schema, dict):
        said = cast("dict[str, Any]", schema)
        bound = BOUNDS.get(str(said.get("type")))
        in_time = said.get("format") in ("date", "date-time")
        if bound and bound not in said and not CLOSED & set(said) and not in_time:
            yield f"{path}: {said}"
        for key, part in said.items():
            if key not in ("examples", "default"):
                yield from unbounded(part, f"{path}/{key}")


def test_no_text_list_or_number_is_without_bounds(model: type[Model]) -> None:
    for mode in ("validation", "serialization"):
        found = unbounded(model.model_json_schema(mode=mode))
        assert not [place for place in found if not place.startswith("/properties/version: ")]


def test_hostile_text_is_refused_in_every_text(shown_model: type[Model]) -> None:
    document = the_example(shown_model)
    for name in [name for name, value in document.items() if isinstance(value, str)]:
        for hostile in HOSTILE_TEXTS:
            with pytest.raises(ValidationError) as refused:
                shown_model.model_validate({**document, name: hostile})
            assert {error["loc"] for error in refused.value.errors()} == {(name,)}


def test_a_number_of_the_wrong_kind_or_size_is_refused(shown_model: type[Model]) -> None:
    document = the_example(shown_model)
    for name in [name for name, value in document.items() if type(value) is int and name != "version"]:
        for wrong in WRONG_NUMBERS:
            with pytest.raises(ValidationError) as refused:
                shown_model.model_validate({**document, name: wrong})
            assert {error["loc"] for error in refused.value.errors()} == {(name,)}


def test_a_yes_or_no_is_read_from_nothing_else(shown_model: type[Model]) -> None:
    document = the_example(shown_model)
    for name in [name for name, value in document.items() if isinstance(value, bool)]:
        for wrong in ("yes", "true", 1, 0):
            with pytest.raises(ValidationError):
                shown_model.model_validate({**document, name: wrong})


def test_more_lines_than_an_order_may_have_are_refused(models: dict[str, type[Model]]) -> None:
    order = the_example(models["NewOrder"])

    models["NewOrder"].model_validate({**order, "lines": order["lines"] * 500})
    for number in (501, 0):
        with pytest.raises(ValidationError, match="lines"):
            models["NewOrder"].model_validate({**order, "lines": order["lines"] * number})


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001, "2", 2.0, True])
def test_a_quantity_is_a_whole_positive_number_in_bounds(
    quantity: Any, models: dict[str, type[Model]]
) -> None:
    with pytest.raises(ValidationError):
        models["NewOrderLine"].model_validate({"sku": "CHAI-10", "quantity": quantity})
