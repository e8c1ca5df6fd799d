"""Traces go on, and begin where none came."""

import re

import pytest

from gateway.exchange import Exchange
from gateway.filters.trace import trace

GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def continued(*values: str, sampled: float = 0.0) -> str:
    """The trace context after the filter."""
    headers = [(b"traceparent", value.encode()) for value in values]
    exchange = Exchange("GET", b"/", b"", headers, "")
    trace(sampled)(exchange)
    return exchange.traceparent


def test_a_valid_trace_is_continued():
    assert continued(GIVEN) == GIVEN


def test_a_trace_of_a_later_version_is_read_as_far_as_it_is_known():
    assert continued(GIVEN.replace("00-", "cc-", 1) + "-more") == GIVEN


@pytest.mark.parametrize(
    "value",
    [
        "",
        "nonsense",
        GIVEN + "-more",
        GIVEN.upper(),
        GIVEN.replace("00-", "ff-", 1),
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
        GIVEN[:-3],
        GIVEN.replace("4", "g"),
    ],
)
def test_anything_else_begins_a_new_one(value: str):
    fresh = continued(value)
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", fresh)
    assert fresh[3:35] not in value


def test_a_new_trace_says_whether_it_is_recorded():
    assert continued(sampled=True).endswith("-01")
    assert continued(sampled=False).endswith("-00")
    assert continued() != continued()
