"""Traces: a client span where a service calls, a server span where one serves, in every placement.

Names and attributes follow OpenTelemetry's conventions for RPC spans
(https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/). While tracing is off, neither this nor the SDK
is imported.
"""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import Thread
from time import time_ns
from typing import Any, cast

from opentelemetry.context import Context as OtelContext
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import (
    SpanProcessor,
    SynchronousMultiSpanProcessor,
    TracerProvider,
)
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    set_span_in_context,
    use_span,
)

from triptych.calling.policy import Send
from triptych.context import Context
from triptych.contract import Operation
from triptych.problems import Problem
from triptych.telemetry.version import VERSION

_SERVICE = re.compile(r"/[a-z0-9-]+/v[0-9]+(?=/|$)")
LONGEST_FLUSH = 1.0
"""Seconds that the end of a process waits for a collector that does not answer."""


def otlp(endpoint: str) -> SpanProcessor:
    """Sends spans to a collector in batches, from a thread of its own (OTLP over HTTP)."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=LONGEST_FLUSH)
    return BatchSpanProcessor(exporter)


class Tracing:
    """The traces of one process. Each service has its own resource, also where they share the process.

    Making it asks the environment who this is, which blocks: not for the event loop's thread.
    """

    def __init__(self, processors: Sequence[SpanProcessor], replica: str) -> None:
        self._processor = SynchronousMultiSpanProcessor()
        for found in processors:
            self._processor.add_span_processor(found)
        self._replica = replica
        self._about = Resource.create()  # what OTEL_RESOURCE_ATTRIBUTES and the like say
        self._tracers: dict[str, ServiceTracer] = {}

    def of(self, service: str) -> "ServiceTracer":
        """The tracer of one service."""
        if service not in self._tracers:
            self._tracers[service] = ServiceTracer(self._provider(service))
        return self._tracers[service]

    def _provider(self, service: str) -> TracerProvider:
        about = {
            "service.name": service,
            "service.namespace": "triptych",
            "service.version": VERSION,
            "service.instance.id": f"{service}@{self._replica}",
        }
        return TracerProvider(
            resource=self._about.merge(Resource(about)),
            id_generator=_Ids(),
            active_span_processor=self._processor,
            shutdown_on_exit=False,
        )

    def close(self) -> None:
        """Send what is left, for LONGEST_FLUSH seconds at most. Blocks: not for the event loop's thread."""
        # the processor heeds no limit of ours while a collector takes spans and does not answer
        closing = Thread(target=self._processor.shutdown, name="closing-traces", daemon=True)
        closing.start()
        closing.join(LONGEST_FLUSH)


class ServiceTracer:
    """Makes the spans of one service: implements `triptych.calling.policy.Tracer`."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("triptych")
        self._ids = cast(_Ids, provider.id_generator)

    async def traced(self, operation: Operation, context: Context, send: Send) -> Any:
        """Send within a client span; the context's traceparent is replaced by the span's."""
        with self._spanning(operation, context, SpanKind.CLIENT) as here:
            return await send(here)

    async def served(self, operation: Operation, context: Context, serve: Send) -> Any:
        """Serve within a server span that continues the caller's trace."""
        with self._spanning(operation, context, SpanKind.SERVER) as here:
            return await serve(here)

    def over(
        self, traceparent: str, parent: str, method: str, path: str, status: int, seconds: float
    ) -> None:
        """A server span for a request from outside that is over; its id is that of `traceparent`.

        Its name leaves out what differs from call to call. `parent` is the client's span, if it named one.
        """
        end = time_ns()
        served = _SERVICE.match(path)
        name = f"{method} {served[0]}" if served else method
        attributes = {"http.request.method": method, "url.path": path, "http.response.status_code": status}
        self._ids.given = traceparent
        began = end - int(seconds * 1e9)
        span = self._tracer.start_span(name, parent_of(parent), SpanKind.SERVER, attributes, start_time=began)
        if status >= 500 or not status:  # HTTP conventions: a server fails from 500 on
            span.set_attribute("error.type", str(status) if status else "cancelled")
            span.set_status(StatusCode.ERROR)
        span.end(end)

    @contextmanager
    def _spanning(self, operation: Operation, context: Context, kind: SpanKind) -> Generator[Context]:
        attributes = {"rpc.system.name": "triptych", "rpc.method": operation.full_name}
        if kind is SpanKind.SERVER:
            attributes["triptych.request_id"] = context.request_id
        parent = parent_of(context.traceparent)
        span = self._tracer.start_span(operation.full_name, parent, kind, attributes)
        with use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield replace(context, traceparent=traceparent_of(span))
            except BaseException as error:
                _tell(span, kind, error)
                raise


class _Ids(RandomIdGenerator):
    """Ids of spans: fresh ones, or those that were told to a service already."""

    given = ""
    """A `traceparent` with the ids of the next span. Set and used without a wait in between."""

    def generate_trace_id(self) -> int:
        return int(self.given[3:35], 16) if self.given else super().generate_trace_id()

    def generate_span_id(self) -> int:
        given, self.given = self.given, ""
        return int(given[36:52], 16) if given else super().generate_span_id()


def _tell(span: Span, kind: SpanKind, error: BaseException) -> None:
    """How a call failed. What the caller did wrong is no error of the server (HTTP and RPC conventions)."""
    name = type(error).__name__
    span.set_attribute("error.type", name)
    if isinstance(error, Problem):
        span.set_attribute("rpc.response.status_code", str(error.status))
        if kind is SpanKind.SERVER and error.status < 500:
            return
    span.set_status(StatusCode.ERROR, name)


def parent_of(traceparent: str) -> OtelContext:
    """The trace to continue (W3C Trace Context), or none, which begins one."""
    if not traceparent:
        return OtelContext()
    _, trace, span, flags = traceparent.split("-")
    found = SpanContext(int(trace, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
    return set_span_in_context(NonRecordingSpan(found), OtelContext())


def traceparent_of(span: Span) -> str:
    """The span as a `traceparent` header."""
    found = span.get_span_context()
    return f"00-{found.trace_id:032x}-{found.span_id:016x}-{found.trace_flags:02x}"
