"""`services`, `settings` and `connectors`: what is installed, and how it is set up."""

from pathlib import Path

import orjson
import pytest

from processes.inventory_availability.contract import InventoryAvailability
from tests.triptych.cli.conftest import Triptych
from triptych.contract import flows


def test_services_are_listed_with_what_they_are_where_they_run_and_what_they_need(
    triptych: Triptych, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIPTYCH_SERVICES", "erp,warehouse,inventory-availability")
    monkeypatch.setenv("TRIPTYCH_CRM_URL", "http://crm:8101")

    found = {one["name"]: one for one in orjson.loads(triptych("services", "--json").out)}

    assert found["inventory-availability"] == {
        "name": "inventory-availability",
        "tier": "process",
        "version": 1,
        "owner": "order-management",
        "stage": "active",
        "backend": None,
        "runs": "in process",
        "needs": ["erp", "warehouse"],
        "flows": [dict(one.described()) for one in flows(InventoryAvailability)],
        "tells": [],
        "hears": [],
        "description": "How many of each product can be promised, over all locations.",
    }
    assert found["erp"]["backend"] == "embedded"
    assert "io.triptych.erp.order-confirmed.v1" in found["erp"]["tells"]
    assert "io.triptych.erp.order-cancelled.v1" in found["order-to-fulfillment"]["hears"]
    assert found["crm"]["runs"] == "http://crm:8101"
    assert found["billing"]["runs"] == "not running"


def test_the_table_of_services_is_not_cut_off_in_a_pipe(triptych: Triptych) -> None:
    shown = triptych("services").out

    assert "order-to-fulfillment" in shown
    assert "crm erp warehouse billing" in shown


def test_data_flows_are_listed_with_what_their_failure_costs(triptych: Triptych) -> None:
    shown = triptych("services", "--flows").out

    assert "99.5 % within 2 s" in shown
    assert "Nothing can be sold: every buyer is turned away at the checkout." in shown
    assert "crm" not in shown


def test_each_setting_says_where_its_value_comes_from(
    triptych: Triptych, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("TRIPTYCH_LOG_LEVEL=debug\nTRIPTYCH_PORT=1\nTRIPTYCH_ERP_URL=http://erp\n")
    monkeypatch.setenv("TRIPTYCH_PORT", "8123")
    monkeypatch.setenv("TRIPTYCH_SECRET_KEY", "nobody may read this")
    monkeypatch.setenv("TRIPTYCH_CRM_BACKEND", "embedded")

    shown = triptych("settings", "--data", "elsewhere", "--json").out
    found = {one["variable"]: (one["value"], one["origin"]) for one in orjson.loads(shown)}

    assert found["TRIPTYCH_DATA"] == ("elsewhere", "flag")
    assert found["TRIPTYCH_PORT"] == (8123, "environment")
    assert found["TRIPTYCH_LOG_LEVEL"] == ("debug", ".env")
    assert found["TRIPTYCH_HOST"] == ("127.0.0.1", "default")
    assert found["TRIPTYCH_SECRET_KEY"] == ("***", "environment")
    assert found["TRIPTYCH_CRM_BACKEND"] == ("embedded", "environment")
    assert found["TRIPTYCH_ERP_URL"] == ("http://erp", ".env")
    assert "nobody may read this" not in shown


def test_every_setting_is_explained(triptych: Triptych) -> None:
    found = orjson.loads(triptych("settings", "--json").out)

    assert [one["variable"] for one in found if not one["description"]] == []


def test_a_wrong_setting_is_named_with_what_is_wrong(
    triptych: Triptych, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIPTYCH_LOG_LEVEL", "loud")

    refused = triptych("settings")

    assert refused.code == 1
    assert "TRIPTYCH_LOG_LEVEL: Input should be 'debug', 'info', 'warning' or 'error'" in refused.err


def test_connectors_say_what_each_system_api_stands_on(
    triptych: Triptych, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIPTYCH_CRM_BACKEND", "hubspot")

    found = {one["service"]: one for one in orjson.loads(triptych("connectors", "list", "--json").out)}

    assert found["crm"] == {
        "service": "crm",
        "chosen": "hubspot",
        "installed": ["embedded"],
        "setting": "TRIPTYCH_CRM_BACKEND",
    }
    assert set(found) >= {"crm", "erp", "warehouse", "billing"}
