"""What the gateway tells of its requests, on both fronts: metrics and sampled spans.

An observer is told each exchange once it is over. The access log is one too.
"""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from gateway.edge.connection import FAILURES
from gateway.edge.lane import COMPILED, Lane
from gateway.exchange import Exchange
from gateway.routes import Endpoint
from triptych.telemetry.metrics import Counted, OperationCounts

if TYPE_CHECKING:
    from triptych.telemetry.traces import ServiceTracer

OUTCOMES: Final = ("cancelled", "1xx", "2xx", "3xx", "4xx", "5xx")
"""By the first digit of the status; `cancelled` where the client went before there was one."""
_SAMPLED: Final = frozenset("13579bdf")
"""Last digits of a `traceparent` whose trace is recorded (Trace Context, 3.2.2.5)."""


class Requests:
    """Counts requests by operation and outcome, for prometheus_client to collect.

    Pages and what leads nowhere have no operation.
    """

    def __init__(self) -> None:
        self._nowhere = OperationCounts("gateway", "")
        self._counts: dict[Endpoint, OperationCounts] = {}

    def __call__(self, exchange: Exchange, seconds: float) -> None:
        """Count one that is over; how long a stream lasts says nothing."""
        endpoint, digit = exchange.endpoint, exchange.answered // 100
        outcome = OUTCOMES[digit] if digit < 6 else OUTCOMES[5]
        if endpoint is None:
            return self._nowhere.add(outcome, seconds)
        counts = self._counts.get(endpoint) or self._counted(endpoint)
        return counts.add(outcome, None if endpoint.streams else seconds)

    def _counted(self, endpoint: Endpoint) -> OperationCounts:
        service, _, name = endpoint.name.partition(".")
        counts = self._counts[endpoint] = OperationCounts(service, name)
        return counts

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        """`triptych_requests_total` and `triptych_request_duration_seconds`."""
        return Counted(
            "triptych_request", "Requests answered", [self._nowhere, *self._counts.values()]
        ).collect()


class Spans:
    """Makes a span of each request whose trace is sampled; others cost a look at one character."""

    def __init__(self, tracer: "ServiceTracer") -> None:
        self._tracer = tracer

    def __call__(self, exchange: Exchange, seconds: float) -> None:
        """A request is over."""
        if exchange.traceparent[-1:] in _SAMPLED:
            self._tracer.over(
                exchange.traceparent,
                exchange.parent,
                exchange.method,
                exchange.path,
                exchange.answered,
                seconds,
            )


class LaneState(Collector):
    """Shows the connections of the edge, and how it sees the replicas of services."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    def collect(self) -> Collection[GaugeMetricFamily]:
        """As they are now."""
        clients = GaugeMetricFamily("triptych_client_connections", "Connections of clients.")
        clients.add_metric([], len(self._lane.swept))
        labels = ["service", "replica"]
        ejected = GaugeMetricFamily(
            "triptych_replica_ejected", "1 for one that is left alone.", labels=labels
        )
        waiting = GaugeMetricFamily("triptych_replica_requests", "Requests that wait for it.", labels=labels)
        resting = GaugeMetricFamily("triptych_replica_idle_connections", "Ready for use.", labels=labels)
        for upstream in self._lane.upstreams.values():
            for replica in upstream.replicas:
                names = [upstream.name, replica.netloc.decode()]
                ejected.add_metric(names, replica.failures >= FAILURES)
                waiting.add_metric(names, replica.active)
                resting.add_metric(names, len(replica.idle))
        compiled = GaugeMetricFamily("triptych_edge_compiled", "1 where the hot path is compiled.")
        compiled.add_metric([], COMPILED)
        return [clients, ejected, waiting, resting, compiled]
