"""Every path of the authorization server, in one list."""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.authorization.cookies import Cookies, FormTokens
from gateway.authorization.endpoints import account, logout, registering, visit
from gateway.authorization.endpoints.account import AccountEndpoint
from gateway.authorization.endpoints.authorize import AuthorizeEndpoint
from gateway.authorization.endpoints.discovery import metadata, public_document, resource_metadata
from gateway.authorization.endpoints.entrance import Entrance
from gateway.authorization.endpoints.introspection import introspection_endpoint
from gateway.authorization.endpoints.logout import LogoutEndpoint
from gateway.authorization.endpoints.presented import PresentedTokens
from gateway.authorization.endpoints.pushing import pushing_endpoint
from gateway.authorization.endpoints.registering import RegistrationEndpoint
from gateway.authorization.endpoints.revocation import revocation_endpoint
from gateway.authorization.endpoints.token import token_endpoint
from gateway.authorization.endpoints.userinfo import UserInfoEndpoint
from gateway.authorization.keys import JWKS_SECONDS
from gateway.authorization.pages import STATIC_FILES, Pages
from gateway.authorization.parts import Parts
from gateway.authorization.server import OAuthServer
from triptych.problems import Problem

Answer = Callable[[Request], Awaitable[Response]]
_RESOURCE = "/.well-known/oauth-protected-resource"
STATIC_PATH = "/oauth/static/"


def application(parts: Parts, pages: Pages) -> Starlette:
    """The ASGI application for `/oauth/…` and `/.well-known/…`."""
    return Starlette(
        routes=_routes(parts, pages),
        exception_handlers={HTTPException: _no_such_thing, Problem: _unable},
    )


def _routes(parts: Parts, pages: Pages) -> Sequence[Route]:
    server = OAuthServer(parts.issuer, parts.scopes, parts.stores, parts.resources)
    cookies = Cookies(parts.issuer)
    forms = FormTokens(parts.form_key, cookies)
    everything = metadata(server.issuer, server.scopes, sorted(server.resources), parts.registration)
    resource = resource_metadata(server.issuer, server.scopes)
    described = public_document(lambda: everything, max_age=300)
    entrance = Entrance(parts, pages, cookies, forms)
    signing_in = AuthorizeEndpoint(server, parts, pages, cookies, forms, entrance)
    at_home = AccountEndpoint(parts, pages, cookies, forms, entrance)
    signing_out = LogoutEndpoint(server.issuer, parts, pages, cookies, forms)
    presented = PresentedTokens(parts.stores.verifier, parts.proofs)
    userinfo = UserInfoEndpoint(parts.stores.users, presented)
    pushing = pushing_endpoint(server, parts.pushed, parts.lifetimes, parts.proofs)
    return [
        Route(visit.PATH, signing_in.answer, methods=["GET", "POST"]),
        Route("/oauth/token", token_endpoint(server, parts.proofs).answer, methods=["POST"]),
        Route("/oauth/par", pushing.answer, methods=["POST"]),
        Route("/oauth/revoke", revocation_endpoint(server).answer, methods=["POST"]),
        Route("/oauth/introspect", introspection_endpoint(server).answer, methods=["POST"]),
        *_registering(server, presented, parts),
        Route("/oauth/userinfo", userinfo.answer, methods=["GET", "POST"]),
        Route(account.PATH, at_home.answer, methods=["GET", "POST"]),
        Route(logout.PATH, signing_out.answer, methods=["GET", "POST"]),
        Route("/oauth/jwks", public_document(parts.keys.public, max_age=JWKS_SECONDS)),
        Route("/.well-known/oauth-authorization-server", described),
        Route("/.well-known/openid-configuration", described),
        Route(_RESOURCE, public_document(lambda: resource, max_age=300)),
        *(
            Route(_RESOURCE + path, _resource(server.issuer, scopes, path))
            for path, scopes in parts.resources.items()
        ),
        *(Route(STATIC_PATH + name, _static(pages.files[name], kind)) for name, kind in STATIC_FILES.items()),
    ]


def _registering(server: OAuthServer, presented: PresentedTokens, parts: Parts) -> list[Route]:
    """The endpoint where clients register themselves, unless nobody may."""
    if parts.registration == "closed":
        return []
    private = parts.outside.allow_private
    endpoint = RegistrationEndpoint(server, presented, parts.registration, private=private)
    managed = Route(f"{registering.PATH}/{{client_id}}", endpoint.manage, methods=["GET", "PUT", "DELETE"])
    return [Route(registering.PATH, endpoint.answer, methods=["POST"]), managed]


def _resource(issuer: str, scopes: Iterable[str], path: str) -> Answer:
    document = resource_metadata(issuer, scopes, path)
    return public_document(lambda: document, max_age=300)


def _static(content: bytes, kind: str) -> Answer:
    async def answer(_: Request) -> Response:
        kept = {"cache-control": "public, max-age=31536000, immutable"}
        return Response(content, media_type=kind, headers=kept)

    return answer


async def _no_such_thing(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = {404: "There is nothing at this path", 405: "This path does not take this method"}
    description = words.get(error.status_code, "This request cannot be answered")
    body = {"error": "invalid_request", "error_description": description}
    return JSONResponse(body, error.status_code, {"cache-control": "no-store", **(error.headers or {})})


async def _unable(_: Request, error: Exception) -> Response:
    """The database cannot be reached, or has too much to do."""
    assert isinstance(error, Problem)
    body = {"error": "temporarily_unavailable", "error_description": error.detail.replace('"', "'")}
    headers = {"cache-control": "no-store"}
    if error.retry_after is not None:
        headers["retry-after"] = str(max(1, round(error.retry_after)))
    return JSONResponse(body, error.status, headers)
