"""An operation as it was on an earlier day, for its document and for reading requests of that version."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, cast, get_args, get_origin

from pydantic import BaseModel

from triptych.contract.apis import Api
from triptych.contract.reading import Operation, Parameter, operations

Models = Mapping[type[BaseModel], type[BaseModel]]


def as_of(operation: Operation, day: date) -> Operation:
    """The operation with the parameters of that day.

    Raises TypeError where a part of its body was different then, and nobody said what the whole was.
    """
    models = operation.api.dated.models(day)
    if not models:
        return operation
    then = tuple(_then(found, models) for found in operation.parameters)
    for found in then:
        if found.where == "body" and (part := _changed_part(found.annotation, models, set())):
            raise TypeError(
                f"{operation.full_name}: {part.__name__} was different before, so say in `before` what the "
                "models were that hold it"
            )
    return replace(operation, parameters=then)


def check_changes(api: type[Api]) -> None:
    """Raise TypeError where a change touches what the contract has not, or what cannot be changed back."""
    known = {found.name: found for found in operations(api)}
    for change in api.dated.changes:
        for name in change.operations:
            if name not in known:
                raise TypeError(f"{type(change).__name__} touches {api.name}.{name}, which does not exist")
            if known[name].streams:
                raise TypeError(f"{type(change).__name__} touches {api.name}.{name}, which is a stream")


def _then(parameter: Parameter, models: Models) -> Parameter:
    return replace(parameter, annotation=_replaced(parameter.annotation, models))


def _replaced(annotation: Any, models: Models) -> Any:
    if get_origin(annotation) is Annotated:
        return Annotated[(_replaced(get_args(annotation)[0], models), *annotation.__metadata__)]
    return models.get(annotation, annotation) if isinstance(annotation, type) else annotation


def _changed_part(annotation: Any, models: Models, seen: set[Any]) -> type[BaseModel] | None:
    """A model in there that looked otherwise."""
    for model in _models_in(annotation):
        if model in models:
            return model
        if model not in seen:
            seen.add(model)
            for info in model.model_fields.values():
                if found := _changed_part(info.annotation, models, seen):
                    return found
    return None


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(cast("type[Any]", annotation), BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
