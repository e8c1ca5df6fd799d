"""Asks services over HTTP, in the words of their contracts: `crm.does("convert_lead", lead)`."""

import json
from collections.abc import Mapping
from time import monotonic
from types import MappingProxyType
from typing import Any

import httpx
from pydantic_core import to_json

from tests.contracts.conftest import SOMEBODY, Served
from tests.contracts.requesting import Json as Json
from tests.contracts.requesting import Request, fresh, request_to
from triptych.contract import Api, operations
from triptych.problems import Conflict, NotFound, PreconditionFailed, Problem

LONGEST_STREAM = 60.0
"""Seconds after which nobody waits any more for a stream to end."""


class Service:
    """One service, asked by somebody who has all its scopes."""

    def __init__(
        self,
        api: type[Api],
        served: Served,
        http: httpx.Client,
        customer: str = SOMEBODY,
        person: str = "tester",
    ) -> None:
        self.api = api.promised()
        self.served = served
        self.by_name = {found.name: found for found in operations(api)}
        self.writes: dict[str, tuple[Request, httpx.Response]] = {}
        """The first success of each operation that asks for an idempotency key."""
        self._http = http
        self._customer = customer
        self._person = person

    def seen_by(self, customer: str) -> "Service":
        """The same service, asked by that customer; by "" for somebody who is none."""
        other = Service(self.api, self.served, self._http, customer)
        other.writes = self.writes
        return other

    def asked_by(self, person: str) -> "Service":
        """The same service, asked by another person."""
        other = Service(self.api, self.served, self._http, self._customer, person)
        other.writes = self.writes
        return other

    # --- the words of a scenario ---

    def does(self, name: str, *places: Any, **given: Any) -> Any:
        """What an operation answers, which has to be its success; `places` and `given` as in `request_to`."""
        request = self.request(name, *places, **given)
        answer = self.send(request)
        assert answer.status_code == request.operation.declared.status, f"{name}: {answer.text}"
        if request.operation.declared.keyed:
            self.writes.setdefault(name, (request, answer))
        return answer.json() if answer.content else None

    def refuses(self, name: str, *places: Any, because: type[Problem], **given: Any) -> Json:
        """The problem that an operation answers with, which has to be of that kind."""
        return refused(self.send(self.request(name, *places, **given)), because)

    def follows(self, name: str, *places: Any, **given: Any) -> Json:
        """The last event of a stream."""
        request = self.request(name, *places, **given)
        until, last = monotonic() + LONGEST_STREAM, ""
        headers = self._token(request) | request.headers
        with self._http.stream("GET", request.path, headers=headers) as answer:
            assert answer.status_code == request.operation.declared.status, answer.read()
            for line in answer.iter_lines():
                assert monotonic() < until, f"{name} does not end after {last}"
                last = line.removeprefix("data: ") if line.startswith("data: ") else last
        return json.loads(last)

    def hears(self, name: str, *places: Any, **given: Any) -> Json:
        """The first event of a stream that does not end."""
        request = self.request(name, *places, **given)
        headers = self._token(request) | request.headers
        with self._http.stream("GET", request.path, headers=headers) as answer:
            assert answer.status_code == request.operation.declared.status, answer.read()
            first = next(line for line in answer.iter_lines() if line.startswith("data: "))
        return json.loads(first.removeprefix("data: "))

    def makes(self, noun: str, **given: Any) -> Json:
        """A new thing of a collection, as in the contract's example but for its natural keys."""
        return self.does(f"{noun}.create", **given)

    def keeps(self, noun: str, *, apart_by: str = "", **given: Any) -> None:
        """The usual life of what a collection keeps; `apart_by` names the field that no two of them share."""
        unique = {apart_by: fresh(apart_by)} if apart_by else {}
        one, other = self.makes(noun, **given, **unique), self.makes(noun, **given)
        if apart_by:
            self.refuses(f"{noun}.create", because=Conflict, **given, **unique)
        assert self.does(f"{noun}.get", one) == one
        self.does(f"{noun}.find", limit=1)
        self.does(f"{noun}.changes", limit=1)
        if f"{noun}.update" in self.by_name:
            self._keeps_changing(noun, one, other, unique)
        if f"{noun}.delete" in self.by_name:
            self.does(f"{noun}.delete", other)
            self.does(f"{noun}.delete", other)
            self.refuses(f"{noun}.get", other, because=NotFound)

    def _keeps_changing(self, noun: str, one: Json, other: Json, unique: Mapping[str, str]) -> None:
        changed = self.does(f"{noun}.update", one, extensions={"looked at": True})
        assert changed["version"] == one["version"] + 1
        self.refuses(f"{noun}.update", one, because=PreconditionFailed, extensions={"looked at": False})
        if unique:
            self.refuses(f"{noun}.update", other, because=Conflict, **unique)

    # --- requests ---

    def request(self, name: str, *places: Any, **given: Any) -> Request:
        """A request that has everything an operation asks for."""
        return request_to(self.by_name[name], *places, customer=self._customer, **given)

    def send(
        self,
        request: Request,
        *,
        scopes: frozenset[str] | None = None,
        headers: Mapping[str, str | None] = MappingProxyType({}),
        query: Mapping[str, str] = MappingProxyType({}),
        content: bytes | None = None,
    ) -> httpx.Response:
        """What the service answers; to something else than was to be asked, where that is given."""
        sent: dict[str, str | None] = {**self._token(request, scopes), **request.headers}
        if request.body is not None:
            sent["content-type"] = "application/json"
            content = to_json(request.body) if content is None else content
        sent |= headers
        return self._http.request(
            request.operation.method,
            request.path,
            params={**request.query, **query},
            headers={name: value for name, value in sent.items() if value is not None},
            content=content,
        )

    def _token(self, request: Request, scopes: frozenset[str] | None = None) -> dict[str, str]:
        return self.served.headers(self.api, scopes=scopes, customer=request.customer, person=self._person)


Services = Mapping[str, Service]
"""All services by their names, as a scenario asks them."""


def refused(answer: httpx.Response, because: type[Problem]) -> Json:
    """The problem that was answered; fails when it is of another kind."""
    assert answer.is_error, f"{answer.request.method} {answer.request.url}: {answer.text}"
    problem: Json = answer.json()
    assert (answer.status_code, problem["type"]) == (because.status, because.type_uri), problem
    return problem
