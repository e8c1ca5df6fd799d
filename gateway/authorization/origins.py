"""Which web pages may call us from a browser: those of clients, and on a laptop those of localhost."""

from collections.abc import Collection
from urllib.parse import urlsplit

from gateway.authorization.clients import Clients
from gateway.authorization.redirects import LOOPBACK, origin


class AllowedOrigins:
    """The web origins that clients have registered; where we are on loopback ourselves, all of loopback."""

    def __init__(self, issuer: str, clients: Clients) -> None:
        self._clients = clients
        self._own = issuer
        self._local = urlsplit(issuer).hostname in (*LOOPBACK, "localhost")

    def __call__(self, asking: str) -> bool:
        """Whether pages of this origin, `https://shop.example`, may read our answers (CORS)."""
        return self._among(asking, self._clients.origins)

    def of_client(self, client: str, asking: str) -> bool:
        """Whether pages of this origin may use the tokens of this client; our own may use everybody's."""
        return asking == self._own or self._among(asking, self._clients.pages.get(client, ()))

    def _among(self, asking: str, registered: Collection[str]) -> bool:
        try:
            parts = urlsplit(asking)
            if parts.scheme not in ("http", "https") or origin(asking) != asking:
                return False
        except ValueError:
            return False
        if asking in registered or origin(asking, any_port=True) in registered:
            return True
        return self._local and parts.hostname in (*LOOPBACK, "localhost")
