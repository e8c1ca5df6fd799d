"""Requests to operations: the contract's example, and what a test puts in its place."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, cast, get_args, get_origin
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from triptych.canonical.base import the_example
from triptych.contract import Operation, Patch
from triptych.serving.requests import query_model

ABSENT = "xyz_00000000000000000000000000"
"""The id of nothing."""
NATURAL_KEYS = ("external_id", "sku", "code", "gtin")
"""Fields by which things are told apart, and which therefore differ in everything that is made."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One request to an operation; sent again, it has the same idempotency key."""

    operation: Operation
    path: str
    query: Json
    headers: dict[str, str]
    body: Json | None
    customer: str
    """Who asks; "" for somebody who is no customer."""

    def with_another_payload(self) -> "Request":
        """A request for something else, with the same idempotency key."""
        if "{" in self.operation.path:
            return replace(self, path=_path(self.operation, dict.fromkeys(_places(self.operation), ABSENT)))
        if self.body is not None:
            return replace(self, body=_changed(self.operation, self.body))
        header = next(found.header for found in self.operation.parameters if found.where == "header")
        return replace(self, headers={**self.headers, header: "another"})


def request_to(operation: Operation, *places: Any, customer: str, **given: Any) -> Request:
    """A request with everything that an operation asks for.

    `places` fill the path: things with an id, or ids. What is `given` travels where the contract says; the
    rest of a body comes from the contract's example.
    """
    path = dict(zip(_places(operation), map(_id, places), strict=False))
    path |= {name: given.pop(name) for name in _places(operation) if name not in path}
    headers: dict[str, str] = {}
    for found in operation.parameters:
        if found.where == "header" and found.name in given:
            headers[found.header] = given.pop(found.name)
        if found.where == "if_match":
            headers["if-match"] = f'"{_version(places[0])}"'
    if operation.declared.keyed:
        headers["idempotency-key"] = secrets.token_hex(8)
    query = {name: given.pop(name) for name in query_model(operation).model_fields if name in given}
    body = {**_example(operation), **given} if operation.body() else None
    assert body is not None or not given, f"{operation.full_name} takes no {', '.join(given)}"
    return Request(operation, _path(operation, path), query, headers, body, customer)


def fresh(name: str) -> str:
    """A value that nothing else has in the field of that name."""
    match name:
        case "email":
            return f"{secrets.token_hex(5)}@alfreds.example"
        case "gtin":
            return f"{secrets.randbelow(10**13):013}"
        case _:
            return f"{name}-{secrets.token_hex(5)}"


def _id(place: Any) -> str:
    return place if isinstance(place, str) else place["id"]


def _version(place: Any) -> int:
    return 1 if isinstance(place, str) else place["version"]


def _places(operation: Operation) -> list[str]:
    return [found.name for found in operation.parameters if found.where == "path"]


def _path(operation: Operation, values: Mapping[str, str]) -> str:
    filled = {name: quote(value, safe="") for name, value in values.items()}
    return operation.api.base_path() + operation.path.format_map(filled)


def _example(operation: Operation) -> Json:
    """The example of the body, with natural keys of its own where something is made; a patch has none."""
    model = _bare(operation)
    if get_origin(model) is Patch:
        return {}
    example = the_example(model)
    made = operation.attribute[-1] == "create"
    return example | {name: fresh(name) for name in NATURAL_KEYS if made and name in example}


def _bare(operation: Operation) -> Any:
    body = operation.body()
    assert body is not None
    return get_args(body.annotation)[0] if get_origin(body.annotation) is Annotated else body.annotation


def _changed(operation: Operation, body: Json) -> Json:
    """Another valid body: the first that differs in one value."""
    reads = TypeAdapter[Any](_bare(operation))
    for other in _variants(body):
        try:
            reads.validate_json(to_json(other), strict=True)
        except ValidationError:
            continue  # that value is bound to be what it is
        return other
    raise AssertionError(f"{operation.full_name} takes no other body than {body}")


def _variants(value: Any) -> Iterator[Any]:
    """The same JSON value with one of its parts changed, for each part."""
    if isinstance(value, dict):
        document = cast("Json", value)
        for name, part in document.items():
            yield from ({**document, name: other} for other in _variants(part))
    elif isinstance(value, str):
        yield value + "x"
    elif isinstance(value, bool):
        yield not value
