"""Traces: one for what a client asked for, through every tier, in every placement; nothing when off."""

import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from experiences.partner.contract import OrderQuery, Partner, ProductQuery
from systems.crm.contract import Crm
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.context import Context, entered
from triptych.problems import NotFound
from triptych.settings import Settings, Topology
from triptych.telemetry.instruments import Instruments
from triptych.telemetry.traces import Tracing, parent_of

NEEDED = [
    "partner",
    "inventory-availability",
    "order-to-fulfillment",
    "crm",
    "erp",
    "warehouse",
    "billing",
    "marketing",
]
TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = f"00-{TRACE}-b7ad6b7169203331-01"


class Collected:
    """A platform whose spans stay in memory."""

    def __init__(self, platform: Platform, spans: InMemorySpanExporter) -> None:
        self.partner = platform.client(Partner, "gateway")
        self._spans = spans

    def spans(self) -> list[ReadableSpan]:
        """Those that have ended, the first to begin first."""
        return sorted(self._spans.get_finished_spans(), key=lambda span: span.start_time or 0)


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """Where spans go."""
    return InMemorySpanExporter()


@pytest.fixture
def tracing(spans: InMemorySpanExporter) -> Tracing:
    """Tracing into memory."""
    return Tracing([SimpleSpanProcessor(spans)], "local")


@pytest.fixture(params=["embedded", "wire"])
async def collected(
    request: pytest.FixtureRequest, tmp_path: Path, spans: InMemorySpanExporter, tracing: Tracing
) -> AsyncGenerator[Collected]:
    """Three tiers, traced."""
    topology: Topology = request.param
    settings = Settings(data=tmp_path, topology=topology)
    async with (
        Instruments(settings, "triptych", tracing) as instruments,
        Platform(settings, installed(NEEDED), instruments) as platform,
    ):
        yield Collected(platform, spans)


async def test_one_trace_goes_through_all_three_tiers(collected: Collected) -> None:
    with entered(Context(traceparent=CALLER)):
        await collected.partner.find_orders(OrderQuery())

    spans = collected.spans()
    ids = {span.context.span_id: span for span in spans if span.context}

    def path(span: ReadableSpan) -> list[str]:
        above = ids.get(span.parent.span_id) if span.parent else None
        return [*(path(above) if above else []), f"{span.kind.name} {span.name}"]

    assert {span.context.trace_id for span in spans if span.context} == {int(TRACE, 16)}
    assert max((path(span) for span in spans), key=len) == [
        "CLIENT partner.find_orders",
        "SERVER partner.find_orders",
        "CLIENT order-to-fulfillment.find_orders",
        "SERVER order-to-fulfillment.find_orders",
        "CLIENT erp.orders.find",
        "SERVER erp.orders.find",
    ]
    assert spans[0].parent is not None
    assert spans[0].parent.span_id == 0xB7AD6B7169203331


async def test_each_service_names_itself_and_says_how_a_call_ended(collected: Collected) -> None:
    with entered(Context(traceparent=CALLER, request_id="req-12345678")), pytest.raises(NotFound):
        await collected.partner.inventory("MOON-1")

    client, server = collected.spans()[:2]
    assert (client.kind, server.kind) == (SpanKind.CLIENT, SpanKind.SERVER)
    assert client.resource.attributes["service.name"] == "gateway"
    assert server.resource.attributes["service.name"] == "partner"
    assert client.attributes == {
        "rpc.system.name": "triptych",
        "rpc.method": "partner.inventory",
        "rpc.response.status_code": "404",
        "error.type": "NotFound",
    }
    assert (server.attributes or {})["triptych.request_id"] == "req-12345678"
    assert client.status.status_code is StatusCode.ERROR
    assert server.status.status_code is StatusCode.UNSET, "what a caller did wrong is no error of the server"


async def test_a_trace_that_the_caller_does_not_sample_is_not_collected(collected: Collected) -> None:
    with entered(Context(traceparent=CALLER[:-2] + "00")):
        await collected.partner.find_products(ProductQuery())

    assert collected.spans() == []


def test_a_call_without_a_trace_begins_one() -> None:
    assert not parent_of("")
    assert parent_of(CALLER)


class Collector(BaseHTTPRequestHandler):
    """Takes OTLP over HTTP."""

    received: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        self.received.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def received() -> list[tuple[str, bytes]]:
    """Path and body of what the collector got."""
    return []


@pytest.fixture
def sending(received: list[tuple[str, bytes]], tmp_path: Path) -> Generator[tuple[Settings, Instruments]]:
    """Instruments that send to a collector."""
    with HTTPServer(("127.0.0.1", 0), type("Taking", (Collector,), {"received": received})) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        settings = Settings(data=tmp_path, otlp_endpoint=f"http://127.0.0.1:{server.server_port}/")
        yield settings, Instruments(settings, "triptych")
        server.shutdown()
        thread.join()


async def test_spans_are_sent_to_the_collector_when_the_process_ends(
    sending: tuple[Settings, Instruments], received: list[tuple[str, bytes]]
) -> None:
    settings, instruments = sending
    async with instruments, Platform(settings, installed(["crm"]), instruments) as platform:
        await platform.client(Crm).customers.find(None)

    assert {path for path, _ in received} == {"/v1/traces"}
    names: set[str] = set()
    for _, body in received:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names |= {span.name for scope in resource.scope_spans for span in scope.spans}
    assert names == {"crm.customers.find"}


def test_while_tracing_is_off_its_machinery_is_not_even_imported() -> None:
    program = (
        "import sys, triptych.running.up\n"
        "from triptych.settings import Settings\n"
        "from triptych.telemetry.instruments import Instruments\n"
        "assert Instruments(Settings(), 'crm').tracer('crm') is None\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry.sdk')]\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
