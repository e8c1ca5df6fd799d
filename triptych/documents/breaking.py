"""What a change of an OpenAPI 3.1 document breaks, operation by operation, and for whom.

`breaking_changes(old, new)` is empty for the same document and for one that only adds: operations, optional
parameters and properties, values that a request may take, properties of responses. Request and response are
judged separately (`differences` says by which rules); a changed description, example or title is no break.

The policy where opinions differ: a value that a response's enumeration did not have is breaking (code
branches on it); a status that an operation no longer answers with is breaking (somebody handles it), a new
error status is not; a new name (`operationId`) is breaking, since generated clients call it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from triptych.documents.differences import Comparison, Direction
from triptych.documents.shapes import Document, resolved

METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]
_EVERYONE = "every client that calls it"


@dataclass(frozen=True, slots=True)
class BreakingChange:
    """One promise that the new document no longer keeps."""

    operation: str
    """`POST /crm/v1/customers`, as the old document writes it."""
    where: Direction
    """Whether what clients send is refused, or what they receive is other than they were told."""
    what: str
    whom: str
    """Which clients it breaks."""

    def __str__(self) -> str:
        return f"{self.operation}, {self.where}: {self.what}; this breaks {self.whom}"


@dataclass(frozen=True, slots=True)
class _Offer:
    """An operation with what it stands in: its document and the parameters of its path."""

    document: Document
    path: str
    operation: Mapping[str, Any]
    shared: tuple[Any, ...]

    def parameters(self) -> dict[tuple[str, str], Mapping[str, Any]]:
        """By place and name; those in the path by their position, since their names are not on the wire."""
        positions = {name: str(index) for index, name in enumerate(re.findall(r"\{(.+?)\}", self.path))}
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for node in (*self.shared, *self.operation.get("parameters", ())):
            parameter = resolved(self.document, node)
            place, name = str(parameter["in"]), str(parameter["name"])
            key = {"path": positions.get(name, name), "header": name.lower()}.get(place, name)
            found[place, key] = parameter
        return found

    def body(self) -> Mapping[str, Any] | None:
        return (
            resolved(self.document, self.operation["requestBody"])
            if "requestBody" in self.operation
            else None
        )

    def responses(self) -> dict[str, Mapping[str, Any]]:
        return {
            str(status): resolved(self.document, node)
            for status, node in self.operation.get("responses", {}).items()
        }

    def grants(self) -> list[dict[str, frozenset[str]]]:
        """What a caller may bring, each of them enough: scopes by scheme (a Security Requirement Object)."""
        needed: list[Mapping[str, list[str]]] = self.operation.get(
            "security", self.document.get("security", [])
        )
        return [{scheme: frozenset(scopes) for scheme, scopes in grant.items()} for grant in needed] or [{}]


_Found = Iterator[tuple[Direction, str, str]]


def breaking_changes(old: Document, new: Document) -> list[BreakingChange]:
    """Every promise of the old document that the new one breaks, in the old one's order.

    Raises UnreadableDocument where a `$ref` leads nowhere.
    """
    offered = _offers(new)
    found: list[BreakingChange] = []
    for key, (name, before) in _offers(old).items():
        if key not in offered:
            found.append(BreakingChange(name, "request", "the operation is gone", _EVERYONE))
            continue
        _, after = offered[key]
        for check in _CHECKS:
            found += [BreakingChange(name, *difference) for difference in check(before, after)]
    return found


def _offers(document: Document) -> dict[tuple[str, str], tuple[str, _Offer]]:
    """All operations by method and path, with the names of path parameters left out of account."""
    found: dict[tuple[str, str], tuple[str, _Offer]] = {}
    for path, node in document.get("paths", {}).items():
        item = resolved(document, node)
        for method in METHODS:
            if method in item:
                offer = _Offer(document, path, item[method], tuple(item.get("parameters", ())))
                found[method, re.sub(r"\{.+?\}", "{}", path)] = (f"{method.upper()} {path}", offer)
    return found


def _name(old: _Offer, new: _Offer) -> _Found:
    before, after = (offer.operation.get("operationId") for offer in (old, new))
    if before is not None and before != after:
        yield (
            "request",
            f"its operationId is now {after}, was {before}",
            "clients generated from the document",
        )


def _parameters(old: _Offer, new: _Offer) -> _Found:
    before, after = old.parameters(), new.parameters()
    for key, parameter in before.items():
        called = f"the {key[0]} parameter `{parameter['name']}`"
        if key not in after:
            yield "request", f"{called} is no longer accepted", "clients that send it"
            continue
        yield from _parameter(
            Comparison(old.document, new.document, "request", called), called, parameter, after[key]
        )
    for key, parameter in after.items():
        if key not in before and parameter.get("required"):
            called = f"the {key[0]} parameter `{parameter['name']}`"
            yield "request", f"{called} is now required", "clients that do not send it"


def _parameter(comparison: Comparison, called: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> _Found:
    if new.get("required") and not old.get("required"):
        yield "request", f"{called} is now required", "clients that do not send it"
    for difference in comparison.differences(_schema(old), _schema(new)):
        yield "request", difference.what, difference.whom
    before, after = _schema(old), _schema(new)
    if "default" in before and before["default"] != after.get("default") and not new.get("required"):
        meant = before["default"]
        yield "request", f"{called}, when left out, no longer means {meant!r}", "clients that leave it out"
    for keyword in ("style", "explode"):
        if old.get(keyword) != new.get(keyword):
            yield "request", f"{called} is written in another {keyword}", "clients that send it"


def _schema(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of a parameter or header, whichever of the two ways it is given in."""
    content = cast("Mapping[str, Mapping[str, Any]]", node.get("content", {}))
    for media in content.values():
        return media.get("schema", {})
    return node.get("schema", {})


def _request_body(old: _Offer, new: _Offer) -> _Found:
    before, after = old.body(), new.body()
    if after is not None and after.get("required") and not (before and before.get("required")):
        yield "request", "a body is now required", "clients that send none"
    if before is not None and after is None:
        yield "request", "the body is no longer read", "clients that send one"
    if before is not None and after is not None:
        yield from _contents(
            Comparison(old.document, new.document, "request", "the body"), "request", before, after
        )


def _contents(
    comparison: Comparison, direction: Direction, old: Mapping[str, Any], new: Mapping[str, Any]
) -> _Found:
    for media, content in old.get("content", {}).items():
        if media not in new.get("content", {}):
            whom = "clients that send it" if direction == "request" else "clients that ask for it"
            yield direction, f"{media} is gone", whom
            continue
        schemas = (side.get("schema", True) for side in (content, new["content"][media]))
        for difference in comparison.differences(*schemas):
            yield direction, difference.what, difference.whom


def _responses(old: _Offer, new: _Offer) -> _Found:
    before, after = old.responses(), new.responses()
    for status, response in before.items():
        if status not in after:
            yield "response", f"the status {status} is gone", f"clients that act on {status}"
            continue
        comparison = Comparison(old.document, new.document, "response", f"the body of {status}")
        yield from _contents(comparison, "response", response, after[status])
        yield from _headers(old, new, response, after[status])
    for status in after.keys() - before.keys():
        if status[0] in "23":
            yield "response", f"it may now answer {status}", "clients that know the former successes"


def _headers(old: _Offer, new: _Offer, response: Mapping[str, Any], after: Mapping[str, Any]) -> _Found:
    now = {name.lower(): node for name, node in after.get("headers", {}).items()}
    for name, node in response.get("headers", {}).items():
        if name.lower() not in now:
            yield "response", f"the header {name} is gone", "clients that read it"
            continue
        comparison = Comparison(old.document, new.document, "response", f"the header {name}")
        before = _schema(resolved(old.document, node))
        for difference in comparison.differences(before, _schema(resolved(new.document, now[name.lower()]))):
            yield "response", difference.what, difference.whom


def _security(old: _Offer, new: _Offer) -> _Found:
    for grant in old.grants():
        enough = any(
            all(scheme in grant and scopes <= grant[scheme] for scheme, scopes in needed.items())
            for needed in new.grants()
        )
        if not enough:
            needs = " or ".join(_told(needed) for needed in new.grants())
            yield "request", f"it now asks for {needs}", f"clients that come with {_told(grant)}"


def _told(grant: Mapping[str, frozenset[str]]) -> str:
    return " and ".join(" ".join(sorted(scopes)) or scheme for scheme, scopes in grant.items()) or "no token"


_CHECKS: list[Callable[[_Offer, _Offer], _Found]] = [
    _name,
    _security,
    _parameters,
    _request_body,
    _responses,
]
