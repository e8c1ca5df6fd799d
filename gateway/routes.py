"""Where requests go: services by `/name/vN`, operations by their path templates, compiled once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Literal

from gateway.versions import RouteVersions, versions_of
from triptych.contract import Api, Operation, Stage, Tier, operations

Audience = Literal["everyone", "internal", "nobody"]
"""Who may use a service through the gateway, given the scope: by its tier and the settings."""


@dataclass(frozen=True, slots=True, eq=False)
class Endpoint:
    """What the gateway has to know of one operation."""

    name: str
    """`partner.place_order`: names it in the audit log and in metrics."""
    method: str
    template: str
    """Path under the service's base path: `/orders/{id}`."""
    scope: str
    """Scope that the token needs; empty means open to anyone."""
    weight: int = 1
    safe: bool = True
    streams: bool = False
    timeout: float = 10.0
    """Seconds within which the answer begins."""
    body_limit: int = 0
    """Bytes that a request body may have."""
    headers: frozenset[bytes] = frozenset()
    """Header fields that are parameters of the operation, such as `triptych-session`."""

    @classmethod
    def of(cls, operation: Operation, body_limit: int) -> "Endpoint":
        """The endpoint of a contract's operation."""
        declared = operation.declared
        return cls(
            operation.full_name,
            operation.method,
            operation.path,
            operation.scope,
            declared.weight,
            operation.safe,
            operation.streams,
            declared.timeout,
            body_limit,
            frozenset(found.header.encode() for found in operation.parameters if found.where == "header"),
        )


class _Node:
    __slots__ = ("children", "endpoint", "order", "wildcard")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.wildcard: _Node | None = None
        self.endpoint: Endpoint | None = None
        self.order = 0

    def grow(self, segment: str) -> "_Node":
        if segment.startswith("{"):
            self.wildcard = self.wildcard or _Node()
            return self.wildcard
        return self.children.setdefault(segment, _Node())

    def find(self, segments: Sequence[str], at: int) -> "_Node | None":
        """The node of the endpoint at these segments.

        Where a literal and a parameter both match, the one declared first is it, as in the service's own
        router: what is authorised must be what is run.
        """
        if at == len(segments):
            return self if self.endpoint is not None else None
        segment = segments[at]
        literal = self.children.get(segment)
        found = literal.find(segments, at + 1) if literal is not None else None
        if self.wildcard is None or not segment:
            return found
        other = self.wildcard.find(segments, at + 1)
        if found is None or other is None:
            return found or other
        return found if found.order < other.order else other


class Route:
    """One version of one service: who may use it, its endpoints, and what its lifecycle says."""

    __slots__ = (
        "_methods",
        "api",
        "audience",
        "brownouts",
        "endpoints",
        "headers",
        "name",
        "prefix",
        "sunset",
        "versions",
    )

    def __init__(self, api: type[Api], audience: Audience, endpoints: Iterable[Endpoint]) -> None:
        self.api = api
        self.name = api.name
        self.prefix = api.base_path()
        self.audience: Audience = audience
        self.headers = lifecycle_headers(api)
        planned = api.lifecycle
        self.sunset = _end_of(planned.sunset_on).timestamp() if planned.sunset_on else None
        self.brownouts = tuple((one.begins.timestamp(), one.ends.timestamp()) for one in planned.brownouts)
        self.versions: RouteVersions | None = versions_of(api)
        self.endpoints = tuple(endpoints)
        self._methods: dict[str, _Node] = {}
        for order, endpoint in enumerate(self.endpoints):
            node = self._methods.setdefault(endpoint.method, _Node())
            for segment in endpoint.template.split("/")[1:]:
                node = node.grow(segment)
            if node.endpoint is None:
                node.endpoint, node.order = endpoint, order
        if "GET" in self._methods:
            self._methods.setdefault("HEAD", self._methods["GET"])

    @property
    def retired(self) -> bool:
        return self.api.lifecycle.retired

    def stage(self) -> Stage:
        """Where the version stands today."""
        return self.api.lifecycle.stage(datetime.now(UTC).date())

    def find(self, method: str, segments: Sequence[str]) -> Endpoint | None:
        """The endpoint for a split path, `["", "crm", "v1", "customers"]`; None when there is none."""
        root = self._methods.get(method)
        node = root.find(segments, 3) if root is not None else None
        return node.endpoint if node is not None else None

    def allowed(self, segments: Sequence[str]) -> list[str]:
        """The methods that the path knows, for `Allow`; empty when there is no such path."""
        found = [method for method, root in self._methods.items() if root.find(segments, 3) is not None]
        return sorted([*found, "OPTIONS"]) if found else []


class Routes:
    """All services that the gateway leads to."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.all = tuple(routes)
        self._by_name = {(route.name, f"v{route.api.version}"): route for route in self.all}

    @classmethod
    def of(cls, contracts: Iterable[type[Api]], open_systems: str, body_limit: int) -> "Routes":
        """The routes of these contracts; `open_systems` names system APIs, comma-separated, or is `*`."""
        opened = {name.strip() for name in open_systems.split(",")}
        return cls(
            Route(
                api.promised(),
                _audience(api.tier, api.name in opened or "*" in opened),
                [Endpoint.of(found, body_limit) for found in operations(api) if found.declared.public],
            )
            for api in contracts
        )

    def at(self, name: str, version: str) -> Route | None:
        """The route for the first two segments of a path: `("crm", "v1")`."""
        return self._by_name.get((name, version))

    @property
    def headers(self) -> frozenset[bytes]:
        """Every header field that is a parameter of some operation."""
        return frozenset(name for route in self.all for found in route.endpoints for name in found.headers)

    def versions(self, name: str) -> list[Route]:
        """Every version of a service, oldest first."""
        return sorted(
            (found for found in self.all if found.name == name), key=lambda route: route.api.version
        )


def _audience(tier: Tier, opened: bool) -> Audience:
    if tier == "experience":
        return "everyone"
    if tier == "process":
        return "internal"
    return "everyone" if opened else "nobody"


def _end_of(day: date) -> datetime:
    """The last second of a day."""
    return datetime.combine(day, time(23, 59, 59), UTC)


def lifecycle_headers(api: type[Api]) -> list[tuple[bytes, bytes]]:
    """`Deprecation` (RFC 9745), `Sunset` (RFC 8594) and `Link` for a version that is on its way out."""
    lifecycle = api.lifecycle
    fields: list[tuple[bytes, bytes]] = []
    if lifecycle.deprecated_on:
        moment = datetime.combine(lifecycle.deprecated_on, time(), UTC)
        fields.append((b"deprecation", b"@%d" % int(moment.timestamp())))
    if lifecycle.sunset_on:
        moment = _end_of(lifecycle.sunset_on)
        fields.append((b"sunset", format_datetime(moment, usegmt=True).encode()))
    links: list[str] = []
    if lifecycle.migration:
        if lifecycle.deprecated_on or lifecycle.retired:
            links.append(f'<{lifecycle.migration}>; rel="deprecation"; type="text/html"')
        if lifecycle.sunset_on:
            links.append(f'<{lifecycle.migration}>; rel="sunset"; type="text/html"')
    if lifecycle.successor:
        links.append(f'<{lifecycle.successor}>; rel="successor-version"')
    if links:
        fields.append((b"link", ", ".join(links).encode()))
    return fields
