"""How entities of one kind are stored: which of their values get a column to be found by."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel
from sqlalchemy import BigInteger, Boolean, Column, Date, MetaData, Table, Text
from sqlalchemy.types import TypeEngine

from triptych.canonical.base import Entity
from triptych.contract import Change, Changes, Page
from triptych.problems import FieldError, InvalidInput
from triptych.storage import shapes
from triptych.storage.types import Moment

E = TypeVar("E", bound=Entity)

LARGEST = 2**63 - 1
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_TYPES: list[tuple[type, TypeEngine[Any]]] = [
    (bool, Boolean()),
    (str, Text()),
    (int, BigInteger()),
    (datetime, Moment()),
    (date, Date()),
]


@dataclass(frozen=True, slots=True)
class Indexed:
    """A column to find entities by.

    `of` says whose value it holds: a path such as `address.country`, or a function of the entity; by default
    the field that is named like the column. Its type is that of the field, or `type`.
    """

    of: str | Callable[[Any], Any] | None = None
    unique: bool = False
    type: TypeEngine[Any] | None = None


INDEXED = Indexed()
UNIQUE = Indexed(unique=True)


@dataclass(frozen=True, slots=True, eq=False)
class EntityTable(Generic[E]):
    """What `entity_table` declares."""

    name: str
    entity: type[E]
    table: Table
    indexed: Mapping[str, Callable[[E], Any]]
    unique: tuple[str, ...]
    search: tuple[Callable[[E], Any], ...]
    page: "type[Page[E]]"
    change: "type[Change[E]]"
    changes: "type[Changes[E]]"

    def row(self, entity: E) -> dict[str, Any]:
        """The values of the entity's row. Raises InvalidInput for one that no database can index."""
        row: dict[str, Any] = {
            "id": entity.id,
            "version": entity.version,
            "created_at": entity.created_at,
            "updated_at": entity.updated_at,
            "body": entity.model_dump_json(),
        }
        for name, value_of in self.indexed.items():
            row[name] = storable(value_of(entity), f"/{name}")
        if self.search:
            words = (str(value) for value_of in self.search if (value := value_of(entity)) is not None)
            row["search"] = searchable("\n".join(words))
        return row


def entity_table(
    name: str,
    entity: type[E],
    *,
    indexed: Mapping[str, Indexed] | None = None,
    search: Sequence[str] = (),
) -> EntityTable[E]:
    """Declare the table of an entity.

    `search` names the fields that a filter's `q` looks into. Raises TypeError for a path that the entity does
    not have, or whose type has no column type.
    """
    declared = indexed or {}
    columns = [
        Column(column, how.type or _column_type(entity, column, how), unique=how.unique)
        for column, how in declared.items()
    ]
    for path in search:
        _annotation(entity, path)
    stored: Any = entity  # the same classes as the contract's answers, which pydantic makes once
    return EntityTable(
        name=name,
        entity=entity,
        table=shapes.entity_table_v1(name, MetaData(), columns, search=bool(search)),
        indexed={column: _getter(how.of or column) for column, how in declared.items()},
        unique=tuple(column for column, how in declared.items() if how.unique),
        search=tuple(_getter(path) for path in search),
        page=Page[stored],
        change=Change[stored],
        changes=Changes[stored],
    )


def storable(value: Any, pointer: str) -> Any:
    """The value as a column holds it. Raises InvalidInput for one that does not fit any."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise _unfit(pointer, "has characters that cannot be stored")
    elif isinstance(value, int) and not -LARGEST <= value <= LARGEST:
        raise _unfit(pointer, "is larger than 64 bits can hold")
    return value


def searchable(text: str) -> str:
    """Text as it is compared when searching: without case, and without what cannot be stored."""
    return text.casefold().replace("\0", "").encode("utf-8", "replace").decode()


def _unfit(pointer: str, detail: str) -> InvalidInput:
    return InvalidInput(f"{pointer} {detail}.", errors=[FieldError(pointer=pointer, detail=detail)])


def _getter(of: str | Callable[[Any], Any]) -> Callable[[Any], Any]:
    if not isinstance(of, str):
        return of
    path = of.split(".")

    def value(entity: Any) -> Any:
        for step in path:
            entity = None if entity is None else getattr(entity, step)
        return entity

    return value


def _column_type(entity: type[Entity], column: str, how: Indexed) -> TypeEngine[Any]:
    path = column if how.of is None else how.of
    if not isinstance(path, str):
        return Text()
    kinds = _kinds(_annotation(entity, path))
    for python_type, column_type in _TYPES:
        if kinds and all(issubclass(kind, python_type) for kind in kinds):
            return column_type
    raise TypeError(f"{entity.__name__}.{path} has no column type: give Indexed(type=…)")


def _annotation(model: type[BaseModel], path: str) -> Any:
    """The type of the value at a path, through optional models."""
    found: Any = model
    for step in path.split("."):
        models = [kind for kind in _kinds(found) if issubclass(kind, BaseModel) and step in kind.model_fields]
        if not models:
            raise TypeError(f"{model.__name__} has no {path}")
        found = models[0].model_fields[step].annotation
    return found


def _kinds(annotation: Any) -> list[type[Any]]:
    """The classes that a value of this type can have, without None; literals as those of their values."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kinds(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [kind for part in get_args(annotation) for kind in _kinds(part)]
    if origin is Literal:
        return [type(value) for value in get_args(annotation)]
    if not isinstance(annotation, type) or annotation in (NoneType, Decimal):
        return []
    if issubclass(annotation, Enum):
        return [type(member.value) for member in annotation]
    return [annotation]
