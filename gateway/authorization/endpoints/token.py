"""`POST /oauth/token`: clients turn what they have into access tokens (RFC 6749 section 3.2)."""

from gateway.authorization.endpoints.exchange import FormEndpoint
from gateway.authorization.grants.api_key import ApiKeyExchange
from gateway.authorization.grants.authorization_code import AuthorizationCode
from gateway.authorization.grants.client_credentials import ClientCredentials
from gateway.authorization.grants.openid import OpenIdConnect
from gateway.authorization.grants.pkce import ProofKey
from gateway.authorization.grants.refresh_token import RefreshToken
from gateway.authorization.grants.token_exchange import TokenExchange
from gateway.authorization.server import OAuthServer
from gateway.possession import Possession


def token_endpoint(server: OAuthServer, proofs: Possession) -> FormEndpoint:
    """The endpoint, with every grant that this server knows."""
    server.register_grant(AuthorizationCode, [ProofKey(required=True), OpenIdConnect(server)])
    server.register_grant(ClientCredentials)
    server.register_grant(RefreshToken)
    server.register_grant(TokenExchange)
    server.register_grant(ApiKeyExchange)
    return FormEndpoint(server, server.create_token_response, proofs)
