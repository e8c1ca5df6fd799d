"""What holds for any two schemas: a change that is called harmless makes no message unreadable."""

from itertools import product
from typing import Any

import jsonschema_rs
from hypothesis import given, settings
from hypothesis import strategies as st

from triptych.documents.differences import Comparison

Schema = dict[str, Any]
Pair = tuple[Any, Any]
"""What a schema was, and what it has become."""

NAMES = ["a", "b", "next"]
SCALARS: list[Any] = [None, True, -1, 0, 1, 2, 3, 0.5, 1.0, "", "x", "yy", "zzz"]
LISTS = [list(items) for length in range(3) for items in product([None, 0, 2, "yy"], repeat=length)]
FIELDS: list[Any] = [None, 0, 2.5, "x", [], {}, {"a": 1}, {"next": None}]
OBJECTS = [
    dict(zip(names, items, strict=True))
    for names in (["a"], ["b"], ["a", "b"], ["next"], ["z"])
    for items in product(FIELDS, repeat=len(names))
]
MESSAGES: list[Any] = [
    *SCALARS,
    *LISTS,
    *OBJECTS,
    *([item] for item in OBJECTS),
    *({"a": item} for item in OBJECTS),
]
"""Small messages of every build: each schema of a few levels tells some of them apart."""


@st.composite
def simple(draw: st.DrawFn, limits: bool) -> Schema:
    """A schema without others in it."""
    kind = draw(st.sampled_from(["null", "boolean", "integer", "number", "string", "any", "enum", "types"]))
    if kind == "any":
        return {}
    if kind == "enum":
        return {"enum": draw(st.lists(st.sampled_from(SCALARS), min_size=1, max_size=3))}
    if kind == "types":
        return {
            "type": draw(st.lists(st.sampled_from(["null", "string", "number"]), min_size=1, unique=True))
        }
    return {"type": kind, **(draw(bounds(kind)) if limits else {})}


def bounds(kind: str) -> st.SearchStrategy[Schema]:
    """Limits of a string or a number."""
    names = {
        "string": ["minLength", "maxLength"],
        "integer": ["minimum", "maximum"],
        "number": ["minimum", "exclusiveMinimum", "exclusiveMaximum"],
    }
    if kind not in names:
        return st.just({})
    return st.dictionaries(st.sampled_from(names[kind]), st.integers(0, 3), max_size=2)


@st.composite
def simple_pairs(draw: st.DrawFn, limits: bool) -> Pair:
    old = draw(simple(limits))
    match draw(st.sampled_from(["same", "other", "bounds", "node"])):
        case "same":
            return old, old
        case "bounds" if limits and isinstance(old.get("type"), str):
            return old, {"type": old["type"], **draw(bounds(old["type"]))}
        case "node":
            return NODE, NODE
        case _:
            return old, draw(simple(limits))


NODE = {"$ref": "#/components/schemas/Node"}


@st.composite
def composed_pairs(draw: st.DrawFn, inner: st.SearchStrategy[Pair], limits: bool) -> Pair:
    """Two schemas of the same build, made of pairs, with small changes between them."""
    old, new = draw(inner)
    match draw(st.sampled_from(["array", "tuple", "object", "anyOf", "allOf", "either"])):
        case "array":
            return {"type": "array", "items": old}, {"type": "array", "items": new}
        case "tuple":
            more = draw(st.sampled_from([[], [{}], [{"type": "null"}]]))
            return {"type": "array", "prefixItems": [old]}, {"type": "array", "prefixItems": [new, *more]}
        case "object":
            return _objects(draw, inner, limits)
        case "either":
            return old, {"anyOf": [new, draw(simple(limits))]}
        case combination:
            old_too, new_too = draw(inner)
            return {combination: [old, old_too]}, {combination: [new_too, new]}


def _objects(draw: st.DrawFn, inner: st.SearchStrategy[Pair], limits: bool) -> Pair:
    properties = draw(st.dictionaries(st.sampled_from(NAMES), inner, max_size=2))
    further = (
        draw(inner | st.sampled_from([(True, True), (False, False), (False, True)]))
        if limits
        else (True, True)
    )
    required = draw(st.lists(st.sampled_from(NAMES), max_size=1))
    had, kept = (draw(st.sampled_from([NAMES, ["a"], ["b", "next"]])) for _ in range(2))
    old = {
        "properties": {name: pair[0] for name, pair in properties.items() if name in had},
        "required": required,
        "additionalProperties": further[0],
    }
    new = {
        "properties": {name: pair[1] for name, pair in properties.items() if name in kept},
        "required": draw(st.just(required) | st.lists(st.sampled_from(NAMES), max_size=1)),
        "additionalProperties": further[1],
    }
    return {"type": "object", **old}, {"type": "object", **new}


def pairs(limits: bool) -> st.SearchStrategy[Pair]:
    """Two versions of one schema, a few levels deep."""
    return st.recursive(simple_pairs(limits), lambda inner: composed_pairs(inner, limits), max_leaves=4)


def node(value: Any) -> Schema:
    """A document whose recursive schema `Node` holds a value of the schema given."""
    properties = {"a": value, "next": {"anyOf": [NODE, {"type": "null"}]}}
    schema = {"type": "object", "properties": properties, "additionalProperties": True}
    return {"components": {"schemas": {"Node": schema}}}


def unread(sent: Any, sender: Schema, read: Any, reader: Schema) -> list[Any]:
    """The messages that the one schema allows and the other does not."""
    sendable, readable = (
        jsonschema_rs.validator_for({"allOf": [schema], **document})
        for schema, document in ((sent, sender), (read, reader))
    )
    return [it for it in MESSAGES if sendable.is_valid(it) and not readable.is_valid(it)]


@given(pairs(limits=True), simple_pairs(limits=True))
@settings(max_examples=400)
def test_a_request_by_the_old_schema_is_taken_where_no_break_was_found(pair: Pair, inner: Pair):
    old, new = node(inner[0]), node(inner[1])
    if not Comparison(old, new, "request", "the body").differences(*pair):
        assert unread(pair[0], old, pair[1], new) == []


@given(pairs(limits=False), simple_pairs(limits=False))
@settings(max_examples=400)
def test_a_response_by_the_new_schema_is_as_it_was_told_where_no_break_was_found(pair: Pair, inner: Pair):
    old, new = node(inner[0]), node(inner[1])
    if not Comparison(old, new, "response", "the body").differences(*pair):
        assert unread(pair[1], new, pair[0], old) == []


@given(pairs(limits=True), st.sampled_from(["request", "response"]))
def test_a_schema_that_stays_breaks_nobody(pair: Pair, direction: Any):
    document = node(pair[1])
    assert Comparison(document, document, direction, "the body").differences(pair[0], pair[0]) == []


@given(pairs(limits=True))
def test_whatever_a_response_gains_breaks_nobody(pair: Pair):
    document = node(pair[1])
    old = {"type": "object", "properties": {"a": pair[0]}, "required": ["a"], "additionalProperties": False}
    new = {**old, "properties": {"a": pair[0], "b": pair[1]}, "required": ["a", "b"]}
    assert Comparison(document, document, "response", "the body").differences(old, new) == []


@given(pairs(limits=True))
def test_whatever_a_request_may_hold_besides_breaks_nobody(pair: Pair):
    document = node(pair[1])
    old = {"type": "object", "properties": {"a": pair[0]}, "required": ["a"], "additionalProperties": False}
    new = {**old, "properties": {"a": {"anyOf": [pair[0], pair[1]]}, "b": pair[1]}, "required": []}
    assert Comparison(document, document, "request", "the body").differences(old, new) == []
