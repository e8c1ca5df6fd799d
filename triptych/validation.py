"""What pydantic says of bad input, as a problem that points at each fault."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from triptych.problems import FieldError, InvalidInput

MOST_ERRORS = 20


def pointer(location: Iterable[str | int]) -> str:
    """A JSON Pointer (RFC 6901) to a place in the body: `/lines/0/sku`."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in location)


def field_errors(errors: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """Pydantic's errors as `{pointer, detail}`; the values themselves are never repeated."""
    return [FieldError(pointer=pointer(found["loc"]), detail=str(found["msg"])) for found in errors]


def invalid_input(error: ValidationError) -> InvalidInput:
    """The problem for a value that does not fit its model."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    found = field_errors(fault for fault in errors if not _follows(fault["type"], fault["loc"], errors))
    first = found[0]
    return InvalidInput(f"{first['pointer'] or 'The value'}: {first['detail']}", errors=found[:MOST_ERRORS])


def _follows(kind: str, location: tuple[str | int, ...], errors: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a sequence is only called too short because pydantic does not count its faulty items."""
    depth = len(location)
    return kind == "too_short" and any(
        len(other["loc"]) > depth and other["loc"][:depth] == location for other in errors
    )
