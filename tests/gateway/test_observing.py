"""What is told of requests: the same on both fronts, in the log, in metrics and in traces."""

import asyncio
import io
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gateway.access import AccessLog
from gateway.edge import EdgeUpstream, Lane
from gateway.exchange import Exchange
from gateway.observing import LaneState, Requests, Spans
from gateway.upstream import EXCHANGE
from tests.gateway.conftest import Serve
from tests.gateway.landscape import Landscape
from triptych.settings import Settings
from triptych.telemetry.metrics import Meter
from triptych.telemetry.traces import Tracing

TRACE = "0af7651916cd43dd8448eb211c80319c"
PATHS = (
    "/shop/v1/products",
    "/shop/v1/products/NONE",
    "/shop/v1/crash",
    "/shop/v1/absent?card=4711",
    "/absent",
)


async def asked(port: int, header: dict[str, str], *paths: str) -> None:
    """Ask for each path."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        for path in paths:
            await client.get(path, headers=header)


async def test_both_fronts_log_the_same_fields(landscape: Landscape, serve_both: Serve):
    stream, header = io.BytesIO(), landscape.token("acme", "shop:read")
    access = AccessLog(stream, "local-1")
    async with access.running(), serve_both(landscape.gateway(observers=[access])) as port:
        await asked(port, header, *PATHS)
    lines: list[dict[str, Any]] = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["path"], line["status"], line["client"]) for line in lines] == [
        ("/shop/v1/products", 200, "client-acme"),
        ("/shop/v1/products/NONE", 404, "client-acme"),
        ("/shop/v1/crash", 500, "client-acme"),
        ("/shop/v1/absent", 404, "client-acme"),
        ("/absent", 404, "client-acme"),
    ]
    fields = "at client event level method path replica request_id seconds status"
    assert {" ".join(sorted(line)) for line in lines} == {fields}
    assert b"4711" not in stream.getvalue()
    assert {(line["replica"], line["method"]) for line in lines} == {("local-1", "GET")}


async def test_both_fronts_count_requests_by_operation_and_outcome(landscape: Landscape, serve_both: Serve):
    meter, requests, header = Meter("gateway", "1"), Requests(), landscape.token("acme", "shop:read")
    meter.show(requests)
    async with serve_both(landscape.gateway(observers=[requests])) as port:
        await asked(port, header, *PATHS, "/shop/v1/products")
    found = (await asyncio.to_thread(meter.text)).decode()
    for labels, count in {
        'operation="products",outcome="2xx",service="shop"': 2,
        'operation="product",outcome="4xx",service="shop"': 1,
        'operation="crash",outcome="5xx",service="shop"': 1,
        'operation="",outcome="4xx",service="gateway"': 2,
    }.items():
        assert f"triptych_requests_total{{{labels}}} {count}.0" in found
    products = 'operation="products",service="shop"'
    assert f"triptych_request_duration_seconds_count{{{products}}} 2.0" in found


def test_a_request_that_nobody_waited_for_and_an_odd_status_count_too():
    requests, exchange = Requests(), Exchange("GET", b"/", b"", [], "")
    for status in (0, 999):
        exchange.answered = status
        requests(exchange, 0.1)
    (total, _) = requests.collect()
    assert {sample.labels["outcome"]: sample.value for sample in total.samples} == {"cancelled": 1, "5xx": 1}


@pytest.fixture
def exported() -> InMemorySpanExporter:
    """Where spans go."""
    return InMemorySpanExporter()


@pytest.fixture
def spans(exported: InMemorySpanExporter) -> Spans:
    """Makes spans in memory."""
    return Spans(Tracing([SimpleSpanProcessor(exported)], "local").of("gateway"))


@pytest.mark.parametrize(
    ("given", "share", "recorded"),
    [
        (f"00-{TRACE}-b7ad6b7169203331-01", 0.5, True),
        (f"00-{TRACE}-b7ad6b7169203331-00", 1.0, False),
        ("nonsense", 1.0, True),
        ("", 1.0, True),
    ],
    ids=["sampled-by-the-client", "not-sampled-by-the-client", "nonsense", "fresh"],
)
async def test_a_sampled_request_gets_a_span_whose_child_is_the_services(
    landscape: Landscape,
    serve_both: Serve,
    exported: InMemorySpanExporter,
    spans: Spans,
    given: str,
    share: float,
    recorded: bool,
):
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        told = dict(scope["headers"]).get(b"traceparent")  # over HTTP; in this process it is in the exchange
        seen.append(told.decode() if told else scope[EXCHANGE].traceparent)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    settings = Settings(data=landscape.settings.data, otlp_endpoint="http://127.0.0.1:9", trace_share=share)
    gateway = landscape.gateway(settings=settings, upstreams={"shop": app}, observers=[spans])
    async with serve_both(gateway) as port:
        await asked(port, {"traceparent": given} if given else {}, "/shop/v1/hours?q=1")
    found = exported.get_finished_spans()
    assert len(found) == recorded
    assert (seen[0][3:35] == TRACE) == given.startswith("00-")
    if recorded:
        (span,) = found
        assert span.context is not None
        assert seen == [f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-01"]
        parent = f"{span.parent.span_id:016x}" if span.parent else ""
        assert parent == (given[36:52] if given.startswith("00-") else "")
        assert span.name == "GET /shop/v1"
        assert span.status.is_unset
        assert dict(span.attributes or {}) == {
            "http.request.method": "GET",
            "url.path": "/shop/v1/hours",
            "http.response.status_code": 200,
        }
        assert span.start_time is not None
        assert span.end_time is not None
        assert span.start_time < span.end_time


async def test_what_fails_is_an_error_in_its_span(
    landscape: Landscape, serve_both: Serve, exported: InMemorySpanExporter, spans: Spans
):
    settings = Settings(data=landscape.settings.data, otlp_endpoint="http://127.0.0.1:9")
    async with serve_both(landscape.gateway(settings=settings, observers=[spans])) as port:
        await asked(port, {}, "/shop/v1/crash", "/shop/v1/absent")
    failed, absent = exported.get_finished_spans()
    assert (failed.attributes or {})["error.type"] == "500"
    assert (failed.status.is_ok, failed.status.is_unset) == (False, False)
    assert absent.status.is_unset


async def test_connections_and_replicas_of_the_edge_are_shown(landscape: Landscape, tmp_path: Path):
    addresses = ["http://127.0.0.1:9", "http://127.0.0.1:10"]
    lane = Lane(landscape.gateway(), [EdgeUpstream("shop", addresses, landscape.internal)])
    for _ in range(3):
        lane.upstreams[b"shop"].replicas[1].failed(0.0)
    meter = Meter("gateway", "1")
    meter.show(LaneState(lane))
    text = (await asyncio.to_thread(meter.text)).decode()
    assert "triptych_client_connections 0.0" in text
    assert 'triptych_replica_ejected{replica="127.0.0.1:9",service="shop"} 0.0' in text
    assert 'triptych_replica_ejected{replica="127.0.0.1:10",service="shop"} 1.0' in text
