"""A change that answers other than it was told is found, with its place and for whom."""

import pytest

from tests.triptych.documents.orders import CREATE, FIND, ORDERS, Change, changed, create, field, find, schema
from triptych.documents.breaking import BreakingChange, breaking_changes

BREAKING: dict[str, tuple[Change, BreakingChange]] = {
    "a status is removed": (
        lambda it: find(it)["responses"].pop("404"),
        BreakingChange(FIND, "response", "the status 404 is gone", "clients that act on 404"),
    ),
    "another success is added": (
        lambda it: create(it)["responses"].update({"202": {}}),
        BreakingChange(CREATE, "response", "it may now answer 202", "clients that know the former successes"),
    ),
    "a header of a response is removed": (
        lambda it: find(it)["responses"]["200"].pop("headers"),
        BreakingChange(FIND, "response", "the header Link is gone", "clients that read it"),
    ),
}

BREAKING_ANSWERS: dict[str, tuple[Change, str, str]] = {
    "a response's property is removed": (
        lambda it: schema(it, "Order")["properties"].pop("note"),
        "{}note` is gone",
        "clients that read it",
    ),
    "a response's property changes its type": (
        lambda it: field(it, "Order", "id").update(type="integer"),
        "{}id` may now be integer",
        "clients that read it",
    ),
    "a response's property may be missing": (
        lambda it: schema(it, "Order").update(required=["id", "status"]),
        "{}placed_at` may now be missing",
        "clients that read it",
    ),
    "a response's property loses its default": (
        lambda it: field(it, "Order", "note").pop("default"),
        "{}note` may now be missing",
        "clients that read it",
    ),
    "a response's property may be null": (
        lambda it: field(it, "Order", "placed_at").update(type=["string", "null"]),
        "{}placed_at` may now be null",
        "clients that read it",
    ),
    "a response's enumeration grows": (
        lambda it: schema(it, "Status")["enum"].append("lost"),
        '{}status` may now be "lost"',
        "clients that tell its values apart",
    ),
    "a response's enumeration opens": (
        lambda it: schema(it, "Status").pop("enum"),
        "{}status` may now be any string",
        "clients that read it",
    ),
    "a response's property loses its format": (
        lambda it: field(it, "Order", "placed_at").pop("format"),
        "{}placed_at` is no longer of the format date-time",
        "clients that parse it",
    ),
}


@pytest.mark.parametrize("name", BREAKING)
def test_a_break_is_found_with_its_place_and_for_whom(name: str):
    change, expected = BREAKING[name]
    assert breaking_changes(ORDERS, changed(change)) == [expected]


@pytest.mark.parametrize("name", BREAKING_ANSWERS)
def test_a_break_in_an_answer_is_found_wherever_the_entity_is_answered(name: str):
    change, what, whom = BREAKING_ANSWERS[name]
    assert breaking_changes(ORDERS, changed(change)) == [
        BreakingChange(FIND, "response", what.format("`items[]."), whom),
        BreakingChange(CREATE, "response", what.format("`"), whom),
    ]


def test_a_break_deep_in_a_recursive_schema_is_found_once_for_each_way_to_it():
    new = changed(lambda it: field(it, "Order", "replaces").update(anyOf=[{"type": "string"}]))
    assert [str(change) for change in breaking_changes(ORDERS, new)] == [
        "GET /erp/v1/orders, response: `items[].replaces` may now be string; this breaks clients that read it",  # noqa: E501
        "POST /erp/v1/orders, response: `replaces` may now be string; this breaks clients that read it",
    ]
