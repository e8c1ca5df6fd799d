"""`contracts`: documents are written, drift and broken promises fail, and say for whom."""

from pathlib import Path

import orjson
import pytest
import yaml

from tests.triptych.cli.conftest import Triptych


@pytest.fixture
def exported(triptych: Triptych, tmp_path: Path) -> Path:
    """A folder with every document."""
    assert triptych("contracts", "export").code == 0
    return tmp_path / "openapi"


def test_every_contract_is_written_once_and_then_up_to_date(triptych: Triptych, exported: Path) -> None:
    again = orjson.loads(triptych("contracts", "export", "--json").out)
    checked = triptych("contracts", "check")

    assert (exported / "system" / "crm.v1.yaml").read_text().startswith("openapi: 3.1")
    assert (exported / "experience" / "partner.v1.yaml").exists()
    assert again == {"changed": []}
    assert checked.code == 0


def test_a_document_that_is_not_what_its_contract_says_fails(triptych: Triptych, exported: Path) -> None:
    document = exported / "system" / "crm.v1.yaml"
    document.write_text(document.read_text().replace("title: Crm", "title: Drm"))

    checked = triptych("contracts", "check")

    assert checked.code == 1
    assert "openapi/system/crm.v1.yaml is out of date: run `triptych contracts export`" in checked.out
    assert "-  title: Drm" in checked.out


def test_what_was_released_is_a_promise_that_a_change_inside_its_version_breaks(
    triptych: Triptych, exported: Path
) -> None:
    assert triptych("contracts", "release").code == 0
    promised = exported / "released" / "system" / "crm.v1.yaml"
    document = yaml.load(promised.read_text(), yaml.CSafeLoader)
    document["paths"]["/crm/v1/promises"] = document["paths"]["/crm/v1/customers"]
    promised.write_text(yaml.dump(document, Dumper=yaml.CSafeDumper))

    checked = triptych("contracts", "check", "--json")
    released = triptych("contracts", "release")

    assert checked.code == released.code == 1
    (broken,) = {
        found["operation"] for found in orjson.loads(checked.out)["broken"]["system/crm.v1.yaml"]
    } - {"POST /crm/v1/promises"}
    assert broken == "GET /crm/v1/promises"
    assert "this breaks every client that calls it" in released.out
    assert "Give the contract a new version" in released.err


def test_the_changelog_of_dated_versions_says_what_to_send_and_what_it_touches(triptych: Triptych) -> None:
    told = triptych("contracts", "changelog", "partner")
    listed = orjson.loads(triptych("contracts", "changelog", "--json").out)
    nothing = triptych("contracts", "changelog", "crm")
    unknown = triptych("contracts", "changelog", "nobody")

    assert told.out.startswith("2026-11-01  /partner/v1\n  What you call an order is its `reference`")
    assert "    POST /partner/v1/orders\n" in told.out
    assert [entry["on"] for entry in listed if entry["version"] == "/partner/v1"] == [
        "2026-11-01",
        "2026-09-01",
        "2026-07-01",
    ]
    assert nothing.out == "crm has no dated versions.\n"
    assert (unknown.code, "There is no service 'nobody'" in unknown.err) == (1, True)
