"""What a run of the crash test does, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.crash.books import Verdict

SERVED = ("order-to-fulfillment", "procure-to-pay", "operations")
"""What runs in each replica of the process API."""


@dataclass(frozen=True)
class Plan:
    """What a run does."""

    orders: int
    purchases: int
    kills: int
    seed: int
    replicas: int = 1
    trouble: float = 0.04
    """The share of writes that go wrong in every system."""
    failing: float = 0.0
    """The share of the billing vendor's calls that fail after a second, as long as there are kills."""
    pause: float = 3.0
    """Seconds between two kills at most; they come sooner when the orders come along."""
    restarts: int = 0
    """How often the database is restarted."""
    stops: int = 0
    """How often a replica is stopped, and goes on when others have taken its work."""
    blind: bool = False
    """Whether nothing is looked for before it is repeated, to see that this test would notice."""
    every_point: bool = True
    """Whether a process has to die before and after every checkpoint and write."""
    attempts: int = 30
    """How often a step is tried."""


@dataclass
class Outcome:
    """What came of it."""

    plan: Plan
    orders: Mapping[str, int] = field(default_factory=dict[str, int])
    """In which states how many of them ended."""
    purchases: Mapping[str, int] = field(default_factory=dict[str, int])
    accepted: int = 0
    bought: int = 0
    runs: int = 0
    """How many payment runs there were."""
    parked: int = 0
    kills: int = 0
    points: int = 0
    missed: Sequence[str] = ()
    verdict: Verdict = field(default_factory=Verdict)
    seconds: float = 0.0
