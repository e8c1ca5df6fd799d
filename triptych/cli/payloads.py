"""What somebody says of a payload at the command line, as a JSON merge patch (RFC 7396)."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import orjson

from triptych.cli.exits import MISUSED, CommandError


def patch_of(given: Iterable[str]) -> dict[str, Any]:
    """The patch for `payment.token=tok_visa` and the like; a value is JSON, or else text.

    Raises CommandError for one that is not so.
    """
    patch: dict[str, Any] = {}
    for one in given:
        path, equals, text = one.partition("=")
        names = path.strip().split(".")
        if not equals or not all(names):
            raise CommandError(f"--set {one!r} is not FIELD=VALUE, such as payment.token=tok_visa.", MISUSED)
        place = patch
        for name in names[:-1]:
            part = place.setdefault(name, {})
            if not isinstance(part, dict):
                raise CommandError(f"--set {one!r} sets a part of what was set as a whole.", MISUSED)
            place = cast("dict[str, Any]", part)
        place[names[-1]] = _value(text)
    return patch


def merge_patch(before: Mapping[str, Any], after: Any) -> dict[str, Any]:
    """The patch that makes the one of the other. Raises CommandError where that is no object."""
    if not isinstance(after, dict):
        raise CommandError("A payload is a JSON object, {…}.")
    wanted = cast("dict[str, Any]", after)
    patch: dict[str, Any] = {name: None for name in before if name not in wanted}
    for name, value in wanted.items():
        former = before.get(name)
        if isinstance(former, Mapping) and isinstance(value, dict):
            if nested := merge_patch(cast("Mapping[str, Any]", former), value):
                patch[name] = nested
        elif name not in before or value != former:
            patch[name] = value
    return patch


def _value(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
