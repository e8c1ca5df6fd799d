"""YAML with positions: what a mapping file says, and where; mistakes are collected, not raised one by one."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import yaml

from triptych.loading.mistakes import MappingError, Mistake, Place, did_you_mean

DEEPEST = 20
_QUOTES = "a formula with quotes, `&`, `#` or `: ` in it stands in single quotes: '\"NW-\" & productID'"


class Node:
    """One value of a YAML file: a text, a list, an object, or nothing."""

    def __init__(self, node: yaml.Node | None, mistakes: list[Mistake], depth: int = 0) -> None:
        self._node = node
        self._mistakes = mistakes
        self._depth = depth
        if depth > DEEPEST:  # an anchor inside itself has no end
            self.wrong(f"nested more than {DEEPEST} deep")
            self._node = None

    @property
    def place(self) -> Place:
        """Where it begins; inside the quotes, for a quoted text."""
        mark = self._node.start_mark if self._node else None
        if mark is None:
            return Place(1, 1)
        quoted = isinstance(self._node, yaml.ScalarNode) and self._node.style in ("'", '"')
        return Place(mark.line + 1, mark.column + 1 + quoted)

    def wrong(self, detail: str, suggestion: str = "") -> None:
        """Note a mistake here."""
        self._mistakes.append(Mistake(self.place, detail, suggestion))

    def wrong_at(self, offset: int, detail: str, suggestion: str = "") -> None:
        """Note a mistake so many characters into a text; where it has several lines, at its beginning."""
        one_line = self._node is not None and self._node.start_mark.line == self._node.end_mark.line
        place = self.place.after(offset) if one_line else self.place
        self._mistakes.append(Mistake(place, detail, suggestion))

    @property
    def is_object(self) -> bool:
        return isinstance(self._node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        return isinstance(self._node, yaml.SequenceNode)

    @property
    def is_nothing(self) -> bool:
        """Whether the value was left out: `customers.csv:`."""
        node = self._node
        return node is None or (isinstance(node, yaml.ScalarNode) and not node.style and node.value == "")

    def text(self, what: str) -> str:
        """The text as it is written, never as YAML would read it: `NO` is no boolean here."""
        if isinstance(self._node, yaml.ScalarNode) and self._node.value:
            return cast(str, self._node.value)
        self.wrong(f"{what} is a text")
        return ""

    def value(self) -> Any:
        """A plain value as YAML reads it, for tables: text, number, true, false or null."""
        if isinstance(self._node, yaml.ScalarNode):
            constructor = cast(Any, yaml.SafeLoader(""))  # typeshed leaves the node's type open
            return constructor.construct_object(self._node)
        self.wrong("a table holds plain values")
        return None

    def one_of(self, what: str, known: Iterable[str]) -> str:
        """A text that is one of these."""
        found, words = self.text(what), list(known)
        if found and found not in words:
            self.wrong(f"unknown {what} {found!r}", did_you_mean(found, words))
        return found

    def items(self, what: str) -> list["Node"]:
        """The parts of a list; a single text counts as a list of one."""
        if isinstance(self._node, yaml.SequenceNode):
            return [self._inside(part) for part in self._node.value]
        if isinstance(self._node, yaml.ScalarNode):
            return [self]
        self.wrong(f"{what} is a list")
        return []

    def entries(self, what: str) -> Iterator[tuple["Node", str, "Node"]]:
        """The fields of an object: the name with its place, the name, the value."""
        if not isinstance(self._node, yaml.MappingNode):
            self.wrong(f"{what} is an object: names, each with its value")
            return
        seen: set[str] = set()
        for key, value in self._node.value:
            name = self._inside(key)
            written = name.text("a name")
            if written in seen:
                name.wrong(f"{written!r} is here twice")
            elif written:
                seen.add(written)
                yield name, written, self._inside(value)

    def fields(self, what: str, known: Iterable[str], needed: Iterable[str] = ()) -> dict[str, "Node"]:
        """The fields of an object that may have these, and has to have those that are needed."""
        words, found = list(known), dict[str, Node]()
        for name, written, value in self.entries(what):
            if written in words:
                found[written] = value
            else:
                name.wrong(f"{what} has no {written!r}", did_you_mean(written, words))
        for name in needed:
            if self.is_object and name not in found:
                self.wrong(f"{what} lacks {name!r}")
        return found

    def _inside(self, node: yaml.Node) -> "Node":
        return Node(node, self._mistakes, self._depth + 1)


def read_yaml(path: Path, text: str, mistakes: list[Mistake]) -> Node:
    """The file's content. Raises MappingError when it is no YAML."""
    try:
        return Node(yaml.compose(text, Loader=yaml.SafeLoader), mistakes)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        line = text.splitlines()[place.line - 1] if place.line <= text.count("\n") + 1 else ""
        hint = _QUOTES if any(sign in line for sign in "\"'&#|`") else ""
        raise MappingError(path, [Mistake(place, f"no YAML: {error.problem}", hint)]) from error
    except yaml.YAMLError as error:
        raise MappingError(path, [Mistake(Place(1, 1), f"no YAML: {error}")]) from error
