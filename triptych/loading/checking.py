"""Checks a mapping against the contracts of the services, before anything is written."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from triptych.loading.mapping import Join, Mapping, Step
from triptych.loading.mistakes import MappingError, Mistake, did_you_mean
from triptych.loading.shapes import Each, Items, Leaf, Object, Shape, Within, all_leaves
from triptych.loading.targets import Clients, Target, collections, kinds, models, target


def checked(mapping: Mapping, steps: tuple[Step, ...], clients: Clients) -> list[Target]:
    """The target of each step. Raises MappingError naming all that the contracts do not know."""
    mistakes: list[Mistake] = []
    targets = [_target(step, clients, mistakes) for step in steps]
    for step, found in zip(steps, targets, strict=True):
        mistakes += _references(mapping, step, clients)
        if found is not None:
            mistakes += [*_keys(step, found), *_fields(step.record, found.new, step), *_states(step, found)]
    if mistakes:
        raise MappingError(mapping.path, mistakes)
    return [found for found in targets if found is not None]


def _target(step: Step, clients: Clients, mistakes: list[Mistake]) -> Target | None:
    if step.service not in clients:
        hint = did_you_mean(step.service, clients)
        mistakes.append(Mistake(step.place, f"no service called {step.service!r} runs here", hint))
        return None
    found = target(step.into, clients)
    if found is None:
        detail = f"{step.service} has no collection {step.collection!r} that records can be made in"
        mistakes.append(
            Mistake(step.place, detail, did_you_mean(step.collection, collections(clients[step.service])))
        )
    return found


def _keys(step: Step, found: Target) -> Iterator[Mistake]:
    for name in step.key:
        if name not in found.filter.model_fields:
            hint = did_you_mean(name, found.filter.model_fields.keys() - {"cursor", "limit"})
            yield Mistake(step.key_place, f"{step.into} cannot be found by {name!r}", hint)


def _fields(shape: Shape, model: type[BaseModel], owner: Step | None = None) -> Iterator[Mistake]:
    """The fields of an object that its model does not have, and for a step those that it needs."""
    if not isinstance(shape, Object):
        return
    for field in shape.fields:
        info = model.model_fields.get(field.name)
        if info is None:
            hint = did_you_mean(field.name, model.model_fields)
            yield Mistake(field.place, f"{model.__name__} has no field {field.name!r}", hint)
            continue
        for part in _parts(field.shape):
            for inner in models(info.annotation):
                yield from _fields(part, inner)
    missing = [name for name, info in model.model_fields.items() if info.is_required()]
    missing = [name for name in missing if name not in shape.names()]
    if owner is not None and missing:
        yield Mistake(owner.place, f"{owner.into} needs {', '.join(missing)}", "map it")


def _parts(shape: Shape) -> list[Shape]:
    """The objects that a shape makes, of itself or as the parts of its list."""
    match shape:
        case Object():
            return [shape]
        case Items():
            return [found for part in shape.parts for found in _parts(part)]
        case Each() | Within():
            return _parts(shape.part)
        case Leaf():
            return []


def _states(step: Step, found: Target) -> Iterator[Mistake]:
    if step.states is None:
        return
    entity: Any = found.operations[f"{step.collection}.get"].returns
    if step.states.name not in entity.model_fields:
        hint = did_you_mean(step.states.name, entity.model_fields)
        yield Mistake(step.states.place, f"{entity.__name__} has no field {step.states.name!r}", hint)
    for operation in step.states.steps.values():
        if operation not in found.moves():
            detail = f"{step.service} has no operation {operation!r} that moves {step.collection}"
            yield Mistake(step.states.place, detail, did_you_mean(operation, found.moves()))


def _references(mapping: Mapping, step: Step, clients: Clients) -> Iterator[Mistake]:
    for leaf in _all_formulas(step):
        for use in leaf.formula.references:
            place = leaf.place.after(use.offset)
            service = use.target.partition(".")[0]
            if service not in clients:
                yield Mistake(
                    place, f"no service called {service!r} runs here", did_you_mean(service, clients)
                )
                continue
            found, by = target(use.target, clients), use.by or mapping.key_of(use.target)
            if found is None:
                hint = did_you_mean(
                    use.target, [f"{service}.{name}" for name in collections(clients[service])]
                )
                yield Mistake(place, f"{use.target} is no collection", hint)
            elif not by:
                hint = f"say by which field: reference({use.target}.external_id)"
                yield Mistake(place, f"this mapping does not load {use.target}", hint)
            elif by not in found.filter.model_fields:
                hint = did_you_mean(by, found.filter.model_fields)
                yield Mistake(place, f"{use.target} cannot be found by {by!r}", hint)


def _all_formulas(step: Step) -> Iterator[Leaf]:
    yield from all_leaves(step.record)

    def of_joins(joins: tuple[Join, ...]) -> Iterator[Leaf]:
        for join in joins:
            yield join.value
            yield from of_joins(join.joins)

    yield from of_joins(step.joins)
    if step.states is not None:
        yield step.states.reach


def states_of(found: Target, name: str) -> list[str]:
    """The states that a record can be in, where its model lists them."""
    entity: Any = found.operations[f"{found.name.partition('.')[2]}.get"].returns
    return [
        str(member.value)
        for kind in kinds(entity.model_fields[name].annotation)
        for member in getattr(kind, "__members__", {}).values()
    ]
