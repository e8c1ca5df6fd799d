"""Which columns a mapping reads, and what becomes of those that it does not: none is lost unseen."""

from collections.abc import Iterable
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field

from triptych.loading.formulas import LIST, PathUse
from triptych.loading.mapping import FileFormat, Join, Mapping, Step
from triptych.loading.mistakes import MappingError, Mistake, Place, did_you_mean
from triptych.loading.shapes import Leaf, Shape, inner, leaves

Headers = Dictionary[str, tuple[str, ...]]
"""The columns of each file; none for JSON Lines, where every row has its own."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where names are looked up: the columns of a file, and the aliases of what is joined to its rows."""

    file: str
    joins: tuple[Join, ...]

    def joined(self, alias: str) -> "_Scope | None":
        return next((_Scope(join.file, join.joins) for join in self.joins if join.alias == alias), None)


@dataclass(slots=True)
class ColumnUse:
    """The columns that a mapping reads, by file."""

    headers: Headers
    read: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    mistakes: list[Mistake] = field(default_factory=list[Mistake])

    def step(self, step: Step) -> None:
        """Note what a step reads."""
        scope = _Scope(step.file, step.joins)
        if step.file:
            self.read.setdefault(step.file, set())
        self._joins(step.joins, scope)
        self._shape(step.record, scope)
        if step.states is not None:
            self._leaf(step.states.reach, scope)

    def _joins(self, joins: tuple[Join, ...], scope: _Scope) -> None:
        for join in joins:
            if join.alias in self.headers.get(scope.file, ()):
                detail = f"{scope.file} has a column {join.alias!r}"
                self.mistakes.append(Mistake(join.place, detail, "give the lookup another name"))
            self._column(join.file, join.by, join.place)
            self._leaf(join.value, scope)
            self._joins(join.joins, _Scope(join.file, join.joins))

    def _shape(self, shape: Shape, scope: _Scope | None) -> None:
        for leaf in leaves(shape):
            if not any(leaf is part.source for part in inner(shape)):
                self._leaf(leaf, scope)
        for part in inner(shape):
            self._shape(part.part, self._within(part.source, scope))

    def _within(self, source: Leaf, scope: _Scope | None) -> _Scope | None:
        """Where the names of a part are looked up: a joined row, or an object of which nothing is known."""
        paths = source.formula.paths
        within = scope if len(paths) == 1 else None
        for step in paths[0].steps if paths else ():
            within = within.joined(step) if within and step != LIST else within
        if within is None:
            self._leaf(source, scope)
        return within

    def _leaf(self, leaf: Leaf, scope: _Scope | None) -> None:
        for path in leaf.formula.paths:
            self._path(path, leaf.place, scope)

    def _path(self, path: PathUse, place: Place, scope: _Scope | None) -> None:
        for step in path.steps:
            if scope is None:
                return
            if step == LIST:
                continue
            following = scope.joined(step)
            if following is None:
                self._column(scope.file, step, place.after(path.offset), scope.joins)
                return
            scope = following
        if scope is not None:  # the path ends at a joined row, and takes it whole
            self.read.setdefault(scope.file, set()).update((LIST, *self.headers.get(scope.file, ())))

    def _column(self, file: str, name: str, place: Place, joins: tuple[Join, ...] = ()) -> None:
        columns = self.headers.get(file, ())
        if not file:
            self.mistakes.append(Mistake(place, f"{name!r}: this step reads no file, so it has no columns"))
        elif columns and name not in columns:
            hint = did_you_mean(name, [*columns, *(join.alias for join in joins)])
            self.mistakes.append(Mistake(place, f"{file} has no column {name!r}", hint))
        else:
            self.read.setdefault(file, set()).add(name)


def column_use(mapping: Mapping, headers: Headers) -> dict[str, set[str]]:
    """The columns that are read of each file, and `[]` where rows are taken whole.

    Raises MappingError for columns that are unknown or forgotten.
    """
    use = ColumnUse(headers)
    for step in mapping.steps:
        use.step(step)
    mistakes = use.mistakes
    loaded = {step.file for step in mapping.steps}
    for name, format in mapping.files.items():
        columns, read = headers.get(name, ()), use.read.get(name)
        if read is None and format.others != "drop":
            hint = "load it, look it up, or say `others: drop`"
            mistakes.append(Mistake(format.place, f"{name} is used by no step", hint))
            continue
        for column in format.drop:
            if columns and column not in columns:
                hint = did_you_mean(column, columns)
                mistakes.append(Mistake(format.place, f"{name} has no column {column!r} to drop", hint))
        if format.others == "keep" and name not in loaded:
            detail = f"{name} is only looked up, so its other columns cannot be kept"
            mistakes.append(Mistake(format.place, detail, "map them where it is looked up"))
        elif format.others == "refuse" and (missed := forgotten(columns, read or set(), format)):
            detail = f"{name}: nothing is said of {', '.join(map(repr, missed))}"
            mistakes.append(Mistake(format.place, detail, "map them, or name them under `drop`"))
    if mistakes:
        raise MappingError(mapping.path, mistakes)
    return use.read


def forgotten(values: Iterable[str], read: set[str], format: FileFormat) -> list[str]:
    """The fields of a row that the mapping neither reads nor drops."""
    return [] if LIST in read else [name for name in values if name not in read and name not in format.drop]
