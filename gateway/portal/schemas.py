"""Reads JSON Schema (2020-12, as OpenAPI 3.1 has it) into rows that a person can read, and into examples."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

Schema = Mapping[str, Any]

DEEPEST = 6
"""Levels of nesting that are shown; a schema may contain itself."""

_FORMATS: Mapping[str, Any] = {
    "date-time": "2026-11-22T09:30:00Z",
    "date": "2026-11-22",
    "email": "ann@example.com",
    "uri": "https://example.com/",
    "uuid": "7c0b9f5e-1042-4c7a-9a50-2f6f4f0c9b1d",
    "duration": "PT1H",
    "binary": "",
}
_PLAIN: Mapping[str, Any] = {
    "string": "text",
    "integer": 1,
    "number": 1.0,
    "boolean": True,
    "null": None,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One field or parameter."""

    name: str
    type: str
    """`string`, `array of Order line`, `integer or null`."""
    description: str = ""
    required: bool = False
    notes: tuple[str, ...] = ()
    """Constraints in words: `at most 64 characters`, `by default 50`."""
    choices: tuple[str, ...] = ()
    """The values that it can have, where they are listed."""
    children: tuple["Row", ...] = ()
    personal: bool = False
    """Whether it holds personal data."""
    deprecated: bool = False


class Schemas:
    """The schemas of one OpenAPI document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._named: Mapping[str, Schema] = document.get("components", {}).get("schemas", {})

    def rows(self, schema: Schema, depth: int = 0) -> tuple[Row, ...]:
        """The fields of an object, or of the objects in an array, with theirs below them."""
        found = self._core(schema)
        if found.get("type") == "array" or "items" in found:
            return self.rows(found.get("items", {}), depth)
        required = set(found.get("required", ()))
        properties: Mapping[str, Schema] = found.get("properties", {})
        return tuple(
            self.row(name, value, required=name in required, depth=depth)
            for name, value in properties.items()
        )

    def row(self, name: str, schema: Schema, *, required: bool, depth: int = 0) -> Row:
        """A field."""
        core = self._core(schema)
        personal = bool(schema.get("x-personal") or core.get("x-personal"))
        return Row(
            name=name,
            type=self.label(schema),
            description=str(schema.get("description") or core.get("description") or ""),
            required=required,
            notes=tuple(_notes(schema, core)),
            choices=tuple(str(value) for value in self._choices(core)),
            children=self.rows(schema, depth + 1) if depth < DEEPEST else (),
            personal=personal,
            deprecated=bool(schema.get("deprecated")),
        )

    def label(self, schema: Schema) -> str:
        """What kind of value it is, in a few words."""
        options = self._options(schema)
        labels = dict.fromkeys(
            self._plain_label(option) for option in options if option.get("type") != "null"
        )
        return (" or ".join(labels) or "null") + (" or null" if self._nullable(schema) else "")

    def example(self, schema: Schema, depth: int = 0) -> Any:
        """A value that fits: one that the document shows, else one made up from the types."""
        for place in (schema, self._core(schema)):
            shown = place.get("examples") or ([place["example"]] if "example" in place else [])
            if shown:
                return shown[0]
        core = self._core(schema)
        if "const" in core:
            return core["const"]
        if core.get("enum"):
            return core["enum"][0]
        if core.get("default") is not None:
            return core["default"]
        if "properties" in core:
            properties: Mapping[str, Schema] = core["properties"] if depth < DEEPEST else {}
            required = core.get("required", ())
            return {
                name: self.example(value, depth + 1)
                if name in required or not self._nullable(value)
                else None
                for name, value in properties.items()
            }
        if "items" in core:
            return [self.example(core["items"], depth + 1)] if depth < DEEPEST else []
        return self._made_up(core)

    def _nullable(self, schema: Schema) -> bool:
        options = self._options(schema)
        return len(options) > 1 and any(option.get("type") == "null" for option in options)

    def _made_up(self, core: Schema) -> Any:
        kind = core.get("type")
        kind = cast("list[str]", kind)[0] if isinstance(kind, list) else kind
        if kind in ("integer", "number") and core.get("minimum") is not None:
            return max(core["minimum"], 1) if kind == "number" else int(max(core["minimum"], 1))
        if kind in ("object", "array"):
            return {} if kind == "object" else []
        return _FORMATS.get(str(core.get("format")), _PLAIN.get(str(kind)))

    def _choices(self, core: Schema) -> Iterator[Any]:
        items: Schema = core.get("items", {})
        yield from core.get("enum", ()) or (self._core(items).get("enum", ()) if items else ())

    def _plain_label(self, option: Schema) -> str:
        named = str(option.get("$ref", "")).rpartition("/")[2]
        core = self._resolved(option)
        if "items" in core or core.get("type") == "array":
            return f"array of {self.label(core.get('items', {}))}"
        if core.get("enum") or "const" in core:
            return str(core.get("type", "string"))
        if named and "properties" in core:
            return words(named)
        kind = core.get("type", "any value")
        kind = " or ".join(cast("list[str]", kind)) if isinstance(kind, list) else str(kind)
        return f"{kind} ({core['format']})" if core.get("format") else kind

    def _options(self, schema: Schema) -> list[Schema]:
        resolved = self._resolved(schema)
        options = resolved.get("anyOf") or resolved.get("oneOf")
        if not options:
            return [schema]
        return [inner for option in cast("list[Schema]", options) for inner in self._options(option)]

    def _core(self, schema: Schema) -> Schema:
        """The first alternative that is not null, references resolved."""
        options = [self._resolved(option) for option in self._options(schema)]
        return next((option for option in options if option.get("type") != "null"), options[0])

    def _resolved(self, schema: Schema) -> Schema:
        seen: set[str] = set()
        while "$ref" in schema and schema["$ref"] not in seen:
            seen.add(schema["$ref"])
            schema = self._named.get(str(schema["$ref"]).rpartition("/")[2], {})
        return schema


def words(name: str) -> str:
    """`Page_Order_` as `page of order`, `NewPartnerOrder` as `new partner order`."""
    parts = [part for part in name.split("_") if part]
    spelled = [
        "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in part) for part in parts
    ]
    return " of ".join(part.strip() for part in spelled)


def _notes(schema: Schema, core: Schema) -> Iterator[str]:
    """Constraints, in words."""
    for key, text in (
        ("minLength", "at least {} characters"),
        ("maxLength", "at most {} characters"),
        ("minItems", "at least {} items"),
        ("maxItems", "at most {} items"),
        ("minimum", "at least {}"),
        ("exclusiveMinimum", "more than {}"),
        ("maximum", "at most {}"),
        ("exclusiveMaximum", "less than {}"),
        ("multipleOf", "a multiple of {}"),
    ):
        value = core.get(key)
        if value is not None and not (key == "minLength" and value == 1):
            yield text.format(int(value) if isinstance(value, float) and value.is_integer() else value)
    default = schema.get("default", core.get("default"))
    if default is not None and default not in ("", [], {}):
        yield f"by default {default}"
