"""Whether the caller may: by the tier of the service, and by the scope of the operation."""

from gateway.challenge import Challenge
from gateway.exchange import Exchange, Reply, refusal
from gateway.filters import Filter
from gateway.identity import VerifiedToken
from triptych.problems import Forbidden, Unauthenticated


def authorise(challenge: Challenge) -> Filter:
    """Asks for a token where one is needed, and for the scope that the contract states.

    Experience APIs are for everyone with the scope, process APIs for clients of plan `internal`, system
    APIs only where the settings open them. An operation with an empty scope is open to anyone.
    """

    def judge(exchange: Exchange) -> Reply | None:
        route, endpoint, token = exchange.route, exchange.endpoint, exchange.token
        if route is None or endpoint is None:
            raise RuntimeError("authorise runs after route")
        audience, scope = route.audience, endpoint.scope
        if token is None:
            if audience == "everyone" and scope == "":
                return None
            missing = Unauthenticated("This needs an access token, as Authorization: Bearer.")
            return refusal(exchange, missing, challenge.missing(route.prefix))
        if token.services is not None and route.prefix not in token.services:
            other = Unauthenticated("The access token is for another service.")
            return refusal(exchange, other, challenge.invalid(other.detail, _scheme(token)))
        if audience != "everyone" and (audience == "nobody" or token.plan != "internal"):
            return refusal(exchange, Forbidden(_closed(route.name, audience == "internal")))
        if scope == "" or scope in token.scopes:
            return None
        problem = Forbidden(f"This needs the scope {scope}, which the token lacks.", scope=scope)
        return refusal(exchange, problem, challenge.insufficient(scope, route.prefix, _scheme(token)))

    return judge


def _scheme(token: VerifiedToken) -> str:
    return "Bearer" if token.thumbprint is None else "DPoP"


def _closed(name: str, process: bool) -> str:
    if process:
        return f"{name} is a process API, and those are for internal clients."
    return f"{name} is a system API, and this gateway does not open it (TRIPTYCH_OPEN_SYSTEMS)."
