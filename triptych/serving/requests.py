"""Reads the arguments of an operation from a request; says what is wrong with them, and where."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model
from starlette.requests import Request

from triptych.contract import Operation, Parameter
from triptych.problems import (
    BadRequest,
    FieldError,
    InvalidInput,
    PayloadTooLarge,
    PreconditionRequired,
    UnsupportedMediaType,
)
from triptych.validation import field_errors, invalid_input

BODY_LIMIT = 1_048_576
_ETAG = re.compile(r'^\s*(?:W/)?"([\x21\x23-\x7e]{0,64})"\s*$')
_JSON = ("application/json", "application/merge-patch+json")


class RequestReader:
    """Turns requests into the arguments of one operation."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._path = [
            (found.name, TypeAdapter[Any](found.annotation))
            for found in operation.parameters
            if found.where == "path"
        ]
        self._headers = [
            (found, TypeAdapter[Any](found.annotation))
            for found in operation.parameters
            if found.where == "header"
        ]
        self._filter = next((found for found in operation.parameters if found.where == "filter"), None)
        self._query = QueryReader(query_model(operation))
        body = operation.body()
        self._body: tuple[Parameter, TypeAdapter[Any]] | None = (
            (body, TypeAdapter(body.annotation)) if body else None
        )
        self._wants = {found.where for found in operation.parameters}

    async def read(self, request: Request) -> dict[str, Any]:
        """The arguments; raises BadRequest, InvalidInput and their kin."""
        arguments: dict[str, Any] = {}
        for name, adapter in self._path:
            arguments[name] = _checked(adapter.validate_python, request.path_params[name], name)
        query = self._query.read(request.query_params.multi_items() if request.scope["query_string"] else ())
        if self._filter is not None:
            arguments[self._filter.name] = query
        else:
            arguments.update((name, getattr(query, name)) for name in type(query).model_fields)
        for found, adapter in self._headers:
            given = request.headers.get(found.header)
            if given is not None or found.required:
                arguments[found.name] = _checked(adapter.validate_python, given, found.header)
        if "if_match" in self._wants:
            arguments["if_match"] = _if_match(request.headers.get("if-match"))
        if "last_event_id" in self._wants:
            arguments["last_event_id"] = request.headers.get("last-event-id", "")[:256]
        if self._body is not None:
            parameter, adapter = self._body
            arguments[parameter.name] = await self._read_body(request, parameter, adapter)
        return arguments

    async def _read_body(self, request: Request, parameter: Parameter, adapter: TypeAdapter[Any]) -> Any:
        raw = await _whole(request, BODY_LIMIT)
        if not raw and not parameter.required:
            return parameter.default
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in _JSON:
            raise UnsupportedMediaType(
                f"The body has to be application/json, not {kind or 'without a content type'}."[:200]
            )
        return checked_body(adapter, raw)


class QueryReader:
    """Turns the parameters of a query into their model; unknown ones are refused."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model
        self._many = {name for name, info in model.model_fields.items() if "tuple[" in str(info.annotation)}

    def read(self, pairs: Iterable[tuple[str, str]]) -> BaseModel:
        """The query; raises InvalidInput."""
        try:
            return self._model.model_validate(self._given(pairs))
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
            errors = [
                FieldError(pointer=f"?{step['pointer'][1:]}", detail=_said(step, raw, self._model))
                for step, raw in zip(field_errors(found), found, strict=True)
            ]
            raise InvalidInput(
                f"{errors[0]['pointer']}: {errors[0]['detail']}", errors=errors[:20]
            ) from error

    def _given(self, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for name, value in pairs:
            if name in self._many:
                given.setdefault(name, []).append(value)
            elif name in given:
                raise InvalidInput(
                    f"?{name} is given twice.", errors=[FieldError(pointer=f"?{name}", detail="given twice")]
                )
            else:
                given[name] = value
        return given


def checked_body(adapter: TypeAdapter[Any], raw: bytes) -> Any:
    """The body, read strictly as JSON text; raises BadRequest and InvalidInput."""
    try:
        return adapter.validate_json(raw, strict=True)
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            raise BadRequest(f"The body is not valid JSON: {error.errors()[0]['msg']}.") from error
        raise invalid_input(error) from error


def query_model(operation: Operation) -> type[BaseModel]:
    """The model of all query parameters of an operation; unknown ones are refused."""
    for found in operation.parameters:
        if found.where == "filter":
            (model,) = [kind for kind in _classes(found.annotation) if issubclass(kind, BaseModel)]
            return model
    fields: dict[str, Any] = {
        found.name: (found.annotation, ... if found.required else found.default)
        for found in operation.parameters
        if found.where == "query"
    }
    return create_model(f"{operation.name}.query", __config__=ConfigDict(extra="forbid"), **fields)


def _classes(annotation: Any) -> list[type[Any]]:
    if isinstance(annotation, type):
        return [annotation]
    return [kind for inner in getattr(annotation, "__args__", ()) for kind in _classes(inner)]


def _said(error: FieldError, raw: Mapping[str, Any], model: type[BaseModel]) -> str:
    if raw["type"] == "extra_forbidden":
        return f"unknown parameter; known are {', '.join(model.model_fields) or 'none'}"
    return error["detail"]


def _checked(validate: Callable[[Any], Any], value: Any, name: str) -> Any:
    try:
        return validate(value)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]["msg"]
        raise InvalidInput(
            f"{name}: {detail}", errors=[FieldError(pointer=f"{{{name}}}", detail=detail)]
        ) from error


def _if_match(header: str | None) -> str:
    if header is None:
        raise PreconditionRequired("Send If-Match with the ETag of the version that you change.")
    if header.strip() == "*":
        return "*"
    if (found := _ETAG.match(header)) is None:
        raise BadRequest('If-Match has to hold one ETag in quotes, as in If-Match: "3".')
    return found[1]


async def _whole(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise PayloadTooLarge(f"The body may have {limit:,} bytes at most.")
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise PayloadTooLarge(f"The body may have {limit:,} bytes at most.")
        chunks.append(chunk)
    return b"".join(chunks)
