"""What every answer wears on its way out: identification, security headers, and nothing of our inside."""

from gateway.exchange import Exchange, Headers

_DROPPED = frozenset(
    (
        b"connection",
        b"date",
        b"keep-alive",
        b"proxy-connection",
        b"ratelimit",
        b"ratelimit-policy",
        b"server",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"x-powered-by",
        b"x-request-id",
    )
)

_DEFAULTS: Headers = [
    (b"cache-control", b"private, no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
]


class Dress:
    """Makes a service's header fields into those that the client sees."""

    def __init__(self, base_url: str) -> None:
        self._defaults = list(_DEFAULTS)
        if base_url.startswith("https://"):
            self._defaults.append((b"strict-transport-security", b"max-age=31536000; includeSubDomains"))

    def outward(self, exchange: Exchange, headers: Headers) -> Headers:
        """`plain`, and what the filters added."""
        return [*self.plain(headers), *exchange.added, (b"x-request-id", exchange.request_id.encode())]

    def plain(self, headers: Headers) -> Headers:
        """The service's fields without those that are not its business, and defaults for what it left out.

        Names are expected in lower case.
        """
        fields = [field for field in headers if field[0] not in _DROPPED]
        named = {field[0] for field in fields}
        for default in self._defaults:
            if default[0] not in named:
                fields.append(default)
        return fields
