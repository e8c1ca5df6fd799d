"""Reads a contract class into plain operations: the one list that everything else is made of."""

import inspect
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, Protocol, TypeVar, cast, get_args, get_origin, get_type_hints

from fastapi.params import Header as HeaderField
from pydantic import BaseModel, TypeAdapter

from triptych.contract.apis import Api
from triptych.contract.collections import Collection, Creatable, Instances, Raises, ReadOnly
from triptych.contract.declaring import MARK, Declaration
from triptych.contract.values import Filter, Patch
from triptych.problems import Problem

Where = Literal["path", "query", "filter", "body", "header", "if_match", "last_event_id"]

_COLLECTIONS: tuple[Any, ...] = (Collection, Creatable, ReadOnly, Instances)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of an operation, and where it travels on the wire."""

    name: str
    where: Where
    annotation: Any
    default: Any = inspect.Parameter.empty

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty

    @property
    def header(self) -> str:
        """The name of the header that it travels in: its alias, in lower case."""
        found = _header(self.annotation)
        return ((found and found.alias) or self.name.replace("_", "-")).lower()


@dataclass(frozen=True, eq=False, slots=True)
class Operation:
    """One thing that a service can be asked to do, with all that is known of it."""

    api: type[Api]
    attribute: tuple[str, ...]
    """Where the implementation is: `("customers", "get")` or `("convert_lead",)`."""
    declared: Declaration
    path: str
    """Path under the service's base path: `/customers/{id}`."""
    location: str
    """Path under the base path of the resource to look at next, or ""."""
    scope: str
    parameters: tuple[Parameter, ...]
    returns: Any
    """Annotation of the answer; of one event where the operation streams."""
    streams: bool
    summary: str
    description: str

    @property
    def name(self) -> str:
        """`customers.get`, `convert_lead`: unique within the contract."""
        return ".".join(self.attribute)

    @property
    def full_name(self) -> str:
        """`crm.customers.get`: unique in the landscape; names spans, metrics and idempotency keys."""
        return f"{self.api.name}.{self.name}"

    @property
    def method(self) -> str:
        return self.declared.method

    @property
    def safe(self) -> bool:
        """Whether it changes nothing (RFC 9110, 9.2.1)."""
        return self.declared.method == "GET"

    @property
    def idempotent(self) -> bool:
        """Whether a repeat has the effect of one (RFC 9110, 9.2.2), key or no key."""
        return self.declared.method in ("GET", "PUT", "DELETE")

    @property
    def raises(self) -> tuple[type[Problem], ...]:
        return self.declared.raises

    @property
    def result(self) -> TypeAdapter[Any]:
        """Reads and writes the answer as JSON."""
        return _adapter(self.returns)

    def body(self) -> Parameter | None:
        """The parameter that is the request's body."""
        return next((found for found in self.parameters if found.where == "body"), None)

    def of(self, service: object) -> Callable[..., Any]:
        """The bound method of an implementation of the contract."""
        for step in self.attribute:
            service = getattr(service, step)
        return cast("Callable[..., Any]", service)


@cache
def _adapter(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation)


def operations(api: type[Api]) -> tuple[Operation, ...]:
    """Every operation of a contract, collections unfolded, in the order in which they are written."""
    return _operations(api.promised())


@cache
def _operations(contract: type[Api]) -> tuple[Operation, ...]:
    found: dict[str, Operation] = {}
    for base in reversed(contract.__mro__):
        for attribute, (kind, arguments, raises) in _collections(base).items():
            for verb, function in _marked(kind):
                operation = _read(
                    contract, (attribute, verb), function, f"/{attribute}".replace("_", "-"), arguments
                )
                found[operation.name] = _raising(operation, getattr(raises, verb, None))
        for name, function in _marked(base):
            operation = _read(contract, (name,), function, "", {})
            found[operation.name] = operation
    return tuple(found.values())


def _marked(owner: Any) -> list[tuple[str, Any]]:
    """The declared methods of a class; for a collection also those it inherits."""
    bases: list[type] = list(reversed(owner.__mro__)) if owner in _COLLECTIONS else [owner]
    return [(name, member) for base in bases for name, member in vars(base).items() if hasattr(member, MARK)]


def _collections(base: type) -> dict[str, tuple[Any, Mapping[str, Any], Raises]]:
    """Attributes annotated as collections: the kind, its type variables' values, and what is raised."""
    if not issubclass(base, Api):
        return {}
    found: dict[str, tuple[Any, Mapping[str, Any], Raises]] = {}
    hints = get_type_hints(base, include_extras=True)
    for name in inspect.get_annotations(base):
        hint, marks = hints[name], ()
        if get_origin(hint) is Annotated:
            hint, *marks = get_args(hint)
        kind: Any = get_origin(hint)
        if kind in _COLLECTIONS:
            names = [variable.__name__.removesuffix("_contra") for variable in _variables(kind)]
            raises = next((mark for mark in marks if isinstance(mark, Raises)), Raises())
            found[name] = kind, dict(zip(names, get_args(hint), strict=True)), raises
    return found


def _raising(operation: Operation, raises: Sequence[type[Problem]] | None) -> Operation:
    """The operation with these problems in place of its usual ones; None leaves them."""
    if raises is None:
        return operation
    return replace(operation, declared=replace(operation.declared, raises=tuple(raises)))


def _variables(kind: Any) -> tuple[TypeVar, ...]:
    """The type variables in the order of `Protocol[…]`; `__parameters__` has them as the bases use them."""
    return next(get_args(base) for base in kind.__orig_bases__ if get_origin(base) is Protocol)


def _read(
    api: type[Api],
    attribute: tuple[str, ...],
    function: Callable[..., Any],
    prefix: str,
    arguments: Mapping[str, Any],
) -> Operation:
    declared = cast(Declaration, getattr(function, MARK))
    where = f"{api.__name__}.{'.'.join(attribute)}"
    hints = {
        name: _filled(hint, arguments) for name, hint in get_type_hints(function, include_extras=True).items()
    }
    if "return" not in hints:
        raise TypeError(f"{where}: say what it returns, as in `async def … -> Customer`")
    path = prefix + declared.path
    parameters = tuple(
        _parameter(where, name, found, hints, path)
        for name, found in list(inspect.signature(function).parameters.items())[1:]
    )
    returns, streams = hints["return"], False
    if get_origin(returns) is AsyncIterator:
        (returns,), streams = get_args(returns), True
    default = f"{api.name}:{'read' if declared.method == 'GET' else 'write'}"
    description = inspect.getdoc(function) or ""
    entity = arguments.get("E")
    summary = description.split("\n", 1)[0].rstrip(".") or attribute[-1].replace("_", " ")
    if entity is not None:
        summary = f"{attribute[-1].capitalize()} {attribute[0].replace('_', ' ')}"
    return Operation(
        api=api,
        attribute=attribute,
        declared=declared,
        path=path,
        location=prefix + declared.location if declared.location else "",
        scope=default if declared.scope is None else declared.scope,
        parameters=parameters,
        returns=returns,
        streams=streams,
        summary=summary,
        description=description,
    )


def _parameter(
    where: str, name: str, found: inspect.Parameter, hints: Mapping[str, Any], path: str
) -> Parameter:
    if name not in hints:
        raise TypeError(f"{where}: parameter {name!r} needs a type")
    bare = _bare(hints[name])
    if f"{{{name}}}" in path:
        place: Where = "path"
    elif name in ("if_match", "last_event_id"):
        place = cast(Where, name)
    elif _header(hints[name]) is not None:
        place = "header"
    elif _is(bare, Filter):
        place = "filter"
    elif _is(bare, BaseModel) or get_origin(bare) is Patch:
        place = "body"
    else:
        place = "query"
    return Parameter(name, place, hints[name], found.default)


def _header(annotation: Any) -> HeaderField | None:
    marks = getattr(annotation, "__metadata__", ())
    return next((mark for mark in marks if isinstance(mark, HeaderField)), None)


def _is(annotation: Any, kind: type) -> bool:
    return isinstance(annotation, type) and issubclass(cast("type[Any]", annotation), kind)


def _bare(annotation: Any) -> Any:
    """Without `Annotated` and `| None`."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    others = [found for found in get_args(annotation) if found is not NoneType]
    if len(others) == 1 and NoneType in get_args(annotation):
        return _bare(others[0])
    return annotation


def _filled(annotation: Any, arguments: Mapping[str, Any]) -> Any:
    """The annotation with the collection's type variables replaced."""
    if isinstance(annotation, TypeVar):
        return arguments.get(annotation.__name__.removesuffix("_contra"), annotation)
    model = getattr(annotation, "__pydantic_generic_metadata__", None)
    if model and model["args"]:
        return model["origin"][tuple(_filled(found, arguments) for found in model["args"])]
    inner = get_args(annotation)
    if not arguments or not inner:
        return annotation
    if get_origin(annotation) is Annotated:
        return Annotated[(_filled(inner[0], arguments), *annotation.__metadata__)]
    if NoneType in inner:
        return _filled(inner[0], arguments) | None
    origin: Any = get_origin(annotation)
    return origin[tuple(_filled(found, arguments) for found in inner)]
