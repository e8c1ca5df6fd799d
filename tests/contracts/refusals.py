"""What the platform answers for every operation alike: to strangers, to nonsense, and to repeats."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import MetaData, update

from tests.contracts.asking import Service, refused
from tests.contracts.conftest import Served
from tests.contracts.requesting import ABSENT
from triptych.contract import Operation
from triptych.problems import (
    BadRequest,
    Forbidden,
    IdempotencyKeyInFlight,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    InvalidInput,
    NotFound,
    PayloadTooLarge,
    PreconditionRequired,
    Problem,
    Unauthenticated,
    UnsupportedMediaType,
)
from triptych.serving.requests import BODY_LIMIT
from triptych.storage.shapes import idempotency_keys_v1


def refuses_what_is_not_in_order(service: Service) -> None:
    """Each operation, asked with one fault at a time; and for what is not there."""
    for operation in service.by_name.values():
        places = [ABSENT for found in operation.parameters if found.where == "path"]
        request = service.request(operation.name, *places)
        for problem, fault in _faults(operation):
            refused(service.send(request, **fault), problem)
        if NotFound in operation.raises and (places or request.body):
            refused(service.send(request), NotFound)


def _faults(operation: Operation) -> Iterator[tuple[type[Problem], dict[str, Any]]]:
    yield Unauthenticated, {"headers": {"authorization": None}}
    yield InvalidInput, {"query": {"no_such_parameter": "1"}}
    if operation.scope:
        yield Forbidden, {"scopes": frozenset[str]()}
    if operation.body():
        yield BadRequest, {"content": b'{"a": '}
        yield PayloadTooLarge, {"content": b" " * (BODY_LIMIT + 1)}
        yield UnsupportedMediaType, {"headers": {"content-type": "text/plain"}}
    if operation.declared.keyed:
        yield IdempotencyKeyMissing, {"headers": {"idempotency-key": None}}
        yield BadRequest, {"headers": {"idempotency-key": "a\tb"}}
    if any(found.where == "if_match" for found in operation.parameters):
        yield PreconditionRequired, {"headers": {"if-match": None}}


def does_nothing_twice(service: Service) -> None:
    """Each write that succeeded, with the same key again: the same, something else, and while it runs."""
    for request, answer in service.writes.values():
        repeated = service.send(request)
        assert (repeated.status_code, repeated.content) == (answer.status_code, answer.content)
        assert repeated.headers["idempotency-replayed"] == "true"
        refused(service.send(request.with_another_payload()), IdempotencyKeyReused)
        service.served.run(_unfinished(service.served, service.api.name, request.headers["idempotency-key"]))
        refused(service.send(request), IdempotencyKeyInFlight)


async def _unfinished(served: Served, service: str, key: str) -> None:
    """As if the first request with that key were still running."""
    database = await served.platform.storage.open(service)
    keys = idempotency_keys_v1(MetaData())
    later = datetime.now(UTC) + timedelta(minutes=1)
    async with database.write() as connection:
        await connection.execute(update(keys).where(keys.c.key == key).values(body=None, leased_until=later))
