"""What the fields of models mean: the docstrings below them, read from the source when a document is made.

pydantic can read them too (`use_attribute_docstrings`), but does so as each class is made: a fifth of the
time that a start takes, for documents that are made later or never.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import BaseModel

Docstrings = Mapping[str, str]
"""By the name of the field."""


@cache
def field_docstrings(model: type[BaseModel]) -> Docstrings:
    """The docstring of each field that has one; a field that is declared again is what it says there."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        said = _of_module(base.__module__).get(base.__qualname__, {})
        for name in inspect.get_annotations(base):
            found.pop(name, None)
            if name in said:
                found[name] = said[name]
    return found


def describe(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """Put them into the JSON schema of a model, where a field does not describe itself otherwise."""
    properties = schema.get("properties", {})
    for name, docstring in field_docstrings(model).items():
        info = model.model_fields.get(name)
        shown = properties.get(info.alias or name) if info is not None and info.description is None else None
        if shown is not None:
            shown["description"] = docstring


@cache
def _of_module(name: str) -> Mapping[str, Docstrings]:
    """The docstrings of all attributes in a module, by the qualified name of their class."""
    module = sys.modules.get(name)
    try:
        source = inspect.getsource(module) if module is not None else ""
    except (OSError, TypeError):  # it has no source, such as one that is built in
        source = ""
    return dict(_of_classes(ast.parse(source), ""))


def _of_classes(scope: ast.AST, prefix: str) -> Iterator[tuple[str, Docstrings]]:
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, ast.ClassDef):
            yield prefix + node.name, dict(_of_attributes(node.body))
            yield from _of_classes(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _of_classes(node, f"{prefix}{node.name}.<locals>.")
        else:
            yield from _of_classes(node, prefix)


def _of_attributes(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for declared, below in pairwise(body):
        match declared, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(docstring))),
            ):
                yield name, inspect.cleandoc(docstring)
            case _:
                pass
