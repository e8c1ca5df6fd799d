"""What clients need to know of this server: RFC 8414, OpenID Connect Discovery, and its public keys."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.authorization.api_keys import GRANT as API_KEY_GRANT
from gateway.authorization.client_authentication import CONFIDENTIAL_METHODS, METHODS
from gateway.authorization.keys import ALGORITHM
from gateway.authorization.public_keys import ALGORITHMS
from gateway.authorization.registration import GRANTS
from gateway.authorization.scopes import OPENID_SCOPES
from gateway.authorization.sessions import PASSWORD_ACR, TWO_FACTORS_ACR
from triptych.settings import Registration

_ENDPOINTS = ("token", "revocation", "introspection")


def metadata(
    issuer: str, scopes: Mapping[str, str], resources: Iterable[str], registration: Registration
) -> dict[str, Any]:
    """The metadata document; both well-known addresses answer with it."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "jwks_uri": f"{issuer}/oauth/jwks",
        "userinfo_endpoint": f"{issuer}/oauth/userinfo",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "end_session_endpoint": f"{issuer}/oauth/logout",
        **({} if registration == "closed" else {"registration_endpoint": f"{issuer}/oauth/register"}),
        "scopes_supported": sorted(scopes),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [*GRANTS, API_KEY_GRANT],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": METHODS,
        "revocation_endpoint_auth_methods_supported": METHODS,
        "introspection_endpoint_auth_methods_supported": CONFIDENTIAL_METHODS,
        **{f"{endpoint}_endpoint_auth_signing_alg_values_supported": ALGORITHMS for endpoint in _ENDPOINTS},
        "pushed_authorization_request_endpoint": f"{issuer}/oauth/par",
        "require_pushed_authorization_requests": False,
        "dpop_signing_alg_values_supported": ALGORITHMS,
        "protected_resources": list(resources),
        "authorization_response_iss_parameter_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "claims_supported": ["sub", "name", "email", "customer_id", "auth_time", "acr", "amr"],
        "acr_values_supported": [PASSWORD_ACR, TWO_FACTORS_ACR],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


def resource_metadata(issuer: str, scopes: Iterable[str], path: str = "") -> dict[str, Any]:
    """What a client needs to know of the gateway, or of the service at `path` (RFC 9728 section 2)."""
    return {
        "resource": issuer + path,
        "authorization_servers": [issuer],
        "scopes_supported": sorted(set(scopes) - set(OPENID_SCOPES)),
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": ALGORITHMS,
        "dpop_bound_access_tokens_required": False,
        "resource_name": f"Triptych{path.replace('/', ' ')}",
    }


def public_document(document: Callable[[], dict[str, Any]], max_age: int) -> Callable[[Request], Any]:
    """An endpoint that answers a document which everyone may read and keep for `max_age` seconds."""

    async def answer(_: Request) -> Response:
        return JSONResponse(document(), headers={"cache-control": f"public, max-age={max_age}"})

    return answer
