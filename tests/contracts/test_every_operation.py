"""What every operation refuses, and how: one test for each refusal, over all operations of all services."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.contracts.conftest import Served
from triptych.assembly.discovery import installed
from triptych.contract import Operation, operations
from triptych.problems import Forbidden, NotFound

EVERY = [found for service in installed().values() for found in operations(service)]
ABSENT = "xyz_00000000000000000000000000"


def every(*, where: Callable[[Operation], bool] = lambda _: True) -> Any:
    """A parameter for each operation that matters."""
    chosen = [found for found in EVERY if where(found)]
    return pytest.mark.parametrize("operation", chosen, ids=[found.full_name for found in chosen])


def path(operation: Operation) -> str:
    return operation.api.base_path() + re.sub(r"\{[^}]+\}", ABSENT, operation.path)


def ask(every_service: Served, operation: Operation, **changes: Any) -> httpx.Response:
    """The operation with everything in order but what is changed."""
    headers = {**every_service.headers(operation.api), "idempotency-key": "a-key", "if-match": '"1"'}
    if operation.body():
        headers["content-type"] = "application/json"
    headers |= changes.pop("headers", {})
    content = changes.pop("content", b"{}" if operation.body() else None)
    headers = {name: value for name, value in headers.items() if value is not None}
    return every_service.http.request(
        operation.method, path(operation), headers=headers, content=content, **changes
    )


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document; fails when the answer is no such problem."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert document["detail"]
    return document


@every()
def test_nobody_gets_in_without_a_token(every_service: Served, operation: Operation) -> None:
    problem(ask(every_service, operation, headers={"authorization": None}), 401)


@every()
def test_a_token_for_another_service_is_worth_nothing(every_service: Served, operation: Operation) -> None:
    caller = {"authorization": "Bearer " + "x" * 40}
    problem(ask(every_service, operation, headers=caller), 401)


@every(where=lambda found: bool(found.scope))
def test_a_token_without_the_scope_is_refused_by_its_name(
    every_service: Served, operation: Operation
) -> None:
    answer = ask(every_service, operation, headers=every_service.headers(operation.api, scopes=frozenset()))
    assert operation.scope in problem(answer, Forbidden.status)["detail"]


@every()
def test_an_unknown_parameter_is_named(every_service: Served, operation: Operation) -> None:
    found = problem(ask(every_service, operation, params={"no_such_parameter": "1"}), 422)
    assert any("no_such_parameter" in error["pointer"] for error in found["errors"])


@every(where=lambda found: found.body() is not None)
def test_malformed_json_is_no_request(every_service: Served, operation: Operation) -> None:
    problem(ask(every_service, operation, content=b'{"a": '), 400)


@every(where=lambda found: found.body() is not None)
def test_another_media_type_is_refused(every_service: Served, operation: Operation) -> None:
    problem(ask(every_service, operation, headers={"content-type": "text/plain"}), 415)


@every(where=lambda found: found.body() is not None)
def test_a_huge_body_is_refused(every_service: Served, operation: Operation) -> None:
    problem(ask(every_service, operation, content=b" " * 1_048_577), 413)


@every(where=lambda found: found.body() is not None)
def test_an_unknown_field_is_named(every_service: Served, operation: Operation) -> None:
    found = problem(ask(every_service, operation, content=b'{"no_such_field": 1}'), 422)
    assert any(error["pointer"].endswith("no_such_field") for error in found["errors"])


@every(where=lambda found: found.declared.keyed)
def test_a_write_without_a_key_is_refused(every_service: Served, operation: Operation) -> None:
    found = problem(ask(every_service, operation, headers={"idempotency-key": None}), 400)
    assert found["type"] == "/problems/idempotency-key-missing"


@every(where=lambda found: found.declared.keyed)
def test_a_key_with_control_characters_is_refused(every_service: Served, operation: Operation) -> None:
    problem(ask(every_service, operation, headers={"idempotency-key": "a\tb"}), 400)


@every(where=lambda found: any(one.where == "if_match" for one in found.parameters))
def test_a_change_needs_the_version_that_it_changes(every_service: Served, operation: Operation) -> None:
    problem(ask(every_service, operation, headers={"if-match": None}), 428)


@every(where=lambda found: NotFound in found.raises and "{" in found.path and found.body() is None)
def test_what_is_not_there_is_not_found(every_service: Served, operation: Operation) -> None:
    problem(ask(every_service, operation), 404)
