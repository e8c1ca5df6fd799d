"""What operations can answer: declared by their contracts, and seen on the wire."""

import re
from collections.abc import Iterable
from typing import NamedTuple

import httpx

from triptych.contract import Api, Operation, operations
from triptych.serving.openapi import problems_of

PROBLEM = "application/problem+json"


class Answer(NamedTuple):
    """One way in which an operation answers."""

    operation: str
    """Its full name: `crm.leads.create`."""
    status: int
    problem: str = ""
    """The problem's type, unless it is a success."""

    def __str__(self) -> str:
        return f"{self.operation}: {self.status} {self.problem}".rstrip()


def declared(operation: Operation) -> set[Answer]:
    """Every answer that a contract declares for an operation: its success, and each kind of problem."""
    name = operation.full_name
    problems = {Answer(name, kind.status, kind.type_uri) for kind in problems_of(operation)}
    return {Answer(name, operation.declared.status), *problems}


class Witness:
    """Notes what services answer: a hook for the responses of an HTTP client."""

    def __init__(self, apis: Iterable[type[Api]]) -> None:
        self.seen: set[Answer] = set()
        self._routes = [(found, _pattern(found)) for api in apis for found in operations(api)]

    def note(self, response: httpx.Response) -> None:
        """Note one answer and the operation that gave it: the first whose path matches, as in the router."""
        request = response.request
        operation = next(
            found
            for found, path in self._routes
            if found.method == request.method and path.fullmatch(request.url.path)
        )
        problem = ""
        if response.headers.get("content-type") == PROBLEM:
            response.read()
            problem = response.json()["type"]
        self.seen.add(Answer(operation.full_name, response.status_code, problem))

    def seen_of(self, api: type[Api]) -> set[Answer]:
        """What the operations of one contract answered."""
        names = {found.full_name for found in operations(api)}
        return {answer for answer in self.seen if answer.operation in names}


def _pattern(operation: Operation) -> re.Pattern[str]:
    return re.compile(operation.api.base_path() + re.sub(r"\{[^}]+\}", "[^/]+", operation.path))
