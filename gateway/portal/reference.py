"""Reads an OpenAPI document into what the reference page shows."""

import inspect
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import quote

from gateway.portal.schemas import Row, Schemas
from triptych.problems import Problem

Document = Mapping[str, Any]

VERBS = ("get", "post", "put", "patch", "delete")
_PLACES = {"path": "Path parameters", "query": "Query parameters", "header": "Header fields"}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of an operation."""

    status: str
    description: str
    type: str = ""
    rows: tuple[Row, ...] = ()
    headers: tuple[Row, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()
    """Title and page of each problem that it can be."""

    @property
    def good(self) -> bool:
        """Whether it is not an error."""
        return self.status.startswith("2")


@dataclass(frozen=True, slots=True)
class OperationPage:
    """One operation, with everything that is said of it."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    scope: str
    weight: int
    deprecated: bool
    parameters: tuple[tuple[str, tuple[Row, ...]], ...]
    """Heading and rows, for each place that has any."""
    body_type: str
    body: tuple[Row, ...]
    answers: tuple[Answer, ...]
    request: str
    """A curl command."""
    response_status: str
    response: str
    """What it answers with, as JSON or as a stream of events; empty when with nothing."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A whole document."""

    title: str
    description: str
    version: str
    groups: tuple[tuple[str, tuple[OperationPage, ...]], ...]
    scopes: tuple[str, ...]


def reference(document: Document, base_url: str) -> Reference:
    """What the page of a document shows; `base_url` is where its examples send their requests."""
    reader = _Reader(document, base_url)
    groups: dict[str, list[OperationPage]] = {}
    for group, page in reader.pages():
        groups.setdefault(group, []).append(page)
    info: Document = document["info"]
    scopes = {page.scope for pages in groups.values() for page in pages if page.scope}
    return Reference(
        title=info["title"],
        description=info.get("description", ""),
        version=info["version"],
        groups=tuple((name, tuple(pages)) for name, pages in groups.items()),
        scopes=tuple(sorted(scopes)),
    )


class _Reader:
    def __init__(self, document: Document, base_url: str) -> None:
        self._document = document
        self._base_url = base_url
        self._schemas = Schemas(document)

    def pages(self) -> Iterator[tuple[str, OperationPage]]:
        paths: Mapping[str, Document] = self._document["paths"]
        for path, item in paths.items():
            for verb in VERBS:
                if verb in item:
                    yield _group(path, item[verb]), self._page(verb, path, item[verb])

    def _page(self, verb: str, path: str, found: Document) -> OperationPage:
        body = _content(found.get("requestBody", {}))
        answers = tuple(self._answer(status, value) for status, value in found["responses"].items())
        status, kind, example = self._example_answer(found["responses"])
        summary = str(found.get("summary", found["operationId"])).split(". ", 1)[0]
        description = str(found.get("description", ""))
        return OperationPage(
            id=found["operationId"],
            method=verb.upper(),
            path=path,
            summary=summary,
            description="" if description.rstrip(".") == summary.rstrip(".") else description,
            scope=_scope(found),
            weight=found.get("x-weight", 1),
            deprecated=found.get("deprecated", False),
            parameters=tuple(self._parameters(found)),
            body_type=self._schemas.label(body) if body else "",
            body=self._schemas.rows(body) if body else (),
            answers=answers,
            request=self._curl(verb, path, found, example),
            response_status=status,
            response=_shown(example, kind),
        )

    def _parameters(self, found: Document) -> Iterator[tuple[str, tuple[Row, ...]]]:
        parameters: list[Document] = list(found.get("parameters", []))
        for place, heading in _PLACES.items():
            rows = tuple(self._parameter(parameter) for parameter in parameters if parameter["in"] == place)
            if rows:
                yield heading, rows

    def _parameter(self, parameter: Document) -> Row:
        schema = {"description": parameter.get("description", ""), **parameter.get("schema", {})}
        row = self._schemas.row(parameter["name"], schema, required=parameter.get("required", False))
        return replace(row, type=row.type.removesuffix(" or null"))  # left out, it is not sent

    def _answer(self, status: str, found: Document) -> Answer:
        content = _content(found)
        headers: Mapping[str, Document] = found.get("headers", {})
        described = str(found.get("description", ""))
        problem = not status.startswith("2")
        return Answer(
            status="other" if status == "default" else status,
            description=described,
            type=self._schemas.label(content) if content and not problem else "",
            rows=self._schemas.rows(content) if content and not problem else (),
            headers=tuple(
                self._schemas.row(
                    name, {"description": header.get("description", ""), **header["schema"]}, required=False
                )
                for name, header in headers.items()
            ),
            problems=tuple(problems_described(status, described)) if problem else (),
        )

    def _example_answer(self, responses: Mapping[str, Document]) -> tuple[str, str, Any]:
        for status, found in responses.items():
            if status.startswith("2"):
                kind = next(iter(found.get("content", {})), "")
                content = _content(found)
                return status, kind, self._schemas.example(content) if content else None
        return "", "", None

    def _curl(self, verb: str, path: str, found: Document, answer: Any) -> str:
        target, query = path, list[str]()
        headers = ['"Authorization: Bearer $TOKEN"'] if _scope(found) else []
        for parameter in found.get("parameters", ()):
            name, value = parameter["name"], self._value(path, parameter, answer)
            if parameter["in"] == "path":
                target = target.replace("{" + name + "}", quote(value, safe=""))
            elif parameter["in"] == "query" and parameter.get("required"):
                query.append(f"{name}={quote(value)}")
            elif parameter["in"] == "header" and parameter.get("required"):
                headers.append(_quoted(f"{name}: {value}"))
        lines = [f'"{self._base_url}{target}{"?" + "&".join(query) if query else ""}"']
        lines += [f"-H {header}" for header in headers]
        body = _content(found.get("requestBody", {}))
        if body:
            text = json.dumps(self._schemas.example(body), indent=2, ensure_ascii=False)
            lines += ["-H 'Content-Type: application/json'", f"-d {_quoted(text)}"]
        streams = "text/event-stream" in str(found["responses"].get("200", {}).get("content", ""))
        options = "-N " if streams else ""
        first = f"curl {options}" + ("" if verb == "get" else f"-X {verb.upper()} ")
        return first + " \\\n  ".join(lines)

    def _value(self, path: str, parameter: Document, answer: Any) -> str:
        """A value for a parameter: the one shown, or the one that an example answer has for it."""
        name = str(parameter["name"])
        if "example" in parameter:
            return str(parameter["example"])
        if name == "If-Match":
            return '"1"'
        for shown in (answer, self._thing_at(path, name) if parameter["in"] == "path" else None):
            value = _fields(shown).get(name)
            if isinstance(value, str | int):
                return str(value)
        made = self._schemas.example(parameter.get("schema", {}))
        return name.upper() if made in ("text", None) else str(made)

    def _thing_at(self, path: str, name: str) -> Any:
        """The example of what `/leads/{id}` answers, for the `lead_id` of `/leads/{lead_id}/convert`."""
        before = path.partition("{" + name + "}")[0]
        for other, item in self._document["paths"].items():
            rest = other.removeprefix(before)
            if rest != other and rest.startswith("{") and rest.endswith("}") and "get" in item:
                shown = _fields(self._example_answer(item["get"]["responses"])[2])
                return {**shown, name: shown.get(rest[1:-1], shown.get("id"))}
        return None


def problems_described(status: str, description: str) -> Iterator[tuple[str, str]]:
    """The kinds of problem that a document's words stand for: it joins their first lines with ` · `."""
    said = description.split(" · ")
    for kind in Problem.registry.values():
        if str(kind.status) == status and (inspect.getdoc(kind) or "").split("\n", 1)[0] in said:
            yield kind.title, f"/problems/{slug(kind)}"


def slug(kind: type[Problem]) -> str:
    """The name of a problem's page: `quota-exceeded`."""
    return kind.type_uri.rpartition("/")[2].rpartition("#")[2]


def _group(path: str, found: Document) -> str:
    """The heading that an operation stands under: its tag, or what its path speaks of first."""
    tags = found.get("tags")
    parts = path.split("/")
    return str(tags[0] if tags else parts[3] if len(parts) > 3 else "operations").replace("-", " ")


def _content(holder: Document) -> Document:
    content: Mapping[str, Document] = holder.get("content", {})
    for kind in ("application/json", "application/merge-patch+json", "text/event-stream"):
        if kind in content:
            return content[kind].get("schema", {})
    return {}


def _scope(found: Document) -> str:
    wanted = [scope for way in found.get("security", ()) for scopes in way.values() for scope in scopes]
    return wanted[0] if wanted else ""


def _shown(example: Any, kind: str) -> str:
    if kind == "text/event-stream":
        return 'id: 42\ndata: {"…": "one event"}\n\n'
    return "" if example is None else json.dumps(example, indent=2, ensure_ascii=False)


def _fields(example: Any) -> Mapping[str, Any]:
    """The fields of an example that is an object."""
    return cast("Mapping[str, Any]", example) if isinstance(example, Mapping) else {}


def _quoted(text: str) -> str:
    """As one word of a shell."""
    return "'" + text.replace("'", "'\\''") + "'"
