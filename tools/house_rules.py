"""The rules of this house that no general linter knows, each a function whose docstring says why.

`make check` runs them over the tree. A line that has to break one says so, and why:
`# allow module_singletons: the reason`.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOTS = [
    "triptych", "gateway", "demo", "system-apis", "process-apis", "experience-apis", "bench", "tests",
    "tools",
]  # fmt: skip
LONGEST_FILE = 300
LONGEST_FUNCTION = 50
FEWEST_WORDS = 2
STATEFUL = {
    "AsyncClient", "AsyncEngine", "Client", "ConnectionPool", "DBOS", "Database", "FastAPI", "Limiter",
    "Redis", "Settings", "ThreadPoolExecutor", "create_async_engine", "create_engine", "from_url",
    "sessionmaker",
}  # fmt: skip
EMPTY_NAMES = re.compile(r"^Base[A-Z]|(Manager|Helpers?|Utils?|Base)$")
EMPTY_MODULES = {"util", "utils", "helper", "helpers", "manager", "common", "misc"}


@dataclass(frozen=True)
class Source:
    """One Python file of the project, read once for all rules."""

    path: Path
    """From the project's root."""
    text: str
    tree: ast.Module

    @property
    def is_test(self) -> bool:
        return self.path.parts[0] == "tests"


@dataclass(frozen=True)
class Finding:
    """One place where a rule is broken, and what to do about it."""

    line: int
    advice: str


def long_files(source: Source) -> Iterator[Finding]:
    """A file is read from top to bottom; past 300 lines nobody does, and two subjects share it unnoticed."""
    lines = source.text.count("\n")
    if lines > LONGEST_FILE:
        yield Finding(
            1, f"{lines} lines, more than {LONGEST_FILE}: give its second subject a file of its own"
        )


def long_functions(source: Source) -> Iterator[Finding]:
    """About 40 lines fit on a screen; past 50 a function does several things that deserve names."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LONGEST_FUNCTION:
                yield Finding(node.lineno, f"{node.name} has {lines} lines: name the steps that it takes")


def dbos_elsewhere(source: Source) -> Iterator[Finding]:
    """DBOS stays behind `ProcessEngine`: its traps (names, versions, recovery) are met in one place only."""
    if (
        source.is_test
        or source.path.is_relative_to("triptych/engine")
        or str(source.path) == "triptych/engine.py"
    ):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            modules = [node.module or ""]
        else:
            continue
        if any(module.split(".")[0] == "dbos" for module in modules):
            yield Finding(node.lineno, "imports DBOS: ask for a ProcessEngine in the constructor instead")


def module_singletons(source: Source) -> Iterator[Finding]:
    """State made by an import is shared by all tests and platforms of a process, and cannot be handed in."""
    for call in _calls_at_import(source.tree):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name in STATEFUL:
            yield Finding(call.lineno, f"{name}(…) runs at import: build it at start-up and hand it in")


def silent_except(source: Source) -> Iterator[Finding]:
    """An error that nobody sees is an order that nobody finds.

    One named error may pass, with a comment that says why it is expected.
    """
    lines = source.text.splitlines()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and all(_does_nothing(statement) for statement in node.body):
            explained = any("#" in line for line in lines[node.lineno - 1 : node.body[-1].end_lineno])
            if _is_broad(node.type) or not explained:
                yield Finding(
                    node.lineno, "swallows an error: handle it, or name the one expected and say why"
                )
        if isinstance(node, ast.Call) and _name(node.func) == "suppress" and any(map(_is_broad, node.args)):
            yield Finding(node.lineno, "suppresses every error: name the one that you expect")


def empty_names(source: Source) -> Iterator[Finding]:
    """Manager, Helper, Util and Base say nothing; the noun of the business does (style.md, rule 2)."""
    if source.path.stem in EMPTY_MODULES:
        yield Finding(1, f"a module called {source.path.stem} is about nothing: name its subject")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and EMPTY_NAMES.search(node.name):
            yield Finding(node.lineno, f"{node.name} does not say what it is: use a business noun")


def undescribed_packages(source: Source) -> Iterator[Finding]:
    """Who opens a folder reads its `__init__` first: one sentence says what the package is for."""
    if source.path.name == "__init__.py" and not source.is_test and not ast.get_docstring(source.tree):
        yield Finding(1, "say in one sentence what this package is for")


def unspoken_tests(source: Source) -> Iterator[Finding]:
    """A test's name is the sentence that a red build prints; one word explains nothing."""
    if not source.is_test:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            test, *words = node.name.split("_")
            if test == "test" and len(words) < FEWEST_WORDS:
                yield Finding(node.lineno, f"{node.name} is no sentence: say what holds, and when")


Rule = Callable[[Source], Iterator[Finding]]
RULES: list[Rule] = [
    long_files,
    long_functions,
    dbos_elsewhere,
    module_singletons,
    silent_except,
    empty_names,
    undescribed_packages,
    unspoken_tests,
]


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is_broad(error: ast.expr | None) -> bool:
    return error is None or _name(error) in ("Exception", "BaseException")


def _does_nothing(statement: ast.stmt) -> bool:
    constant = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return constant or isinstance(statement, ast.Pass | ast.Continue)


def _calls_at_import(node: ast.AST) -> Iterator[ast.Call]:
    """Every call that runs when the module is imported: all but those in the bodies of functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            for part in (*child.decorator_list, child.args):
                yield from _calls_at_import(ast.Expression(part) if isinstance(part, ast.expr) else part)
        elif not isinstance(child, ast.Lambda):
            if isinstance(child, ast.Call):
                yield child
            yield from _calls_at_import(child)


def read(path: Path, root: Path) -> Source:
    """Read one file of the project whose root is given."""
    text = path.read_text(encoding="utf-8")
    return Source(path.relative_to(root), text, ast.parse(text, str(path)))


def broken(source: Source) -> Iterator[str]:
    """Every finding in a file that is not allowed by its line, as `path:line: rule: advice`."""
    lines = source.text.splitlines() or [""]
    for rule in RULES:
        for finding in rule(source):
            allowed = re.search(rf"# allow {rule.__name__}: \S", lines[finding.line - 1])
            if not allowed:
                yield f"{source.path}:{finding.line}: {rule.__name__}: {finding.advice}"


def main(root: Path) -> int:
    """Check the whole tree; print what is wrong, and answer the exit status."""
    paths = sorted(path for folder in ROOTS for path in (root / folder).rglob("*.py"))
    findings = [finding for path in paths for finding in broken(read(path, root))]
    sys.stdout.writelines(f"{finding}\n" for finding in findings)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(Path.cwd()))
