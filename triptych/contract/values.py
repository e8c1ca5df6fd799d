"""The shapes that contracts are written with: pages, filters, patches, feeds of changes."""

from collections.abc import Mapping
from types import UnionType
from typing import Any, ClassVar, Generic, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, TypeAdapter, create_model
from pydantic_core import core_schema, to_json

from triptych.canonical.base import Model, freeze, thaw
from triptych.canonical.docstrings import describe

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Page(Model, Generic[T]):
    """One page of a list; `next_cursor` fetches the next one, and is null on the last."""

    items: tuple[T, ...]
    next_cursor: str | None = None


class Change(Model, Generic[T]):
    """One entity as it stands after its latest change; `entity` is null when it was deleted."""

    id: str
    deleted: bool = False
    entity: T | None = None


class Changes(Model, Generic[T]):
    """What changed since a position. `position` is where to go on, also when nothing changed."""

    items: tuple[Change[T], ...]
    position: str
    more: bool = False
    """Whether a further call would bring more at once."""


class Filter(Model):
    """What a list can be asked for. Subclasses add their fields; an unknown one is refused by name."""

    cursor: str | None = Field(default=None, max_length=512)
    """Where to go on: `next_cursor` of the page before."""
    limit: int = Field(default=50, ge=1, le=200)
    """How many items a page holds at most."""


class History(Filter):
    """Which entries of a list of what happened, such as orders; it can be read from its newest end."""

    newest_first: bool = False
    """Whether the newest come first; by default the oldest do."""


class Patch(Generic[T]):
    """A JSON merge patch (RFC 7396) of the fields of `T`: absent leaves a field, null clears it.

    `Patch[NewCustomer]({"email": None})`. Which fields may change is what `T` has; every value that is
    given is validated against its field when the patch is read.
    """

    __slots__ = ("changes",)

    def __init__(self, changes: Mapping[str, Any]) -> None:
        self.changes: Mapping[str, Any] = freeze(changes)

    def __repr__(self) -> str:
        return f"Patch({dict(self.changes)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Patch) and thaw(self.changes) == thaw(cast("Patch[Any]", other).changes)

    __hash__ = None  # pyright: ignore[reportAssignmentType] - a patch is compared, never a key

    def apply(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON document after the patch."""
        return cast("dict[str, Any]", _merge(document, self.changes))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
        (target,) = get_args(source)
        partial = TypeAdapter[BaseModel](_partial(target))

        def build(value: Any, _: core_schema.ValidatorFunctionWrapHandler) -> "Patch[Any]":
            if isinstance(value, Patch):
                return cast("Patch[Any]", value)
            # as JSON again, because strict validation of Python objects would want tuples for lists
            checked = partial.validate_json(to_json(value), strict=True)
            return cls({name: value[name] for name in checked.model_fields_set})

        def dump(value: "Patch[Any]") -> dict[str, Any]:
            return cast("dict[str, Any]", thaw(value.changes))

        return core_schema.no_info_wrap_validator_function(
            build,
            handler.generate_schema(_partial(target)),
            serialization=core_schema.plain_serializer_function_ser_schema(dump),
        )


def _merge(target: Any, patch: Any) -> Any:
    if not isinstance(patch, Mapping):
        return thaw(patch)
    changes = cast("Mapping[str, Any]", patch)
    merged = dict(cast("Mapping[str, Any]", target)) if isinstance(target, Mapping) else {}
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), value)
    return merged


class _Partial(BaseModel):
    """A model with every field optional, for its patch."""

    model_config = ConfigDict(extra="forbid")
    whole: ClassVar[type[BaseModel]]

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        document = handler(schema)
        describe(handler.resolve_ref_schema(document), cls.whole)
        return document


_partials: dict[type[BaseModel], type[_Partial]] = {}


def _partial(model: type[BaseModel]) -> type[BaseModel]:
    """The model with every field optional and clearable; nested objects are judged after merging."""
    if model not in _partials:
        fields: dict[str, Any] = {
            name: (
                _loose(info.rebuild_annotation()) | None,
                Field(default=None, description=info.description),
            )
            for name, info in model.model_fields.items()
        }
        _partials[model] = create_model(f"{model.__name__}Patch", __base__=_Partial, **fields)
        _partials[model].whole = model
    return _partials[model]


def _loose(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, UnionType):
        return Union[tuple(_loose(part) for part in get_args(annotation))]  # noqa: UP007 - made of a tuple
    is_model = isinstance(annotation, type) and issubclass(cast("type[Any]", annotation), BaseModel)
    return _partial(annotation) if is_model else annotation
