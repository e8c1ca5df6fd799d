"""The instruments of a process: a meter always, traces where a collector is set."""

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING, Self

from triptych.contract import Operation
from triptych.settings import Settings
from triptych.telemetry.metrics import Meter, OperationCounts
from triptych.telemetry.version import VERSION

if TYPE_CHECKING:
    from triptych.telemetry.traces import ServiceTracer, Tracing


class Instruments:
    """`async with Instruments(settings, "crm") as instruments:`; its end sends what is left of the traces.

    `process` is the service, or `triptych` where all run in one; `tracing` sends the traces elsewhere. With
    tracing on, making it blocks: not for the event loop's thread.
    """

    def __init__(self, settings: Settings, process: str, tracing: "Tracing | None" = None) -> None:
        self.meter = Meter(process, VERSION)
        self._tracing = tracing
        if tracing is None and settings.otlp_endpoint:
            from triptych.telemetry.traces import Tracing, otlp

            self._tracing = Tracing([otlp(settings.otlp_endpoint)], settings.replica)

    def tracer(self, service: str) -> "ServiceTracer | None":
        """What makes a service's spans; None while tracing is off."""
        return self._tracing.of(service) if self._tracing else None

    def watch(self, service: str) -> "Watch":
        """What counts and traces the calls that a service serves."""
        return Watch(self.meter, self.tracer(service))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._tracing is not None:
            await asyncio.to_thread(self._tracing.close)


class Watch:
    """Counts the calls that one service serves; `tracer` traces them."""

    def __init__(self, meter: Meter, tracer: "ServiceTracer | None") -> None:
        self.tracer = tracer
        self._meter = meter
        self._counts: dict[Operation, OperationCounts] = {}

    def ended(self, operation: Operation, outcome: str, seconds: float | None = None) -> None:
        """Note a call: how it ended and how long it took; None for a stream, whose duration says nothing."""
        counts = self._counts.get(operation)
        if counts is None:
            counts = self._counts[operation] = self._meter.counts(operation)
        counts.add(outcome, seconds)
