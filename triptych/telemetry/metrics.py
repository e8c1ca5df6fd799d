"""Counts calls, and answers `/metrics` in Prometheus' text format.

Counting is a few plain additions on the event loop's thread, below a microsecond; prometheus_client, whose
own counters take a lock and a look-up of labels each time, only reads them when somebody asks.
"""

import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final, Protocol, cast

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from triptych.calling.resilience import Target
from triptych.contract import Operation

BOUNDS: Final = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0)
"""Upper bounds of the histogram's buckets, in seconds; a last one takes the rest."""
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
OK = "ok"
CANCELLED = "cancelled"
_STATES = ("closed", "half-open", "open")


def outcome_of(error: BaseException) -> str:
    """The name of the problem that a call ended in; `cancelled` where nobody waited for it any more."""
    return type(error).__name__ if isinstance(error, Exception) else CANCELLED


class OperationCounts:
    """The calls that one operation has served, or the requests for it at the gateway."""

    __slots__ = ("buckets", "name", "outcomes", "seconds", "service")

    def __init__(self, service: str, name: str) -> None:
        self.service = service
        self.name = name
        self.outcomes: dict[str, int] = {}
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def add(self, outcome: str, seconds: float | None) -> None:
        """One more call: how it ended, and how long it took where that says anything."""
        outcomes = self.outcomes
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        if seconds is not None:
            self.buckets[bisect_left(BOUNDS, seconds)] += 1
            self.seconds += seconds

    def cumulative(self) -> list[tuple[str, float]]:
        """The buckets as Prometheus has them: how many calls took at most so long."""
        total, found = 0, list[tuple[str, float]]()
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self.buckets, strict=True):
            total += count
            found.append((bound, total))
        return found


class Collects(Protocol):
    """What prometheus_client asks of a `Collector`, which need not be one by inheritance."""

    def collect(self) -> Iterable[Metric]:
        """What there is at this moment."""
        ...


class Meter:
    """What is counted in one process."""

    def __init__(self, process: str, version: str) -> None:
        self._about = {"process": process, "version": version}
        self._counts: dict[Operation, OperationCounts] = {}
        self._targets: list[tuple[str, Target]] = []
        self._more: list[Collects] = []

    def show(self, collector: Collects) -> None:
        """Show what somebody else counts."""
        self._more.append(collector)

    def counts(self, operation: Operation) -> OperationCounts:
        """The counts of one operation."""
        found = self._counts.get(operation)
        if found is None:
            found = self._counts[operation] = OperationCounts(operation.api.name, operation.name)
        return found

    def all(self) -> list[OperationCounts]:
        """The counts of every operation that was called."""
        return list(self._counts.values())

    def watch(self, service: str, target: Target) -> None:
        """Show how a service sees one of those that it calls."""
        self._targets.append((service, target))

    def text(self) -> bytes:
        """Everything, in Prometheus' text format (CONTENT_TYPE)."""
        registry = CollectorRegistry()
        registry.register(Counted("triptych_call", "Calls served", self._counts.values()))
        registry.register(_Targets(self._targets))
        registry.register(_About(self._about))
        for collector in self._more:
            registry.register(cast(Collector, collector))
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        return generate_latest(registry)


class Counted(Collector):
    """Shows counts of operations: `<name>s_total` by outcome, and `<name>_duration_seconds`."""

    def __init__(self, name: str, what: str, counts: Iterable[OperationCounts]) -> None:
        self._name = name
        self._what = what
        self._counts = list(counts)

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        """By outcome, and how long they took."""
        labels = ["service", "operation"]
        total = CounterMetricFamily(f"{self._name}s", f"{self._what}.", labels=[*labels, "outcome"])
        seconds = HistogramMetricFamily(
            f"{self._name}_duration_seconds", f"How long it took: {self._what.lower()}.", labels=labels
        )
        for found in self._counts:
            for outcome, count in tuple(found.outcomes.items()):
                total.add_metric([found.service, found.name, outcome], count)
            seconds.add_metric([found.service, found.name], found.cumulative(), found.seconds)
        yield total
        yield seconds


class _Targets(Collector):
    def __init__(self, targets: Iterable[tuple[str, Target]]) -> None:
        self._targets = list(targets)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Circuit breakers, calls under way and calls that wait, as each caller sees its targets."""
        labels = ["service", "target"]
        circuit = GaugeMetricFamily(
            "triptych_circuit", "1 for the state of the circuit breaker.", labels=[*labels, "state"]
        )
        under_way = GaugeMetricFamily("triptych_calls_under_way", "Calls sent, not answered.", labels=labels)
        waiting = GaugeMetricFamily(
            "triptych_calls_waiting", "Calls that wait for their turn.", labels=labels
        )
        for service, target in self._targets:
            for state in _STATES:
                circuit.add_metric([service, target.name, state], target.state == state)
            under_way.add_metric([service, target.name], target.under_way)
            waiting.add_metric([service, target.name], target.waiting)
        yield circuit
        yield under_way
        yield waiting


class _About(Collector):
    def __init__(self, about: dict[str, str]) -> None:
        self._about = about

    def collect(self) -> Iterator[InfoMetricFamily | GaugeMetricFamily]:
        """Which process this is."""
        yield InfoMetricFamily("triptych", "The process and its version.", self._about)
        yield GaugeMetricFamily("triptych_threads", "Threads of this process.", threading.active_count())
