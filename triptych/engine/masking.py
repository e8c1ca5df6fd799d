"""What may be shown of the JSON made from a value: personal data is masked, and what is long cut."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, cast, get_args

import orjson
from pydantic import BaseModel

from triptych.canonical.base import personal_fields
from triptych.contract import Patch

MASK = "***"
LARGEST = 4096
"""Bytes of JSON that are kept of one request or answer; of a larger one only what is short."""
LIST = 5
"""Entries of a list that are kept of what is too large."""
TEXT = 200
"""Characters of a text that are kept of what is too large."""
Document = dict[str, Any]


def mask(
    value: Any, document: Any, pointer: str, personal: Document, marked: frozenset[str] = frozenset()
) -> None:
    """Mask what the models in a value mark as personal, in the JSON that was made from it.

    What it was is noted in `personal`, by its place below `pointer` (RFC 6901). `marked` are entries of the
    value itself, where that is a mapping.
    """
    for name, part, whole in _parts(value, marked):
        try:
            plain = document[name]
        except (KeyError, IndexError, TypeError):
            continue  # left out of the JSON
        place = f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"
        if not whole:
            mask(part, plain, place, personal)
        elif plain not in (None, "", [], {}):
            personal[place] = plain
            document[name] = MASK


def unmask(document: Any, pointer: str, value: Any) -> None:
    """Put a value in the place of its mask, where that was kept."""
    *way, last = (step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
    for step in way:
        document = _at(document, step)
    if _at(document, last) == MASK:
        document[int(last) if isinstance(document, list) else last] = value


def bounded(document: Document) -> Document:
    """The document, or what is short of it, and how large it was."""
    if (size := len(orjson.dumps(document))) <= LARGEST:
        return document
    short = cast("Document", _short(document))
    if len(orjson.dumps(short)) > LARGEST:
        short = {name: value for name, value in short.items() if not isinstance(value, list | dict)}
    if len(orjson.dumps(short)) > LARGEST:
        short = {}
    return {**short, "omitted": f"It had {size} bytes."}


def _at(document: Any, step: str) -> Any:
    if isinstance(document, dict):
        return cast("Document", document).get(step)
    if isinstance(document, list) and int(step) < len(found := cast("list[Any]", document)):
        return found[int(step)]
    return None


def _parts(value: Any, marked: frozenset[str]) -> Iterator[tuple[Any, Any, bool]]:
    """What can hold personal data in a value: name, value, and whether all of it is masked."""
    if isinstance(value, BaseModel):
        for name, whole in _plan(type(value)):
            yield name, getattr(value, name), whole
    elif isinstance(value, Patch):
        yield from ((name, part, True) for name, part in cast("Patch[Any]", value).changes.items())
    elif isinstance(value, Mapping):
        for name, part in cast("Mapping[str, Any]", value).items():
            yield name, part, name in marked
    elif isinstance(value, list | tuple):
        for number, part in enumerate(cast("Sequence[Any]", value)):
            yield number, part, False


@cache
def _plan(model: type[BaseModel]) -> tuple[tuple[str, bool], ...]:
    """The fields that hold personal data or other models, and whether they are masked."""
    personal = personal_fields(model)
    return tuple(
        (name, name in personal)
        for name, info in model.model_fields.items()
        if name in personal or _holds_models(info.annotation)
    )


def _holds_models(annotation: Any) -> bool:
    if isinstance(annotation, TypeVar) or annotation is Any:
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel | Patch):
        return True
    return any(_holds_models(part) for part in get_args(annotation))


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _short(part) for name, part in cast("Document", value).items()}
    if isinstance(value, list):
        return [_short(part) for part in cast("list[Any]", value)[:LIST]]
    return f"{value[:TEXT]}…" if isinstance(value, str) and len(value) > TEXT else value
