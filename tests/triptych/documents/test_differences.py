"""Ways to write a schema that do not decide whether it breaks anybody."""

from typing import Any

import pytest

from triptych.documents.differences import Comparison

NUMBER = {"type": "number"}


def asked(old: Any, new: Any) -> list[str]:
    """What breaks when a request's schema changes so."""
    return [difference.what for difference in Comparison({}, {}, "request", "the body").differences(old, new)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": ["string", "null"]}, {"anyOf": [{"type": "null"}, {"type": "string"}]}),
        ({"const": "a"}, {"enum": ["a"]}),
        ({"enum": ["a", None]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"enum": ["a", "b"]}, {"oneOf": [{"const": "b"}, {"const": "a"}]}),
        ({"allOf": [{"type": "integer", "minimum": 3}, {"minimum": 1}]}, {"type": "integer", "minimum": 3}),
        ({"type": "integer"}, {"type": "number"}),
        ({"type": "number", "exclusiveMinimum": 1}, {"type": "number", "minimum": 1}),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, {"type": "boolean"}),
        ({"type": "object", "additionalProperties": NUMBER}, {"type": "object"}),
        ({"type": "array", "prefixItems": [NUMBER], "items": False}, {"type": "array", "items": NUMBER}),
        (False, {"type": "null"}),
    ],
)
def test_the_same_values_written_otherwise_are_the_same(old: Any, new: Any):
    assert asked(old, new) == []


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ({"minimum": 1} | NUMBER, {"exclusiveMinimum": 1} | NUMBER, "the body now has exclusiveMinimum 1"),
        (
            {"allOf": [NUMBER, {"maximum": 5}, {"maximum": 9}]},
            {"allOf": [NUMBER, {"maximum": 9}, {"maximum": 3}]},
            "the body now has maximum 3 (was 5)",
        ),
        (
            {"type": "array", "prefixItems": [NUMBER, NUMBER]},
            {"type": "array", "prefixItems": [NUMBER], "items": {"type": "string"}},
            "`[1]` no longer takes number",
        ),
        (
            {"allOf": [{"type": "array", "items": NUMBER}, {"type": "array", "prefixItems": [{}, NUMBER]}]},
            {"type": "array", "prefixItems": [{"type": "string"}]},
            "`[0]` no longer takes number",
        ),
        (
            {"allOf": [{"properties": {"a": NUMBER}}, {"additionalProperties": {"minimum": 1}}]},
            {"type": "object", "properties": {"a": {"type": "number", "minimum": 2}}},
            "the body no longer takes anything",
        ),
        (
            {"type": "object", "additionalProperties": {}},
            {"type": "object", "additionalProperties": NUMBER},
            "`*` no longer takes anything",
        ),
        (
            {"type": "object", "additionalProperties": True},
            {"type": "object", "additionalProperties": False},
            "the body no longer takes properties of one's own",
        ),
        ({"type": "string"}, {"enum": ["a"]}, "the body no longer takes any string"),
        ({"enum": ["a", 1]}, {"enum": ["a"]}, "the body no longer takes 1"),
        (NUMBER, {"allOf": [{"type": "integer"}, NUMBER]}, "the body no longer takes number"),
        (
            {"const": 0.5},
            {"allOf": [{"enum": [0.5, 1]}, {"type": "integer"}]},
            "the body no longer takes 0.5",
        ),
        ({"type": "array"}, {"type": "array", "uniqueItems": True}, "the body now has uniqueItems true"),
        ({"type": "null"}, False, "the body no longer takes null"),
    ],
)
def test_a_narrower_schema_is_found_however_it_is_written(old: Any, new: Any, what: str):
    assert [found.removesuffix(" (was unlimited)") for found in asked(old, new)][:1] == [what]
