"""Processes declare their data flows: how fast, whose, at which service level, and what failure costs."""

from datetime import date, timedelta
from typing import Any

import pytest

from processes.order_to_fulfillment.contract import OrderToFulfillment
from triptych.assembly.catalogue import catalogue
from triptych.assembly.discovery import installed
from triptych.assembly.needs import objections
from triptych.contract import ProcessApi, flow, flows
from triptych.serving.openapi import document
from triptych.settings import Settings

PAYROLL: dict[str, Any] = {
    "pace": "batch",
    "owner": "people",
    "failure": "Nobody is paid.",
    "within": timedelta(days=1),
}


HALF: dict[str, Any] = {**PAYROLL, "within": timedelta(hours=36), "share": 0.5}


class Payroll(ProcessApi, version=1, owner="people"):
    """A process that says what flows."""

    wages = flow("Wages go to the bank.", **PAYROLL)
    tax_returns = flow("Tax returns go to the office.", **HALF)


class Silent(ProcessApi, version=1, owner="people"):
    """A process that does not say what flows."""


def test_a_process_that_declares_no_flow_is_refused_with_what_to_write() -> None:
    (refused,) = objections({"silent": Silent}, {"silent"}, ())
    assert refused.startswith("Silent declares no data flow: write what flows, how fast")
    assert objections({"payroll": Payroll}, {"payroll"}, ()) == []


def test_flows_keep_their_order_and_say_their_service_level_in_words() -> None:
    assert [(one.name, one.level) for one in flows(Payroll)] == [
        ("wages", "99 % within 1 day"),
        ("tax-returns", "50 % within 36 h"),
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pace": "soon"}, "pace of a data flow is one of real-time"),
        ({"owner": " "}, "says its owner"),
        ({"failure": ""}, "says its failure"),
        ({"within": timedelta(0)}, "within a time"),
        ({"share": 1.5}, "up to 1"),
    ],
)
def test_a_flow_that_does_not_say_what_it_has_to_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        flow("Wages go to the bank.", **{**PAYROLL, **changes})


def test_every_installed_process_shows_its_flows_in_the_catalogue_and_in_its_document() -> None:
    entries = catalogue(Settings(), installed(), date(2026, 7, 1))
    processes = [entry for entry in entries if entry.tier == "process"]
    assert processes
    assert all(entry.flows for entry in processes)
    shown = document(OrderToFulfillment)["info"]["x-data-flows"]
    assert shown[0]["name"] == "order-intake"
    assert shown[0]["level"] == "99.5 % within 2 s"
