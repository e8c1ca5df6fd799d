"""Finds the mapping for a folder: the one that is named, the folder's own, or an installed one that fits."""

from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path

from triptych.loading.mapping import Mapping
from triptych.loading.reading_mappings import read_mapping

IMPORTS = "triptych.imports"
"""Entry points that name packages with mapping files in them: `northwind = "demo.imports.northwind"`."""
OWN_NAMES = ("triptych.yaml", "mapping.yaml")


class NoMapping(Exception):
    """Nothing says how to load a folder; the message says what was looked for."""


def find_mapping(folder: Path, named: Path | None = None) -> Mapping:
    """The mapping for a folder. Raises NoMapping, MappingError for one that cannot be used, and OSError.

    First the one that is named; then `triptych.yaml` or `mapping.yaml` in the folder; then the installed one
    whose files the folder all has, the one with the most files before others.
    """
    if not folder.is_dir():
        raise NoMapping(f"{folder} is no folder")
    if named is not None:
        return read_mapping(named)
    for own in OWN_NAMES:
        if (folder / own).is_file():
            return read_mapping(folder / own)
    known = [read_mapping(path) for path in installed_mappings()]
    fitting = [mapping for mapping in known if mapping.fits(folder)]
    if not fitting:
        names = f" ({', '.join(mapping.name for mapping in known)})" if known else ""
        raise NoMapping(
            f"{folder} has no {' or '.join(OWN_NAMES)}, and no installed mapping{names} fits its files; "
            "name one with --mapping"
        )
    return max(fitting, key=lambda mapping: len(mapping.files))


def installed_mappings() -> Iterator[Path]:
    """The mapping files of all installed packages that have some."""
    for entry in sorted(entry_points(group=IMPORTS), key=lambda found: found.name):
        for found in files(entry.load()).iterdir():
            if found.name.endswith(".yaml") and isinstance(found, Path):
                yield found
