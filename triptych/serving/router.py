"""The FastAPI routes of a contract: made from the class, so that nothing is written twice."""

import inspect
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Annotated, Any

from fastapi import Header, Query
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from triptych.canonical.docstrings import field_docstrings
from triptych.contract import Operation, operations
from triptych.problems import Problem
from triptych.serving.answers import AnswerWriter, event_stream, problem_response
from triptych.serving.backstop import Backstop
from triptych.serving.boundary import Boundary
from triptych.serving.callers import Callers
from triptych.serving.requests import RequestReader, query_model

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


class ContractRoute(APIRoute):
    """A FastAPI route whose requests are read by the contract's own reader.

    FastAPI matches and mounts it as any other. Reading the body as JSON text rather than as Python objects
    lets types be strict (a string is no number), and costs a fraction. The documents are made by FastAPI
    from `signature`, when somebody first asks for them: see `triptych.serving.openapi`.
    """

    def get_route_handler(self) -> Endpoint:
        """The endpoint reads the request itself."""
        return self.endpoint


def routes(boundary: Boundary, callers: Callers, backstop: Backstop) -> list[ContractRoute]:
    """One route for each operation, in the contract's order."""
    return [_route(operation, boundary, callers, backstop) for operation in operations(boundary.api)]


def _route(operation: Operation, boundary: Boundary, callers: Callers, backstop: Backstop) -> ContractRoute:
    return ContractRoute(
        operation.api.base_path() + operation.path,
        backstop.limited(operation, _endpoint(operation, boundary, callers)),
        methods=[operation.method],
        name=operation.full_name,
        status_code=operation.declared.status,
        response_model=None,
        include_in_schema=False,
    )


def _endpoint(operation: Operation, boundary: Boundary, callers: Callers) -> Endpoint:
    @cache  # most operations of a process that runs everything are never asked for over HTTP
    def both_ways() -> tuple[RequestReader, AnswerWriter]:
        return RequestReader(operation), AnswerWriter(operation)

    async def endpoint(request: Request) -> Response:
        request_id = ""
        reader, writer = both_ways()
        try:
            context = callers.context(request, operation)
            request_id = context.request_id
            boundary.authorise(operation, context)  # before anything is read of what a stranger sent
            arguments = await reader.read(request)
            if operation.streams:
                events = boundary.stream(operation, context, arguments)
                return event_stream(operation, events, await anext(events, None))
            result = await boundary.invoke(operation, context, arguments)
            return writer.write(request, context, result)
        except Problem as problem:
            return problem_response(request, problem, request_id)

    # slowapi counts by module and name; without their own, all endpoints would share one bucket.
    endpoint.__module__ = f"{operation.api.__module__}.{operation.api.__name__}"
    endpoint.__name__ = operation.name
    endpoint.__doc__ = operation.description
    return endpoint


def signature(operation: Operation) -> inspect.Signature:
    """What FastAPI documents: the contract's parameters where they travel."""
    parameters: list[inspect.Parameter] = []
    for found in operation.parameters:
        annotation, default = found.annotation, found.default
        match found.where:
            case "filter":
                annotation, default = _described(query_model(operation)), inspect.Parameter.empty
            case "if_match":
                annotation = Annotated[
                    str, Header(alias="If-Match", description="ETag of the version changed.")
                ]
            case "last_event_id":
                annotation = Annotated[str, Header(alias="Last-Event-ID", description="Last event seen.")]
            case _:
                pass
        parameters.append(
            inspect.Parameter(
                found.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
            )
        )
    return inspect.Signature(parameters)


def _described(model: type[BaseModel]) -> Any:
    """The parameters of a query; FastAPI reads what they mean from the fields, so it is put there."""
    for name, docstring in field_docstrings(model).items():
        if (field := model.model_fields.get(name)) is not None and field.description is None:
            field.description = docstring
    return Annotated[model, Query()]
