"""What a document says of an earlier day: the shapes of then, under the names of now."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from fastapi import FastAPI
from pydantic import BaseModel

Document = dict[str, Any]
Models = Mapping[type[BaseModel], type[BaseModel]]
_REF = "#/components/schemas/"
_ASIDE = "/then/"


def describe_before(app: FastAPI, models: Models) -> None:
    """Have FastAPI describe the older models too, by operations that `put_back` takes out again."""

    async def endpoint() -> None: ...

    for then in models.values():
        app.add_api_route(_ASIDE + then.__name__, endpoint, response_model=then)


def put_back(document: Document, models: Models) -> None:
    """Say of each model what it was, and nothing of those that were not there."""
    names = {then.__name__: now.__name__ for now, then in models.items()}
    for then in names:
        document["paths"].pop(_ASIDE + then, None)
    schemas: Document = document["components"]["schemas"]
    for then, now in names.items():
        schemas[now] = {**schemas.pop(then), "title": now}
    document |= _renamed(document, names)
    schemas = document["components"]["schemas"]
    for name in schemas.keys() - set(_used(document["paths"], schemas, set())) - {"Problem"}:
        del schemas[name]


def _renamed(node: Any, names: Mapping[str, str]) -> Any:
    if isinstance(node, list):
        return [_renamed(item, names) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    found = {key: _renamed(value, names) for key, value in cast("Document", node).items()}
    if isinstance(ref := found.get("$ref"), str):
        name = ref.removeprefix(_REF)
        found["$ref"] = _REF + names.get(name, name)
    return found


def _used(node: Any, schemas: Document, seen: set[str]) -> Iterator[str]:
    """The names of all schemas that are reached from there."""
    if isinstance(node, list):
        for item in cast("list[Any]", node):
            yield from _used(item, schemas, seen)
    elif isinstance(node, dict):
        fields = cast("Document", node)
        name = str(fields.get("$ref", "")).removeprefix(_REF)
        if name in schemas and name not in seen:
            seen.add(name)
            yield name
            yield from _used(schemas[name], schemas, seen)
        for value in fields.values():
            yield from _used(value, schemas, seen)
