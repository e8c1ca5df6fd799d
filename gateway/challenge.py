"""What a refusal says about tokens: the `WWW-Authenticate` values of this gateway."""

import re
from collections.abc import Iterable

from gateway.exchange import Exchange, Reply, refusal
from triptych.problems import Problem


class Challenge:
    """The `WWW-Authenticate` values of this gateway (RFC 6750, 3; RFC 9728, 5.1)."""

    def __init__(self, base_url: str, algorithms: Iterable[str] = ()) -> None:
        self._metadata = f"{base_url}/.well-known/oauth-protected-resource"
        self._algorithms = " ".join(algorithms)

    def missing(self, service: str = "") -> tuple[bytes, bytes]:
        """For a request that has no token at all: no error code. `service` is the path of the one called."""
        return b"www-authenticate", f"Bearer {self._tail(service)}".encode()

    def invalid(
        self, description: str, scheme: str = "Bearer", code: str = "invalid_token"
    ) -> tuple[bytes, bytes]:
        """For a token that is malformed, expired, revoked or not ours, or whose key was not proved."""
        safe = re.sub(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]", "'", description)
        proofs = f'algs="{self._algorithms}", ' if scheme == "DPoP" else ""
        value = f'{scheme} error="{code}", error_description="{safe}", {proofs}{self._tail()}'
        return b"www-authenticate", value.encode()

    def insufficient(self, scope: str, service: str = "", scheme: str = "Bearer") -> tuple[bytes, bytes]:
        """For a valid token that lacks a scope."""
        value = f'{scheme} error="insufficient_scope", scope="{scope}", {self._tail(service)}'
        return b"www-authenticate", value.encode()

    def refused(self, exchange: Exchange, problem: Problem, scheme: str = "Bearer") -> Reply:
        """A problem with a token as an answer; one that is not the token's fault is answered as it is."""
        if problem.status != 401:
            return refusal(exchange, problem)
        return refusal(exchange, problem, self.invalid(problem.detail, scheme))

    def _tail(self, service: str = "") -> str:
        return f'realm="triptych", resource_metadata="{self._metadata}{service}"'
