"""JSON Schemas (2020-12, as in OpenAPI 3.1) brought into a form that can be compared: plain alternatives.

A schema means a set of values. `alternatives` writes it as a list of shapes, each without `$ref`, `allOf`,
`anyOf`, `oneOf` and `const` at its top, and with one type at most; a value fits the schema when it fits one.
What lies further down (properties, items) stays as it was written.
"""

import json
from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import product
from typing import Any, cast
from urllib.parse import unquote

Document = Mapping[str, Any]
Schema = Mapping[str, Any] | bool
Shape = dict[str, Any]

LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_COMBINED = ("$ref", "allOf", "anyOf", "oneOf", "const")
_WORDS = ("title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly")


class UnreadableDocument(ValueError):
    """An OpenAPI document refers to something that it does not hold."""


def referred(document: Document, reference: str) -> Any:
    """What a `$ref` within the document points to (JSON Pointer, RFC 6901).

    Raises UnreadableDocument where it points outside, or to nothing.
    """
    if not reference.startswith("#/"):
        raise UnreadableDocument(f"{reference} points outside of its document")
    target: Any = document
    for step in unquote(reference[2:]).split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(target, Mapping) or name not in target:
            raise UnreadableDocument(f"{reference} points to nothing")
        target = cast("Mapping[str, Any]", target)[name]
    return target


def resolved(document: Document, node: Any) -> Mapping[str, Any]:
    """A parameter, body or response itself, where a `$ref` may stand for it."""
    while "$ref" in node:
        node = referred(document, node["$ref"])
    return cast("Mapping[str, Any]", node)


def alternatives(document: Document, schema: Schema, trail: tuple[str, ...] = ()) -> list[Shape]:
    """The shapes that a schema allows; none for `false`, and an empty one for `true`.

    `trail` holds the references that are being followed: one that leads to itself adds nothing.
    """
    if isinstance(schema, bool):
        return [{}] if schema else []
    branches = [_by_type(schema)]
    if reference := schema.get("$ref"):
        target = (
            ()
            if reference in trail
            else alternatives(document, referred(document, reference), (*trail, reference))
        )
        branches.append(list(target))
    branches += [alternatives(document, part, trail) for part in schema.get("allOf", ())]
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            branches.append(
                [shape for part in schema[keyword] for shape in alternatives(document, part, trail)]
            )
    met = (reduce(_both, combination) for combination in product(*branches))
    return [shape for shape in met if shape is not None]


def fits(kind: str, value: Any) -> bool:
    """Whether a JSON value is of a JSON Schema type."""
    match kind:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return not isinstance(value, bool) and (isinstance(value, int) or _is_whole(value))
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "array":
            return isinstance(value, Sequence) and not isinstance(value, str)
        case _:
            return isinstance(value, Mapping)


def item(shape: Shape, position: int) -> Any:
    """The schema of what is at a position of an array."""
    first: list[Any] = shape.get("prefixItems", [])
    return first[position] if position < len(first) else shape.get("items", True)


def _is_whole(value: Any) -> bool:
    return isinstance(value, float) and value.is_integer()


def _by_type(schema: Mapping[str, Any]) -> list[Shape]:
    """One shape for each type that the schema's own keywords allow, without what is only said to people."""
    own = {
        key: value
        for key, value in schema.items()
        if key not in _COMBINED and key not in _WORDS and not key.startswith("x-")
    }
    values: Sequence[Any] | None = schema.get("enum", [schema["const"]] if "const" in schema else None)
    kinds: Any = own.get("type")
    if kinds is None:
        if values is None:
            return [own]
        order = ("null", "boolean", "integer", "number", "string", "array", "object")
        kinds = dict.fromkeys(next(kind for kind in order if fits(kind, value)) for value in values)
    shapes: list[Shape] = []
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        shape = {**own, "type": kind}
        if values is not None:
            shape["enum"] = [value for value in values if fits(kind, value)]
        if values is None or shape["enum"]:
            shapes.append(shape)
    return shapes


def _both(one: Shape | None, other: Shape | None) -> Shape | None:
    """The shape that says what both say; None where no value can fit both."""
    if one is None or other is None:
        return None
    merged = {**one, **other}
    for keyword in one.keys() & other.keys():
        merged[keyword] = _met(keyword, one[keyword], other[keyword])
    merged |= _contained(one, other)
    kinds = {shape["type"] for shape in (one, other) if "type" in shape}
    if kinds == {"integer", "number"}:
        merged["type"] = "integer"
    elif len(kinds) > 1:
        return None
    if "enum" in merged and kinds:
        merged["enum"] = [value for value in merged["enum"] if fits(merged["type"], value)]
    return None if merged.get("enum") == [] else merged


def _contained(one: Shape, other: Shape) -> Shape:
    """The properties and first items of both: what one does not name, its rest says something about."""
    found: Shape = {}
    names = {**one.get("properties", {}), **other.get("properties", {})}
    if names:
        found["properties"] = {
            name: _conjunction(*(_member(shape, name) for shape in (one, other))) for name in names
        }
    length = max(len(shape.get("prefixItems", ())) for shape in (one, other))
    if length:
        found["prefixItems"] = [
            _conjunction(*(item(shape, position) for shape in (one, other))) for position in range(length)
        ]
    return found


def _member(shape: Shape, name: str) -> Any:
    return shape.get("properties", {}).get(name, shape.get("additionalProperties", True))


def _met(keyword: str, one: Any, other: Any) -> Any:
    """One keyword's value where two schemas that both hold give one each."""
    if keyword == "enum":
        return [value for value in one if value in other]
    if keyword == "required":
        return list(dict.fromkeys([*one, *other]))
    if keyword in LOWER:
        return max(one, other)
    if keyword in UPPER:
        return min(one, other)
    if keyword in ("additionalProperties", "items"):
        return _conjunction(one, other)
    if keyword == "pattern":
        patterns = {
            *([one] if isinstance(one, str) else one),
            *([other] if isinstance(other, str) else other),
        }
        return sorted(patterns) if len(patterns) > 1 else one
    return other


def _conjunction(one: Any, other: Any) -> Any:
    """Both schemas at once, each part once, so that a recursive schema does not grow while it is unfolded."""
    parts = {json.dumps(part, sort_keys=True): part for schema in (one, other) for part in _parts(schema)}
    parts.pop("true", None)  # says nothing
    if len(parts) < 2:
        return next(iter(parts.values()), True)
    return {"allOf": [parts[key] for key in sorted(parts)]}


def _parts(schema: Any) -> list[Any]:
    if isinstance(schema, dict) and list(cast("Shape", schema)) == ["allOf"]:
        return cast("Shape", schema)["allOf"]
    return [schema]
