"""The folder `openapi/`: every contract's document as a file, and beside them those that were released.

    openapi/system/crm.v1.yaml                        what the contract says now; `triptych contracts export`
    openapi/experience/partner.v1.2026-07-01.yaml     what it says to clients that are pinned to that version
    openapi/events/triptych.v1.yaml                   what all contracts tell of, as AsyncAPI 3.0
    openapi/released/system/crm.v1.yaml               what clients were promised; `triptych contracts release`

Documents go in and out by their place: `system/crm.v1.yaml`. A file is the same for the same document,
whatever the order in which the contract's source has its operations, so that a diff shows what changed.
"""

import difflib
import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

import yaml

from triptych.documents.breaking import METHODS, BreakingChange, breaking_changes
from triptych.documents.breaking_events import breaking_events
from triptych.documents.shapes import Document, UnreadableDocument

FOLDERS = ("system", "process", "experience", "events")
RELEASED = "released"
SHOWN_LINES = 12
"""How much of a difference between a file and its contract is shown."""


class BrokenPromises(Exception):
    """A release would break what was released before; `changes` has them by document."""

    def __init__(self, changes: Mapping[str, list[BreakingChange]]) -> None:
        count = sum(len(found) for found in changes.values())
        super().__init__(f"{count} breaking changes inside a released version: {', '.join(changes)}")
        self.changes = changes


@dataclass(frozen=True, slots=True)
class Drift:
    """One file that does not say what its contract says."""

    path: Path
    diff: tuple[str, ...]
    """The first lines of a unified diff, from the file to the contract."""

    def __str__(self) -> str:
        return "\n".join((f"{self.path} is out of date: run `triptych contracts export`", *self.diff))


def place(tier: str, service: str, version: int, day: date | None = None) -> str:
    """Where a contract's document lies under `openapi/`: `system/crm.v1.yaml`.

    With `day` that of an earlier dated version: `experience/partner.v1.2026-07-01.yaml`.
    """
    return f"{tier}/{service}.v{version}{f'.{day}' if day else ''}.yaml"


def as_yaml(document: Document) -> str:
    """The document as YAML 1.2 that YAML 1.1 reads alike: stable, without anchors, long texts as blocks.

    Raises TypeError where it holds what JSON cannot say.
    """
    plain = cast("dict[str, Any]", json.loads(json.dumps(document)))
    return yaml.dump(_ordered(plain), Dumper=_Readable, sort_keys=False, allow_unicode=True, width=110)


def export(folder: Path, documents: Mapping[str, Document]) -> list[Path]:
    """Write every document to its place, and delete the files of contracts that are gone.

    Answers the paths that changed. What was released stays as it is.
    """
    changed: list[Path] = []
    for where, document in documents.items():
        changed += _write(folder / where, as_yaml(document))
    return changed + _delete(_present(folder) - {folder / where for where in documents})


def drifts(folder: Path, documents: Mapping[str, Document]) -> list[Drift]:
    """The files that `export` would change: missing, out of date, or of a contract that is gone."""
    wanted = {folder / where: as_yaml(document) for where, document in documents.items()}
    found: list[Drift] = []
    for path in sorted(wanted.keys() | _present(folder)):
        written = path.read_text(encoding="utf-8") if path.exists() else ""
        if written != wanted.get(path, ""):
            found.append(Drift(path, tuple(_shortened(written, wanted.get(path, "")))))
    return found


def broken_promises(folder: Path, documents: Mapping[str, Document]) -> dict[str, list[BreakingChange]]:
    """What the documents break of those released under the same version, by place; empty lists left out.

    A released version that is gone altogether breaks every client, unless it was released as retired.
    Raises UnreadableDocument where a released file cannot be read.
    """
    found: dict[str, list[BreakingChange]] = {}
    base = folder / RELEASED
    for path in sorted(_present(base)):
        where, released = path.relative_to(base).as_posix(), read(path)
        present = documents.get(_kept_at(where, released, documents))
        if present is not None:
            changes = (breaking_events if "asyncapi" in released else breaking_changes)(released, present)
        elif _lifecycle(released).get("retired"):
            changes = []
        else:
            changes = [BreakingChange(where, "request", "the whole version is gone", "every client of it")]
        if changes:
            found[where] = changes
    return found


def retiring(folder: Path, documents: Mapping[str, Document]) -> list[str]:
    """The places of versions that were released, and are retired only now: who calls them is left behind."""
    base = folder / RELEASED
    return [
        where
        for where, document in documents.items()
        if _lifecycle(document).get("retired")
        and (base / where).exists()
        and not _lifecycle(read(base / where)).get("retired")
    ]


def release(folder: Path, documents: Mapping[str, Document]) -> list[Path]:
    """Promise the documents to clients: from now on no change inside their versions may break them.

    Drafts are not promised. Answers the paths that changed; raises BrokenPromises, and changes nothing, where
    a document breaks what was released before.
    """
    if broken := broken_promises(folder, documents):
        raise BrokenPromises(broken)
    base = folder / RELEASED
    changed: list[Path] = []
    for where, document in documents.items():
        if not _lifecycle(document).get("draft"):
            changed += _write(base / where, as_yaml(document))
    return changed + _delete(_present(base) - {base / where for where in documents})


def read(path: Path) -> dict[str, Any]:
    """The document in a file. Raises UnreadableDocument, with file and line, where it is not one."""
    try:
        document: Any = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise UnreadableDocument(f"{path}: {error}") from error
    if not isinstance(document, dict) or not document.keys() & {"openapi", "asyncapi"}:
        raise UnreadableDocument(f"{path} is no OpenAPI document, nor an AsyncAPI one")
    return cast("dict[str, Any]", document)


def _kept_at(where: str, released: Document, documents: Mapping[str, Document]) -> str:
    """Where the present document of a released version is: a later dated version may have taken its place."""
    day = released.get("info", {}).get("x-version")
    if day is None or documents.get(where, {}).get("info", {}).get("x-version") == day:
        return where
    return where if f".{day}." in where else where.replace(".yaml", f".{day}.yaml")


def _lifecycle(document: Document) -> Document:
    return document.get("info", {}).get("x-lifecycle", {})


def _present(folder: Path) -> set[Path]:
    return {path for part in FOLDERS for path in (folder / part).glob("*.v*.yaml")}


def _write(path: Path, text: str) -> list[Path]:
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return []
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return [path]


def _delete(paths: Set[Path]) -> list[Path]:
    for path in paths:
        path.unlink()
    return sorted(paths)


def _shortened(written: str, wanted: str) -> Iterator[str]:
    lines = list(
        difflib.unified_diff(written.splitlines(), wanted.splitlines(), "file", "contract", "", "", 1, "")
    )
    yield from lines[2 : 2 + SHOWN_LINES]
    if len(lines) > 2 + SHOWN_LINES:
        yield f"… and {len(lines) - 2 - SHOWN_LINES} lines more"


def _ordered(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its operations by path and method, responses by status, components by name."""
    ordered = dict(document)
    if "paths" in document:
        paths: dict[str, dict[str, Any]] = document["paths"]
        ordered["paths"] = {path: _path_item(paths[path]) for path in sorted(paths)}
    if "components" in document:
        components: dict[str, dict[str, Any]] = document["components"]
        ordered["components"] = {kind: dict(sorted(components[kind].items())) for kind in sorted(components)}
    return ordered


def _path_item(item: dict[str, Any]) -> dict[str, Any]:
    operations = {method: dict(item[method]) for method in METHODS if method in item}
    for operation in operations.values():
        if "responses" in operation:
            operation["responses"] = dict(sorted(operation["responses"].items()))
    return {**{key: value for key, value in item.items() if key not in METHODS}, **operations}


class _Readable(yaml.CSafeDumper):
    """Writes without anchors, and texts of several lines as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Readable, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)  # pyright: ignore[reportUnknownMemberType] - open in the stubs


_Readable.add_representer(str, _text)
