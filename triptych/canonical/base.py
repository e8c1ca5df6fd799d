"""What every canonical model is made of: frozen values, entities with identity, personal data marked."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from math import isfinite
from typing import Annotated, Any, ClassVar, cast, get_args

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, JsonValue
from pydantic_core import core_schema

from triptych.canonical.docstrings import describe
from triptych.canonical.moments import Timestamp as Timestamp


class Personal:
    """Marks a field as personal data: `name: Annotated[str, Personal()]`.

    Masking, export and erasure follow from this mark (`personal_fields` reads it); it appears as
    `x-personal` in OpenAPI.
    """

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "x-personal": True}


class FrozenMapping(Mapping[str, Any]):
    """A JSON object that cannot be changed; unlike `MappingProxyType` it can be hashed and pickled."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, Any]) -> None:
        self._items = dict(items)

    def __getitem__(self, key: str) -> Any:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return repr(self._items)

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenMapping, (self._items,)

    def __deepcopy__(self, memo: Any) -> "FrozenMapping":
        return self


NOTHING = FrozenMapping({})
"""The empty JSON object, one for all."""


def freeze(value: Any) -> Any:
    """The same JSON value, unchangeable all the way down: tuples for lists, read-only mappings for dicts."""
    if isinstance(value, dict | Mapping):
        items = cast("Mapping[str, Any]", value)
        return FrozenMapping({key: freeze(item) for key, item in items.items()}) if items else NOTHING
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in cast("Sequence[Any]", value))
    return value


def thaw(value: Any) -> Any:
    """The plain JSON value again: lists and dicts."""
    if isinstance(value, dict | Mapping):
        return {key: thaw(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [thaw(item) for item in cast("Sequence[Any]", value)]
    return value


DEEPEST = 20
"""How many levels extensions may nest."""
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def _check_storable(value: Any, levels: int = DEEPEST) -> None:
    """Refuse what no JSON document or database can keep: NUL, halves of surrogate pairs, endless depth."""
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise ValueError("a text holds a NUL or half of a surrogate pair")
    elif isinstance(value, dict | list):
        if not levels:
            raise ValueError(f"objects and lists are nested more than {DEEPEST} levels deep")
        for part in cast("Iterable[Any]", value):
            if isinstance(value, dict) and not isinstance(part, str):
                raise ValueError("the name of a field is no text")
            _check_storable(part, levels - 1)
        if isinstance(value, dict):
            for part in cast("dict[str, Any]", value).values():
                _check_storable(part, levels - 1)
    elif not (value is None or (isinstance(value, int | float) and isfinite(value))):
        raise ValueError("a value is none that JSON has")


def _kept(value: Mapping[str, Any]) -> FrozenMapping:
    if not value:
        return NOTHING
    _check_storable(value)
    return freeze(value)


def _as_it_is_or(value: Any, read: core_schema.ValidatorFunctionWrapHandler) -> FrozenMapping:
    return value if isinstance(value, FrozenMapping) else read(value)


class _Frozen:
    """Freezes a JSON object as it is read; one that is frozen already is taken as it is."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        key = core_schema.str_schema(max_length=200)
        document = core_schema.dict_schema(key, core_schema.any_schema(), max_length=200)
        read = core_schema.no_info_after_validator_function(_kept, document)
        return core_schema.json_or_python_schema(
            json_schema=read,
            python_schema=core_schema.no_info_wrap_validator_function(_as_it_is_or, read),
            serialization=core_schema.plain_serializer_function_ser_schema(thaw),
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": True, "maxProperties": 200}


Extensions = Annotated[Mapping[str, JsonValue], _Frozen(), Personal()]
"""Fields of a source system that the canonical model does not name, kept as they came. Nobody knows
what they hold, so all of them count as personal data."""


class Model(BaseModel):
    """A frozen value. Unknown fields are refused, so that a misspelt one is an error and not a loss."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_timedelta="iso8601")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        document = handler(schema)
        describe(handler.resolve_ref_schema(document), cls)
        return document


class New(Model):
    """What can be given of an entity, when it is made and later in a merge patch: no ids, states, totals."""

    extensions: Extensions = Field(default_factory=lambda: NOTHING)
    """Fields of the source system that the canonical model does not name."""


class Entity(Model):
    """A thing with an identity that lives in a system of record.

    An entity is identity, what was given, and state. Subclasses name their id prefix, and count their
    shape's version up when a field changes its meaning:
    `class Customer(NewCustomer, Entity, prefix="cus")`.
    """

    prefix: ClassVar[str] = ""
    schema_version: ClassVar[int] = 1

    id: str = Field(max_length=64, pattern="^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    """Canonical id: type prefix and ULID, sortable by time."""
    version: int = Field(default=1, ge=1)
    """Counts the changes; the ETag is made from it."""
    created_at: Timestamp
    """When the record was made, in UTC."""
    updated_at: Timestamp
    """When the record last changed, in UTC."""
    extensions: Extensions = Field(default_factory=lambda: NOTHING)
    """Fields of the source system that the canonical model does not name."""

    def __init_subclass__(
        cls, prefix: str | None = None, schema_version: int | None = None, **keywords: Any
    ) -> None:
        super().__init_subclass__(**keywords)
        cls.prefix = cls.prefix if prefix is None else prefix
        cls.schema_version = cls.schema_version if schema_version is None else schema_version

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        document = super().__get_pydantic_json_schema__(schema, handler)
        resolved = handler.resolve_ref_schema(document)
        resolved |= {"x-id-prefix": cls.prefix, "x-schema-version": cls.schema_version}
        return document


def example(**fields: Any) -> ConfigDict:
    """One realistic example for a model's schema: `model_config = example(sku="CHAI", quantity=2)`."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


def the_example(model: type[Model]) -> dict[str, Any]:
    """The example of a model, to be part of another's."""
    extra = cast("Mapping[str, Any]", model.model_config.get("json_schema_extra", {}))
    return cast("dict[str, Any]", extra["examples"][0])


def example_of(given: type[New], /, id: str, **state: Any) -> ConfigDict:
    """The example of an entity: that of what was given, with an identity, and with its state."""
    moments = {"created_at": "2026-07-01T09:30:00Z", "updated_at": "2026-07-01T09:30:00Z"}
    return example(**{"id": id, "version": 1, **moments, **the_example(given), **state})


@cache
def personal_fields(model: type[BaseModel]) -> frozenset[str]:
    """The names of the fields that hold personal data themselves; fields of parts are asked of the parts."""
    return frozenset(
        name
        for name, info in model.model_fields.items()
        if any(isinstance(mark, Personal) for mark in info.metadata) or is_personal(info.annotation)
    )


def is_personal(annotation: Any) -> bool:
    """Whether a type, or a part of it, is marked as personal data."""
    marks = getattr(annotation, "__metadata__", ())
    return any(isinstance(mark, Personal) for mark in marks) or any(
        is_personal(part) for part in get_args(annotation)
    )
