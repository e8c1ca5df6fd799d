"""What a client may use: plans with a burst and quotas, the shipped ones and those from the settings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

WINDOWS: Mapping[str, int] = {"burst": 1, "minute": 60, "hour": 3600, "day": 86_400, "month": 2_592_000}
"""Seconds of the window that each policy counts in; a month is 30 days."""
CONCURRENCY = "concurrency"


@dataclass(frozen=True, slots=True)
class Quota:
    """So many units in any window of so many seconds."""

    name: str
    units: int
    window: int

    def __post_init__(self) -> None:
        if self.units < 1 or self.window < 1:
            raise ValueError(f"quota {self.name!r} needs at least 1 unit in at least 1 second")

    @property
    def policy(self) -> str:
        """As a `RateLimit-Policy` item (draft-ietf-httpapi-ratelimit-headers)."""
        return f'"{self.name}";q={self.units};w={self.window}'


@dataclass(frozen=True, slots=True)
class Plan:
    """A burst, which refills steadily, exact quotas over moving windows, and how much may run at once."""

    name: str
    burst: Quota
    quotas: tuple[Quota, ...] = ()
    closed: bool = False
    """Whether to refuse, rather than go on with a share, while shared counters cannot be reached."""
    concurrency: int | None = None
    """Requests that may be under way at once, at each gateway; None where any number may."""
    policy: bytes = field(init=False)
    """The value of `RateLimit-Policy`."""

    def __post_init__(self) -> None:
        if self.concurrency is not None and self.concurrency < 1:
            raise ValueError(f"plan {self.name!r} needs at least 1 request at once")
        policies = ", ".join(quota.policy for quota in (self.burst, *self.quotas))
        if self.concurrency is not None:
            policies += f', "{CONCURRENCY}";q={self.concurrency};qu="concurrent-requests"'
        object.__setattr__(self, "policy", policies.encode())


def plan(name: str, units: Mapping[str, int]) -> Plan:
    """A plan from its units by window: `plan("gold", {"burst": 50, "day": 500_000, "concurrency": 20})`.

    Raises `ValueError` for a window that does not exist, and where there is no burst.
    """
    unknown = set(units) - set(WINDOWS) - {CONCURRENCY}
    if unknown or "burst" not in units:
        wrong = f"has unknown windows {sorted(unknown)}" if unknown else "has no burst"
        raise ValueError(f"plan {name!r} {wrong}; windows are {', '.join(WINDOWS)}, and {CONCURRENCY}")
    quotas = [Quota(window, units[window], WINDOWS[window]) for window in WINDOWS if window in units]
    at_once = units.get(CONCURRENCY)
    return Plan(name, quotas[0], tuple(quotas[1:]), closed=name == "oauth", concurrency=at_once)


SHIPPED: Mapping[str, Mapping[str, int]] = {
    "anonymous": {"burst": 20, "day": 20_000, "concurrency": 50},
    "oauth": {"burst": 200},
    "hooks": {"burst": 500},
    "free": {"burst": 20, "day": 10_000, "month": 200_000, "concurrency": 20},
    "partner": {"burst": 100, "day": 500_000, "month": 10_000_000, "concurrency": 100},
    "internal": {"burst": 2_000, "day": 100_000_000, "concurrency": 2_000},
}
"""By address: `anonymous` for requests without a token, `oauth` for those to the authorization server, and
`hooks` for webhooks."""


class Plans:
    """The plans of this installation, by name."""

    def __init__(self, more: Mapping[str, Mapping[str, int]] | None = None) -> None:
        self._plans = {name: plan(name, units) for name, units in {**SHIPPED, **(more or {})}.items()}

    def __iter__(self) -> Iterator[Plan]:
        return iter(self._plans.values())

    def named(self, name: str) -> Plan:
        """The plan of that name; a name that nobody knows gets the smallest, `free`."""
        return self._plans.get(name) or self._plans["free"]

    @property
    def oauth(self) -> Plan:
        """For requests to the authorization server."""
        return self._plans["oauth"]

    @property
    def hooks(self) -> Plan:
        """For webhooks."""
        return self._plans["hooks"]

    @property
    def anonymous(self) -> Plan:
        """For requests without a token."""
        return self._plans["anonymous"]
