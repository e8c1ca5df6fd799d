"""Reads a mapping file, and says everything that is wrong with it at once."""

import codecs
import re
from collections.abc import Mapping as Dictionary
from pathlib import Path
from typing import Any, cast

from triptych.loading.formulas import FormulaError, Tables
from triptych.loading.mapping import Existing, FileFormat, Join, Kind, Mapping, Others, States, Step
from triptych.loading.mistakes import MappingError, Mistake, Place, did_you_mean
from triptych.loading.nodes import Node, read_yaml
from triptych.loading.reading_formulas import parse
from triptych.loading.shapes import Each, Field, Items, Leaf, Object, Shape, Within

TOP = ("mapping", "title", "read", "files", "tables", "load")
FILE = ("format", "encoding", "delimiter", "quote", "columns", "continuation", "absent", "drop", "others")
STEP = ("file", "into", "key", "with", "map", "existing", "states")
JOIN = ("one", "each", "by", "is", "with")
STATES = ("field", "reach", "steps")
KINDS: Dictionary[str, Kind] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_FROM = re.compile(r"(?P<name>\S+)\s+from\s+(?P<each>each\s+)?(?P<source>.+)")


def read_mapping(path: Path) -> Mapping:
    """Read a mapping file. Raises MappingError with every mistake, and OSError where there is no file."""
    mistakes: list[Mistake] = []
    try:
        root = read_yaml(path, path.read_text(encoding="utf-8-sig"), mistakes)
    except UnicodeDecodeError as error:
        raise MappingError(path, [Mistake(Place(1, 1), f"not in UTF-8: {error.reason}")]) from error
    mapping = _Reader(path).mapping(root)
    if mistakes:
        raise MappingError(path, mistakes)
    return mapping


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._tables: Tables = {}
        self._files: dict[str, FileFormat] = {}

    def mapping(self, root: Node) -> Mapping:
        parts = root.fields("a mapping file", TOP, needed=("mapping", "files", "load"))
        defaults = parts["read"].fields("read", FILE) if "read" in parts else {}
        if "tables" in parts:
            self._tables = {name: self._table(node) for _, name, node in parts["tables"].entries("tables")}
        if "files" in parts:
            self._files = {
                name: self._file(place, name, node, defaults)
                for place, name, node in parts["files"].entries("files")
            }
        return Mapping(
            path=self._path,
            name=parts["mapping"].text("mapping") if "mapping" in parts else "",
            title=parts["title"].text("title") if "title" in parts else "",
            files=self._files,
            steps=tuple(self._step(node) for node in parts["load"].items("load")) if "load" in parts else (),
            tables=self._tables,
        )

    def _table(self, node: Node) -> dict[str, Any]:
        return {name: value.value() for _, name, value in node.entries("a table")}

    def _file(self, place: Node, name: str, node: Node, defaults: Dictionary[str, Node]) -> FileFormat:
        if name != Path(name).name or name in (".", ".."):
            place.wrong(f"{name!r} is not the name of a file in the folder")
        own = {} if node.is_nothing else node.fields("a file", FILE)
        said = {**defaults, **own}

        def word(field: str, default: str) -> str:
            return said[field].text(field) if field in said else default

        def words(field: str) -> tuple[str, ...]:
            return tuple(part.text(field) for part in said[field].items(field)) if field in said else ()

        kind = KINDS.get(Path(name).suffix.lower(), "csv")
        if "format" in said:
            kind = cast(Kind, said["format"].one_of("format", ("csv", "jsonl")))
        others = said["others"].one_of("others", ("refuse", "keep", "drop")) if "others" in said else "refuse"
        tab = Path(name).suffix.lower() == ".tsv"
        found = FileFormat(
            place=place.place,
            kind=kind,
            encoding=word("encoding", "utf-8"),
            delimiter=word("delimiter", "\t" if tab else ","),
            quote=word("quote", '"'),
            columns=words("columns"),
            continuation=word("continuation", ""),
            absent=frozenset(words("absent")),
            drop=words("drop"),
            others=cast(Others, others),
        )
        self._check_file(said, found)
        return found

    def _check_file(self, said: Dictionary[str, Node], found: FileFormat) -> None:
        try:
            codecs.lookup(found.encoding)
        except LookupError:
            said["encoding"].wrong(f"unknown encoding {found.encoding!r}", "such as utf-8 or cp1252")
        for name in ("delimiter", "quote"):
            if name in said and len(getattr(found, name)) != 1:
                said[name].wrong(f"the {name} is one character", 'a tab is "\\t"')

    def _step(self, node: Node) -> Step:
        parts = node.fields("a step", STEP, needed=("into", "key", "map"))
        key = parts.get("key", node)
        step = Step(
            file=self._file_name(parts["file"]) if "file" in parts else "",
            into=self._collection(parts["into"]) if "into" in parts else "",
            key=tuple(part.text("key") for part in key.items("key")) if "key" in parts else (),
            record=self._object(parts["map"]) if "map" in parts else Object(()),
            place=parts.get("into", node).place,
            key_place=key.place,
            joins=self._joins(parts["with"]) if "with" in parts else (),
            existing=cast(
                Existing,
                parts["existing"].one_of("existing", ("update", "keep")) if "existing" in parts else "update",
            ),
            states=self._states(parts["states"]) if "states" in parts else None,
        )
        for name in step.key:
            if "map" in parts and name and name not in step.record.names():
                key.wrong(f"the key {name!r} is not mapped", did_you_mean(name, step.record.names()))
        return step

    def _file_name(self, node: Node) -> str:
        name = node.text("file")
        if name and name not in self._files:
            node.wrong(f"{name!r} is not among the files", did_you_mean(name, self._files))
        return name

    def _collection(self, node: Node) -> str:
        found = node.text("into")
        if found and not re.fullmatch(r"[a-z0-9-]+\.[a-z0-9_]+", found):
            node.wrong(f"{found!r} is no collection", "write service and collection: crm.customers")
        return found

    def _joins(self, node: Node) -> tuple[Join, ...]:
        return tuple(self._join(name, alias, found) for name, alias, found in node.entries("with"))

    def _join(self, name: Node, alias: str, node: Node) -> Join:
        parts = node.fields("a lookup", JOIN, needed=("by",))
        kinds = [kind for kind in ("one", "each") if kind in parts]
        if node.is_object and len(kinds) != 1:
            node.wrong("a lookup has either 'one' or 'each', and names a file with it")
        by = parts["by"].text("by") if "by" in parts else ""
        same = f"`{by}`" if by else "null"
        return Join(
            alias=alias,
            file=self._file_name(parts[kinds[0]]) if kinds else "",
            each=kinds == ["each"],
            by=by,
            value=self._leaf(parts["is"])
            if "is" in parts
            else Leaf(parse(same, {}), parts["by"].place if "by" in parts else name.place),
            joins=self._joins(parts["with"]) if "with" in parts else (),
            place=name.place,
        )

    def _states(self, node: Node) -> States | None:
        parts = node.fields("states", STATES, needed=STATES)
        if len(parts) < len(STATES):
            return None
        steps = {name: step.text("an operation") for _, name, step in parts["steps"].entries("steps")}
        return States(parts["field"].text("field"), self._leaf(parts["reach"]), steps, node.place)

    def _object(self, node: Node) -> Object:
        fields: list[Field] = []
        for name, written, value in node.entries("map"):
            match = _FROM.fullmatch(written)
            field = match["name"] if match else written
            if field in [known.name for known in fields]:
                name.wrong(f"{field!r} is here twice")
            fields.append(
                Field(field, self._from(name, match, value) if match else self._shape(value), name.place)
            )
        return Object(tuple(fields))

    def _from(self, name: Node, match: re.Match[str], value: Node) -> Shape:
        source = self._parsed(name, match["source"], match.start("source"))
        return Each(source, self._shape(value)) if match["each"] else Within(source, self._shape(value))

    def _shape(self, node: Node) -> Shape:
        if node.is_object:
            return self._object(node)
        if node.is_list:
            return Items(tuple(self._shape(part) for part in node.items("a list")))
        return self._leaf(node)

    def _leaf(self, node: Node) -> Leaf:
        return self._parsed(node, node.text("a formula") or "null", 0)

    def _parsed(self, node: Node, written: str, offset: int) -> Leaf:
        try:
            formula = parse(written, self._tables)
        except FormulaError as error:
            node.wrong_at(offset + error.offset, error.detail, error.suggestion)
            formula = parse("null", {})
        place = node.place
        return Leaf(formula, place.after(offset))
