"""Puts the imports of generated code in order, whatever the service and its package are called."""

import sys
from collections.abc import Sequence

WIDTH = 110
OURS = frozenset({"triptych", "gateway", "demo", "systems", "processes", "experiences"})


def in_order(source: str, first_party: frozenset[str]) -> str:
    """The source with its imports in three blocks, each sorted: standard library, others, first party."""
    lines = source.split("\n")
    places = [number for number, line in enumerate(lines) if line.startswith(("from ", "import "))]
    if not places:
        return source
    statements = [lines[number] for number in places]
    blocks: list[list[str]] = [[], [], []]
    for statement in sorted(set(statements), key=_order):
        blocks[_section(statement, first_party)].append(_written(statement))
    ordered = "\n\n".join("\n".join(block) for block in blocks if block)
    return "\n".join([*lines[: places[0]], ordered, *lines[places[-1] + 1 :]])


def fitted(start: str, arguments: Sequence[str], end: str) -> str:
    """A call or signature on one line where it fits, and otherwise with an argument on each."""
    line = f"{start}{', '.join(arguments)}{end}"
    if len(line) <= WIDTH:
        return line
    indent = " " * (len(start) - len(start.lstrip()))
    return "\n".join([start, *(f"{indent}    {argument}," for argument in arguments), f"{indent}{end}"])


def _order(statement: str) -> tuple[bool, str]:
    """Plain imports before those of names, by module."""
    return statement.startswith("from "), statement.split()[1]


def _section(statement: str, first_party: frozenset[str]) -> int:
    root = statement.split()[1].partition(".")[0]
    if root in sys.stdlib_module_names:
        return 0
    return 2 if root in first_party else 1


def _written(statement: str) -> str:
    """The statement with its names in order: constants, classes, the rest."""
    start, found, imported = statement.partition(" import ")
    if not found:
        return statement
    names = sorted(imported.split(", "), key=_name_order)
    line = f"{start} import {', '.join(names)}"
    return line if len(line) <= WIDTH else fitted(f"{start} import (", names, ")")


def _name_order(name: str) -> tuple[int, str]:
    if name.isupper() and len(name) > 1:
        return 0, name
    return (1 if name[0].isupper() else 2), name
