"""Asks the system APIs what has a name: the customer with an e-mail address, the order with a number."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast, get_args

from pydantic import BaseModel, ValidationError

from triptych.context import deadline
from triptych.contract import Api, Filter, Operation, Page, operations
from triptych.problems import Problem

PATIENCE = 2.0
"""Seconds that the systems have to answer."""
MOST = 5
"""Entities of one kind that are taken for one name."""
NUMBERS = ("reference", "number", "external_id")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """What the systems know under a name."""

    ids: tuple[str, ...]
    silent: tuple[str, ...]
    """Services that did not answer."""


class Inquiry:
    """Every list of every system API that can be asked for an e-mail address, a number or a reference."""

    def __init__(self, systems: Callable[[], Mapping[str, Api]]) -> None:
        """`systems` answers a client of each system API, by its name."""
        self._systems = systems

    async def ask(self, name: str) -> Known:
        """The ids of what has this name, as it is written or in small letters, whoever keeps it."""
        questions = [
            self._ask(client, found, asked)
            for _, client in sorted(self._systems().items())
            for found in operations(type(client))
            for spelt in dict.fromkeys([name, name.lower()])
            for asked in questions_of(found, spelt)
        ]
        with deadline(PATIENCE):
            answers = await asyncio.gather(*questions)
        ids = [one for answer in answers if not isinstance(answer, str) for one in answer]
        silent = {answer for answer in answers if isinstance(answer, str)}
        return Known(tuple(dict.fromkeys(ids)), tuple(sorted(silent)))

    async def _ask(self, client: Api, operation: Operation, asked: Filter) -> list[str] | str:
        """Their ids, or the name of the service that does not answer."""
        try:
            page: Page[Any] = await operation.of(client)(asked)
        except Problem as problem:
            log.warning("%s does not answer: %s", operation.full_name, problem)
            return operation.api.name
        return [item.id for item in page.items]


def questions_of(operation: Operation, name: str) -> list[Filter]:
    """How a list is asked for a name: once for each of its fields that could hold it."""
    kind = _filter_of(operation)
    if kind is None:
        return []
    found: list[Filter] = []
    for field in kind.model_fields:
        if field.endswith("email") if "@" in name else field.endswith(NUMBERS):
            try:
                found.append(kind.model_validate({field: name, "limit": MOST}))
            except ValidationError:
                continue  # it cannot have that name
    return found


@cache
def _filter_of(operation: Operation) -> type[Filter] | None:
    """The filter of a collection's list."""
    if operation.attribute[-1] != "find":
        return None
    for parameter in operation.parameters:
        for part in _types(parameter.annotation):
            if issubclass(part, Filter):
                return part
    return None


def _types(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type):
        return [cast("type[BaseModel]", annotation)]
    return [found for part in get_args(annotation) for found in _types(part)]
