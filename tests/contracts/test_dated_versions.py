"""The laws of every change between dated versions, held against whatever the documents allow.

An older request, upgraded, is a valid newer one; a newer answer, downgraded, is a valid older one.
"""

import json
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from pydantic import TypeAdapter

from gateway.versions import RouteVersions, Translation
from triptych.assembly.discovery import installed
from triptych.contract import Api, Operation, operations
from triptych.problems import InvalidInput
from triptych.serving.openapi import document
from triptych.serving.requests import QueryReader, checked_body, query_model

Json = dict[str, Any]
JSON = [(b"content-type", b"application/json"), (b"content-length", b"0")]
LAW = settings(
    max_examples=25,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
DATED = [api.promised() for api in installed().values() if api.dated.changes]
OLDER = [(api, day) for api in DATED for day in api.dated.dates[:-1]]
TOUCHED = [
    (api, day, operation)
    for api, day in OLDER
    for operation in operations(api)
    if any(operation.name in change.operations for change in api.dated.after(day))
]
IDS = [f"{operation.full_name}-{day}" for _, day, operation in TOUCHED]

touched = pytest.mark.parametrize(("api", "day", "operation"), TOUCHED, ids=IDS)
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")  # schemathesis knows


@cache
def versions(api: type[Api]) -> RouteVersions:
    return RouteVersions(api)


def translation(operation: Operation, day: date) -> Translation:
    return versions(operation.api).pinned(day.isoformat()).translations[operation.full_name]


def found_in(api: type[Api], day: date | None, operation: Operation) -> Json:
    """What the document of a day says of an operation."""
    return document(api, day)["paths"][api.base_path() + operation.path][operation.method.lower()]


def body_schema(api: type[Api], day: date | None, operation: Operation) -> Json | None:
    content = found_in(api, day, operation).get("requestBody", {}).get("content", {})
    return content["application/json"]["schema"] if content else None


def answer_schema(api: type[Api], day: date | None, operation: Operation) -> Json:
    answers = found_in(api, day, operation)["responses"]
    return answers[str(operation.declared.status)]["content"]["application/json"]["schema"]


def bodies(api: type[Api], day: date | None, schema: Json) -> Any:
    """Whatever a schema of a document allows."""
    asked = {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
    made = {
        "openapi": "3.1.0",
        "info": {"title": "Bodies", "version": "1"},
        "paths": {"/bodies": {"post": {**asked, "responses": {"200": {"description": "Fine."}}}}},
        "components": {"schemas": document(api, day)["components"]["schemas"]},
    }
    return schema_of(made)["/bodies"]["POST"].as_strategy()


def schema_of(made: Json) -> Any:
    """schemathesis's view of a document; it leaves many of its types open."""
    return schemathesis.openapi.from_dict(made)


def refuse(api: type[Api], day: date | None, schema: Json, value: Any) -> None:
    """Raise where the value is not what the document of the day says."""
    jsonschema_rs.validate({**schema, "components": document(api, day)["components"]}, value)


@touched
def test_an_older_request_is_a_valid_newer_one(api: type[Api], day: date, operation: Operation) -> None:
    schema, newer = body_schema(api, day, operation), body_schema(api, None, operation)
    if schema is None or newer is None:
        assert operation.body() is None
        return
    body = operation.body()
    assert body is not None
    adapter, upgrading = TypeAdapter[Any](body.annotation), translation(operation, day)

    @LAW
    @given(case=bodies(api, day, schema))
    def law(case: Any) -> None:
        try:
            upgraded = upgrading.request(json.dumps(case.body).encode())
        except InvalidInput:  # models know more than schemas can say, such as of control characters
            assume(False)
            return
        checked_body(adapter, upgraded)
        refuse(api, None, newer, json.loads(upgraded))

    law()


@touched
def test_an_older_query_is_a_valid_newer_one(api: type[Api], day: date, operation: Operation) -> None:
    older = schema_of(document(api, day))
    latest, upgrading = QueryReader(query_model(operation)), translation(operation, day)

    @LAW
    @given(case=older.find_operation_by_id(operation.name.replace(".", "_")).as_strategy())
    def law(case: Any) -> None:
        query: Json = case.query or {}
        raw = urlencode({name: _text(value) for name, value in query.items()}, doseq=True)
        try:
            upgraded = upgrading.query(raw.encode())
        except InvalidInput:
            assume(False)
            return
        latest.read(parse_qsl(upgraded.decode("latin-1"), keep_blank_values=True))

    law()


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return [_text(one) for one in value]  # pyright: ignore[reportUnknownVariableType] - any JSON
    return str(value).lower() if isinstance(value, bool) else value


@touched
def test_a_newer_answer_is_a_valid_older_one(api: type[Api], day: date, operation: Operation) -> None:
    newer, older = answer_schema(api, None, operation), answer_schema(api, day, operation)
    downgrading = translation(operation, day)

    @LAW
    @given(case=bodies(api, None, newer))
    def law(case: Any) -> None:
        body = json.dumps(_as_we_write(case.body)).encode()
        headers, downgraded = downgrading.response(operation.declared.status, JSON, body)
        refuse(api, day, older, json.loads(downgraded))
        assert (b"content-length", str(len(downgraded)).encode()) in headers

    law()


def _as_we_write(value: Any) -> Any:
    """A schema takes 12.0 for a whole number; services write 12."""
    if isinstance(value, list):
        return [_as_we_write(one) for one in value]  # pyright: ignore[reportUnknownVariableType] - any JSON
    if isinstance(value, dict):
        return {key: _as_we_write(one) for key, one in value.items()}  # pyright: ignore[reportUnknownVariableType] - any JSON
    return int(value) if isinstance(value, float) and value.is_integer() else value


@pytest.mark.parametrize("api", DATED, ids=lambda api: api.name)
def test_the_examples_of_every_version_are_what_its_document_says(api: type[Api]) -> None:
    for day in api.dated.dates:
        schemas: Json = document(api, day)["components"]["schemas"]
        for name, schema in schemas.items():
            for example in schema.get("examples", ()):
                refuse(api, day, {"$ref": f"#/components/schemas/{name}"}, example)


@pytest.mark.parametrize(("api", "day"), OLDER, ids=[f"{api.name}-{day}" for api, day in OLDER])
def test_an_operation_that_no_change_names_has_not_changed(api: type[Api], day: date) -> None:
    names = {found.name for _, then, found in TOUCHED if then == day and found.api is api}
    same = [operation for operation in operations(api) if operation.name not in names]
    assert [_resolved(api, day, operation) for operation in same] == [
        _resolved(api, None, operation) for operation in same
    ]


def _resolved(api: type[Api], day: date | None, operation: Operation) -> Any:
    """An operation with everything that it refers to."""
    schemas: Json = document(api, day)["components"]["schemas"]

    def whole(node: Any, seen: tuple[str, ...] = ()) -> Any:
        if isinstance(node, list):
            return [whole(item, seen) for item in node]  # pyright: ignore[reportUnknownVariableType] - JSON
        if not isinstance(node, dict):
            return node
        name = str(node.get("$ref", "")).rpartition("/")[2]  # pyright: ignore[reportUnknownMemberType,reportUnknownArgumentType] - JSON
        if name in schemas and name not in seen:
            return whole(schemas[name], (*seen, name))
        return {key: whole(value, seen) for key, value in node.items()}  # pyright: ignore[reportUnknownVariableType] - JSON

    return whole(found_in(api, day, operation))
