"""A service's FastAPI application: the contract's routes, health, and problems for everything else."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from triptych.problems import MethodNotAllowed, NotFound, Problem
from triptych.serving.answers import problem_response
from triptych.serving.backstop import Backstop
from triptych.serving.boundary import Boundary
from triptych.serving.callers import Callers
from triptych.serving.openapi import document
from triptych.serving.router import routes

Ready = Callable[[], Awaitable[None]]


def service_app(
    boundary: Boundary, callers: Callers, backstop: Backstop, ready: Ready, extra: APIRouter | None = None
) -> FastAPI:
    """The application of one service. `ready` raises Unavailable while the service cannot work."""
    api = boundary.api
    app = FastAPI(
        title=api.__name__, version=str(api.version), docs_url=None, redoc_url=None, openapi_url=None
    )
    app.router.redirect_slashes = False
    app.router.routes.extend(routes(boundary, callers, backstop))
    if extra is not None:
        app.include_router(extra, prefix=api.base_path())

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok", "service": api.name})

    async def readyz(request: Request) -> Response:
        try:
            await ready()
        except Problem as problem:
            return problem_response(request, problem, "")
        return JSONResponse({"status": "ready", "service": api.name})

    async def openapi(_: Request) -> Response:
        return JSONResponse(await asyncio.to_thread(document, api))

    app.add_route("/healthz", healthz)
    app.add_route("/readyz", readyz)
    app.add_route(f"{api.base_path()}/openapi.json", openapi)
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(Problem, _problem)
    return app


async def _http_problem(request: Request, error: Exception) -> Response:
    """Starlette's own refusals, in our words."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if status == 404:
        problem: Problem = NotFound("No operation has this path; the OpenAPI document lists them all.")
    elif status == 405:
        problem = MethodNotAllowed(f"This path takes {headers.get('Allow', 'other methods')}.")
    else:
        problem = Problem.from_body({"detail": str(error)}, status)
    response = problem_response(request, problem, request.headers.get("x-request-id", ""))
    response.headers.update(headers)
    return response


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(request, error, request.headers.get("x-request-id", ""))
