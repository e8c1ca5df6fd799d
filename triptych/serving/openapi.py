"""The OpenAPI 3.1 document of a contract, made from the class when somebody first asks for it.

FastAPI writes parameters, bodies and schemas from the contract's signatures; what it cannot know (scopes,
problems, keys, versions, the lifecycle) is added here.
"""

import inspect
from dataclasses import asdict
from datetime import date
from functools import cache
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from triptych.contract import Api, Lifecycle, Operation, as_of, flows, operations
from triptych.problems import (
    BadRequest,
    Forbidden,
    IdempotencyKeyInFlight,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    InvalidInput,
    PayloadTooLarge,
    PreconditionFailed,
    PreconditionRequired,
    Problem,
    Unauthenticated,
    UnsupportedMediaType,
)
from triptych.serving.openapi_older import describe_before, put_back

Document = dict[str, Any]

PROBLEM: Document = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "URI of the kind of problem; its page explains it."},
        "title": {"type": "string", "description": "The kind of problem in a few words."},
        "status": {"type": "integer", "description": "The HTTP status again."},
        "detail": {"type": "string", "description": "What happened this time, and what to do about it."},
        "instance": {"type": "string", "description": "The path that was asked for."},
        "request_id": {"type": "string", "description": "Quote it when you ask for help."},
        "errors": {
            "type": "array",
            "description": "Every fault in the input, and where it is.",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON Pointer, or `?name` of a parameter."},
                    "detail": {"type": "string", "description": "What is wrong there."},
                },
            },
        },
    },
    "examples": [
        {
            "type": "/problems/not-found",
            "title": "Not found",
            "status": 404,
            "detail": "There is no order ord_01jd3k7m9vq8x2c4n6b8d0f2hg.",
            "request_id": "3f9a1c0e7b5d42689c1e",
        }
    ],
}
_KEY: Document = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A value of your own, the same when you repeat the request: so nothing is done twice.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]{1,255}$"},
    "example": "7c0b9f5e-order-1042",
}


def document(api: type[Api], day: date | None = None) -> Document:
    """The OpenAPI document of a contract: of the latest version, or of the dated one that was in force."""
    contract = api.promised()
    return _document_of(contract, contract.dated.in_force(day) if day else contract.dated.latest)


@cache
def _document_of(contract: type[Api], day: date | None) -> Document:
    app = FastAPI(
        title=contract.__name__,
        version=f"{contract.version}.0",
        description=inspect.getdoc(contract) or "",
        separate_input_output_schemas=False,
    )
    by_id: dict[str, Operation] = {}
    for operation in operations(contract):
        by_id[operation.name.replace(".", "_")] = operation
        _document(app, as_of(operation, day) if day else operation)
    older = contract.dated.models(day) if day else {}
    describe_before(app, older)
    made: Document = app.openapi()
    if older:
        put_back(made, older)
    schemas: Document = made.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas["Problem"] = PROBLEM
    made["info"] |= {"x-owner": contract.owner, "x-tier": contract.tier}
    if flowing := [dict(one.described()) for one in flows(contract)]:
        made["info"]["x-data-flows"] = flowing
    if day is not None:
        made["info"]["x-version"] = day.isoformat()
    if contract.lifecycle != Lifecycle():
        made["info"]["x-lifecycle"] = _lifecycle(contract.lifecycle)
    made["components"]["securitySchemes"] = {"oauth2": _security(contract)}
    for path in made["paths"].values():
        for found in path.values():
            _complete(
                found, by_id[found["operationId"]], deprecated=contract.lifecycle.deprecated_on is not None
            )
    return made


def _lifecycle(lifecycle: Lifecycle) -> Document:
    """What is planned and not where that stands today, so that a document says the same tomorrow."""
    said = {name: value for name, value in asdict(lifecycle).items() if value}
    if lifecycle.brownouts:
        said["brownouts"] = [
            {"begins": found.begins.isoformat(), "minutes": found.minutes} for found in lifecycle.brownouts
        ]
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in said.items()}


def _document(app: FastAPI, operation: Operation) -> None:
    from triptych.serving.router import signature  # routes import FastAPI's machinery; documents are rare

    async def endpoint() -> None: ...

    documented: Any = endpoint
    documented.__signature__ = signature(operation)
    app.add_api_route(
        operation.api.base_path() + operation.path,
        endpoint,
        methods=[operation.method],
        operation_id=operation.name.replace(".", "_"),
        summary=operation.summary,
        description=operation.description,
        status_code=operation.declared.status,
        response_model=None if operation.streams or operation.returns is type(None) else operation.returns,
        tags=[operation.attribute[0].replace("_", " ")] if len(operation.attribute) > 1 else None,
    )


def _security(contract: type[Api]) -> Document:
    scopes = {
        found.scope: f"{found.scope.replace(':', ': ')}" for found in operations(contract) if found.scope
    }
    return {
        "type": "oauth2",
        "description": "OAuth 2.1: client credentials for machines, authorization code with PKCE for people.",
        "flows": {
            "clientCredentials": {"tokenUrl": "/oauth/token", "scopes": scopes},
            "authorizationCode": {
                "authorizationUrl": "/oauth/authorize",
                "tokenUrl": "/oauth/token",
                "refreshUrl": "/oauth/token",
                "scopes": scopes,
            },
        },
    }


def _complete(found: Document, operation: Operation, *, deprecated: bool) -> None:
    found["security"] = [{"oauth2": [operation.scope]}] if operation.scope else [{}, {"oauth2": []}]
    found["x-weight"] = operation.declared.weight
    if deprecated:
        found["deprecated"] = True
    if operation.declared.keyed:
        found.setdefault("parameters", []).append(_KEY)
    responses: Document = found["responses"]
    responses.pop("422", None)
    success: Document = responses[str(operation.declared.status)]
    success["description"] = _success(operation)
    if operation.streams:
        success["content"] = {"text/event-stream": {"schema": {"type": "string"}}}
    if headers := _headers(operation):
        success["headers"] = headers
    by_status: dict[int, list[type[Problem]]] = {}
    for kind in problems_of(operation):
        by_status.setdefault(kind.status, []).append(kind)
    for status, kinds in sorted(by_status.items()):
        responses[str(status)] = _problem(" · ".join(_said(kind) for kind in kinds))
    responses["default"] = _problem("Any other problem: a limit reached (429), or trouble on our side (5xx).")


def _success(operation: Operation) -> str:
    match operation.declared.status:
        case 201:
            return "Made; Location names it."
        case 202:
            return "Accepted; Location names where to watch it."
        case 204:
            return "Done; there is nothing to say."
        case _:
            return "A stream of events." if operation.streams else "Done."


def _headers(operation: Operation) -> Document:
    headers: Document = {}
    entity = isinstance(operation.returns, type) and issubclass(operation.returns, BaseModel)
    if entity and operation.safe:
        headers["ETag"] = {"schema": {"type": "string"}, "description": "Version of what is answered."}
    if operation.location:
        headers["Location"] = {"schema": {"type": "string"}, "description": "Where to look at it next."}
    return headers


def problems_of(operation: Operation) -> tuple[type[Problem], ...]:
    """The problems that an operation can answer with: those it declares, and those of what it asks for."""
    kinds: list[type[Problem]] = [Unauthenticated, InvalidInput, *operation.raises]
    if operation.scope:
        kinds.append(Forbidden)
    if operation.declared.keyed or operation.body():
        kinds.append(BadRequest)
    if operation.declared.keyed:
        kinds += [IdempotencyKeyMissing, IdempotencyKeyInFlight, IdempotencyKeyReused]
    if operation.body():
        kinds += [PayloadTooLarge, UnsupportedMediaType]
    if any(found.where == "if_match" for found in operation.parameters):
        kinds += [PreconditionFailed, PreconditionRequired]
    return tuple(dict.fromkeys(kinds))


def _said(kind: type[Problem]) -> str:
    return (inspect.getdoc(kind) or kind.title).split("\n", 1)[0]


def _problem(description: str) -> Document:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}
