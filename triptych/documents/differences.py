"""Compares two schemas of one message: what a side that keeps to the old one would stumble over.

One question answers both directions: could a value that is *sent* be refused or misread by who *reads* it?
In a request the clients send by the old schema and the service reads by the new one; in a response it is the
other way round. The directions differ in four points, all so that a contract can grow:

- a reader of responses lets new properties pass, also where the schema says `additionalProperties: false`;
- a reader of responses bears longer, larger and more (limits and patterns are promises about input only), but
  not another type, another format, null, or a value that an enumeration did not have: code branches on those;
- a property that was described in a response stays, required or not, and one with a `default` counts as
  always there, since services send it;
- what a property means that is left out of a request (its `default`) stays.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from triptych.documents.shapes import LOWER, UPPER, Document, Schema, Shape, alternatives, item

Direction = Literal["request", "response"]

_WORDS: dict[tuple[str, Direction], tuple[str, str]] = {
    ("type", "request"): ("{at} no longer takes {value}", "clients that send {value} there"),
    ("type", "response"): ("{at} may now be {value}", "clients that read it"),
    ("value", "request"): ("{at} no longer takes {value}", "clients that send {value}"),
    ("value", "response"): ("{at} may now be {value}", "clients that tell its values apart"),
    ("missing", "request"): ("{at} is now required", "clients that do not send it"),
    ("missing", "response"): ("{at} may now be missing", "clients that read it"),
    ("gone", "request"): ("{at} is no longer accepted", "clients that send it"),
    ("gone", "response"): ("{at} is gone", "clients that read it"),
    ("further", "request"): ("{at} no longer takes properties of one's own", "clients that send some"),
    ("format", "request"): ("{at} must now be of the format {value}", "clients that send another"),
    ("format", "response"): ("{at} is no longer of the format {value}", "clients that parse it"),
    ("rule", "request"): ("{at} now has {value}", "clients that send other values"),
    ("default", "request"): ("{at}, when left out, no longer means {value}", "clients that leave it out"),
}
_RULES = [
    "contains", "dependentRequired", "dependentSchemas", "else", "if", "multipleOf", "not", "pattern",
    "patternProperties", "propertyNames", "then", "unevaluatedProperties", "uniqueItems",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that breaks within a message, and for whom."""

    what: str
    whom: str


class Comparison:
    """Compares messages of one direction between two documents. Recursive schemas are safe.

    `old` and `new` are the documents that `$ref`s are looked up in; `whole` names the message, as `the body`.
    """

    def __init__(self, old: Document, new: Document, direction: Direction, whole: str) -> None:
        self._whole = whole
        self._request = direction == "request"
        self._direction: Direction = direction
        self._sender, self._reader = (old, new) if self._request else (new, old)
        self._under_way: set[tuple[str, str]] = set()

    def differences(self, old: Schema, new: Schema) -> list[Difference]:
        """What breaks between the two schemas; each place is named by its path: `lines[].quantity`."""
        found = self._compare(old, new, "") if self._request else self._compare(new, old, "")
        return list(dict.fromkeys(found))

    def _say(self, kind: str, at: str, value: Any = "") -> Difference:
        what, whom = _WORDS[kind, self._direction]
        place = f"`{at}`" if at else self._whole
        return Difference(what.format(at=place, value=value), whom.format(value=value))

    def _compare(self, sent: Schema, read: Schema, at: str) -> list[Difference]:
        readable = alternatives(self._reader, read)
        return [
            difference
            for shape in alternatives(self._sender, sent)
            for single in _singles(shape, readable)
            for difference in self._readable(single, readable, at)
        ]

    def _readable(self, sent: Shape, readable: list[Shape], at: str) -> list[Difference]:
        """What breaks for one shape that is sent: the least among those that could read it."""
        kind = sent.get("type")
        fitting = [
            read
            for read in readable
            if (wanted := read.get("type")) is None
            or wanted == kind
            or (wanted, kind) == ("number", "integer")
        ]
        if not fitting:
            return [self._say("type", at, _called(sent))]
        return min((self._once(sent, read, at) for read in fitting), key=len)

    def _once(self, sent: Shape, read: Shape, at: str) -> list[Difference]:
        """Judge a pair, unless a recursive schema led back to one that is being judged further up."""
        pair = json.dumps(sent, sort_keys=True), json.dumps(read, sort_keys=True)
        if pair in self._under_way:
            return []
        self._under_way.add(pair)
        found = list(self._judge(sent, read, at))
        self._under_way.remove(pair)
        return found

    def _judge(self, sent: Shape, read: Shape, at: str) -> Iterator[Difference]:
        if "enum" in read:
            if "enum" not in sent:
                yield self._say("type", at, f"any {sent.get('type', 'value')}")
            for value in sent.get("enum", ()):
                if value not in read["enum"]:
                    yield self._say("value", at, json.dumps(value))
        if "format" in read and read["format"] != sent.get("format") and "enum" not in sent:
            yield self._say("format", at, read["format"])
        if self._request:
            yield from self._limits(sent, read, at)
        if sent.get("type") in (None, "object"):
            yield from self._objects(sent, read, at)
        if sent.get("type") in (None, "array"):
            yield from self._arrays(sent, read, at)

    def _limits(self, sent: Shape, read: Shape, at: str) -> Iterator[Difference]:
        for keywords, sign in ((LOWER, 1), (UPPER, -1)):
            for plain, exclusive in [keywords[:2], *((keyword, "") for keyword in keywords[2:])]:
                if _bound(sent, plain, exclusive, sign) < _bound(read, plain, exclusive, sign):
                    keyword = exclusive if exclusive in read else plain
                    yield self._say(
                        "rule", at, f"{keyword} {read[keyword]} (was {sent.get(keyword, 'unlimited')})"
                    )
        for keyword in _RULES:
            if read.get(keyword, False) is not False and read[keyword] != sent.get(keyword):
                yield self._say("rule", at, f"{keyword} {json.dumps(read[keyword])}")

    def _objects(self, sent: Shape, read: Shape, at: str) -> Iterator[Difference]:
        sent_properties, read_properties = sent.get("properties", {}), read.get("properties", {})
        for name, schema in sent_properties.items():
            if name in read_properties:
                yield from self._compare(schema, read_properties[name], _under(at, name))
            else:
                yield from self._unnamed(schema, read, _under(at, name))
        for name, schema in read_properties.items():
            if name in sent_properties:
                yield from self._left_out(name, sent_properties[name], read, at)
            elif not self._request:
                yield self._say("gone", _under(at, name))
            elif (rest := _further(sent)) is not False:
                yield from self._compare(rest, schema, _under(at, name))
        for name in sorted(_always(read, self._request) - _always(sent, self._request)):
            if self._request or name in sent_properties or name not in read_properties:
                yield self._say("missing", _under(at, name))
        yield from self._furthers(_further(sent), read.get("additionalProperties", True), at)

    def _unnamed(self, schema: Schema, read: Shape, at: str) -> Iterator[Difference]:
        """A property that is sent and that the reader has no name for."""
        rest: Any = read.get("additionalProperties")
        if isinstance(rest, Mapping):
            yield from self._compare(schema, cast("Schema", rest), at)
        elif self._request and (rest is False or (rest is None and read.get("properties"))):
            yield self._say("gone", at)

    def _left_out(self, name: str, schema: Schema, read: Shape, at: str) -> Iterator[Difference]:
        """What it means to leave a property out of a request."""
        meaning = _default(schema)
        optional = self._request and name not in read.get("required", ())
        if optional and meaning is not None and meaning != _default(read["properties"][name]):
            yield self._say("default", _under(at, name), meaning)

    def _furthers(self, sent: Schema, read: Schema, at: str) -> Iterator[Difference]:
        """Properties that have no name in the schema: whose own they are, and of which kind."""
        if sent is False or read is True:
            return
        if read is not False:
            yield from self._compare(sent, read, _under(at, "*"))
        elif self._request:
            yield self._say("further", at)

    def _arrays(self, sent: Shape, read: Shape, at: str) -> Iterator[Difference]:
        named = max(len(shape.get("prefixItems", ())) for shape in (sent, read))
        for position in range(named):
            yield from self._compare(item(sent, position), item(read, position), f"{at}[{position}]")
        if "items" in read:
            yield from self._compare(sent.get("items", True), read["items"], f"{at}[]")


def _singles(shape: Shape, readable: list[Shape]) -> list[Shape]:
    """The shape, or one for each of its values where several alternatives may share them out."""
    if "enum" in shape and len(readable) > 1:
        return [{**shape, "enum": [value]} for value in shape["enum"]]
    return [shape]


def _called(shape: Shape) -> str:
    if "enum" in shape:
        return " or ".join(json.dumps(value) for value in shape["enum"])
    return shape.get("type", "anything")


def _under(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _bound(shape: Shape, plain: str, exclusive: str, sign: int) -> tuple[float, bool]:
    """A limit as a lower one, the exclusive one just above the plain; minus infinity where there is none."""
    bounds = [
        (sign * shape[keyword], keyword == exclusive) for keyword in (plain, exclusive) if keyword in shape
    ]
    return max(bounds, default=(float("-inf"), False))


def _further(shape: Shape) -> Schema:
    """The schema of properties without a name; where it says nothing, none are meant beside those named."""
    return shape.get("additionalProperties", not shape.get("properties"))


def _default(schema: Schema) -> str | None:
    """What a property means that is left out, as JSON; None where the schema does not say."""
    return json.dumps(schema["default"]) if isinstance(schema, Mapping) and "default" in schema else None


def _always(shape: Shape, request: bool) -> set[str]:
    """The properties that are always there."""
    required = set(shape.get("required", ()))
    if request:
        return required
    return required | {
        name for name, schema in shape.get("properties", {}).items() if _default(schema) is not None
    }
