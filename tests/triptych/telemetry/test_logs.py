"""Logs: each line is JSON, belongs to its call, and shows nothing personal or secret."""

import asyncio
import logging
from collections.abc import Generator
from io import StringIO
from typing import Any

import orjson
import pytest
import structlog

from triptych.context import Context, entered
from triptych.settings import Settings
from triptych.telemetry import logs


class Lines:
    """What was logged."""

    def __init__(self) -> None:
        self.stream = StringIO()

    def all(self) -> list[dict[str, Any]]:
        """Every line, read."""
        return [orjson.loads(line) for line in self.stream.getvalue().splitlines()]

    def last(self) -> dict[str, Any]:
        """The last line."""
        return self.all()[-1]


@pytest.fixture
def lines() -> Generator[Lines]:
    """Logging set up as in a process, until the test ends."""
    root = logging.getLogger()
    handlers, level, before = root.handlers[:], root.level, structlog.get_config()
    found = Lines()
    logs.set_up(Settings(), "crm", found.stream)
    yield found
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_says_what_when_where_and_in_which_call(lines: Lines) -> None:
    call = Context(request_id="req-12345678", traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
    with (
        entered(call),
        structlog.contextvars.bound_contextvars(process_id="order-to-fulfillment.fulfil:ord_1"),
    ):
        structlog.get_logger("systems.crm.service").info("customer merged", customer_id="cus_1")

    line = lines.last()
    moment = line.pop("at")
    assert moment.endswith("Z")
    assert line == {
        "event": "customer merged",
        "level": "info",
        "logger": "systems.crm.service",
        "service": "crm",
        "request_id": "req-12345678",
        "trace_id": "a" * 32,
        "process_id": "order-to-fulfillment.fulfil:ord_1",
        "customer_id": "cus_1",
    }


def test_what_libraries_log_looks_the_same(lines: Lines) -> None:
    logging.getLogger("dbos").warning("recovered %s workflows", 3, extra={"executor": "all@local"})

    line = lines.last()
    assert (line["event"], line["logger"], line["level"]) == ("recovered 3 workflows", "dbos", "warning")
    assert line["executor"] == "all@local"


def test_less_severe_lines_than_asked_for_are_left_out(lines: Lines) -> None:
    structlog.get_logger("quiet").debug("nothing")
    logging.getLogger("quiet").debug("nothing")
    logging.getLogger("httpx").info("GET https://vendor.example")

    assert lines.all() == []


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"password": "x"}, {"password": "***"}),
        (
            {"client_secret": "x", "Authorization": "Bearer x"},
            {"client_secret": "***", "Authorization": "***"},
        ),
        (
            {"customer": {"email": "a@b.example", "id": "cus_1"}},
            {"customer": {"email": "***", "id": "cus_1"}},
        ),
        ({"contacts": [{"phone": "+4930"}]}, {"contacts": [{"phone": "***"}]}),
        ({"access_token": None}, {"access_token": None}),
        ({"url": "postgresql://ada:pw@db:5432/x"}, {"url": "postgresql://ada:***@db:5432/x"}),
        ({"said": "write to ada.l@example.com now"}, {"said": "write to *** now"}),
        ({"said": "with Bearer abc.def"}, {"said": "with Bearer ***"}),
        ({"said": "got eyJhbGciOi.eyJzdWIi.c2ln"}, {"said": "got ***"}),
        ({"sku": "CHAI-10", "seconds": 0.5}, {"sku": "CHAI-10", "seconds": 0.5}),
    ],
)
def test_what_is_personal_or_secret_is_masked_by_its_name_or_by_its_look(
    lines: Lines, fields: dict[str, Any], shown: dict[str, Any]
) -> None:
    structlog.get_logger("mask").info("seen", **fields)

    line = lines.last()
    assert {name: line[name] for name in fields} == shown


def test_tracebacks_are_masked_too(lines: Lines) -> None:
    try:
        raise ValueError("ada@example.com is taken")
    except ValueError as error:
        structlog.get_logger("mask").error("failed", exc_info=error)
        logging.getLogger("mask").exception("failed")

    for line in lines.all():
        assert "ValueError: *** is taken" in line["exception"]
        assert "ada@" not in str(line)


def test_requests_that_the_end_cut_off_leave_no_traceback(lines: Lines) -> None:
    try:
        raise asyncio.CancelledError
    except asyncio.CancelledError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")

    assert lines.all() == []


def test_a_console_gets_lines_for_people(lines: Lines) -> None:
    stream = StringIO()
    logs.set_up(Settings(log_format="console"), "crm", stream)

    structlog.get_logger("people").info("customer merged", email="ada@example.com")

    assert "customer merged" in stream.getvalue()
    assert "email=***" in stream.getvalue()
