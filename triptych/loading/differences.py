"""What a file says otherwise than the system: only the fields that the mapping names are compared."""

from collections.abc import Sequence
from typing import Any, cast

from pydantic import BaseModel

from triptych.loading.mistakes import Place
from triptych.loading.shapes import Each, Field, Items, Leaf, Object, Shape, Within

_NOWHERE = Place(1, 1)


def differences(
    shape: Object,
    wanted: BaseModel,
    present: BaseModel,
    *,
    kept: frozenset[str] = frozenset(),
    fill: bool = False,
) -> dict[str, Any]:
    """The merge patch (RFC 7396) that makes `present` say what `wanted` does, empty if it does already.

    `kept` are names in `extensions` that count as mapped. With `fill`, what is absent in `wanted` may be
    anything in `present`: the system filled it in.
    """
    shape = _with_kept(shape, kept) if kept else shape
    return _object(shape, wanted.model_dump(), present.model_dump(), wanted.model_dump(mode="json"), fill)


def _object(shape: Object, wanted: Any, present: Any, document: Any, fill: bool) -> dict[str, Any]:
    patch: dict[str, Any] = {}
    for field in shape.fields:
        name = field.name
        new, old, written = wanted.get(name), present.get(name), document.get(name)
        if (fill and new is None) or new == old:
            continue
        part = field.shape.part if isinstance(field.shape, Within) else field.shape
        if isinstance(part, Object) and isinstance(new, dict) and isinstance(old, dict):
            if inner := _object(part, new, old, written, fill):
                patch[name] = inner
        elif not (isinstance(part, Each | Items) and _same(part, new, old, fill)):
            patch[name] = written
    return patch


def _same(shape: Each | Items, new: Any, old: Any, fill: bool) -> bool:
    """Whether two lists say the same, as far as the mapping names the fields of their parts."""
    frame = _frame(shape)
    if frame is None or not isinstance(new, Sequence) or not isinstance(old, Sequence):
        return False
    ours, theirs = cast("Sequence[Any]", new), cast("Sequence[Any]", old)
    return len(ours) == len(theirs) and not any(
        _object(frame, one, other, one, fill) for one, other in zip(ours, theirs, strict=True)
    )


def _frame(shape: Shape) -> Object | None:
    """The fields that the parts of a list have, all together; None for a list of plain values."""
    match shape:
        case Object():
            return shape
        case Each() | Within():
            return _frame(shape.part)
        case Items():
            found = [frame for part in shape.parts if (frame := _frame(part))]
            return Object(tuple(field for frame in found for field in frame.fields)) if found else None
        case Leaf():
            return None


def _with_kept(shape: Object, kept: frozenset[str]) -> Object:
    named = next((field.shape for field in shape.fields if field.name == "extensions"), None)
    mapped = named.fields if isinstance(named, Object) else ()
    anything = Items(())
    more = tuple(
        Field(name, anything, _NOWHERE)
        for name in sorted(kept)
        if name not in {field.name for field in mapped}
    )
    others = tuple(field for field in shape.fields if field.name != "extensions")
    return Object((*others, Field("extensions", Object((*mapped, *more)), _NOWHERE)))
