"""The document of all events: complete, true of what is told, and only ever added to."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from systems.billing.contract import Billing
from systems.crm.contract import Crm
from tests.triptych.events.conftest import until
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.canonical.party import NewCustomer
from triptych.contract import events
from triptych.documents import asyncapi, store
from triptych.documents.breaking_events import breaking_events
from triptych.documents.shapes import referred
from triptych.settings import Settings

DOCUMENT = asyncapi.document([Crm, Billing])
CUSTOMER_CREATED = "io.triptych.crm.customer-created.v1"


def changed(change: Callable[[Any], object]) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    change(document)
    return document


def test_every_event_of_every_contract_is_in_it_once_and_every_reference_leads_somewhere() -> None:
    assert sorted(DOCUMENT["components"]["messages"]) == sorted(
        kind.type for api in (Crm, Billing) for kind in events(api)
    )
    assert DOCUMENT["operations"]["crm"]["action"] == "send"
    for reference in re.findall(r'"\$ref": "([^"]+)"', json.dumps(DOCUMENT)):
        assert referred(DOCUMENT, reference)


async def test_what_is_told_is_what_the_document_says(tmp_path: Path) -> None:
    async with Platform(Settings(data=tmp_path), installed({"crm"})) as platform:
        await platform.client(Crm).customers.create(NewCustomer(name="Ada", email="ada@example.org"))
        log = platform.log
        assert log is not None

        async def logged() -> bool:
            return bool(await log.read(after=0))

        await until(logged)
        event = (await log.read(after=0))[0].event
    payload = {**DOCUMENT["components"]["messages"][CUSTOMER_CREATED]["payload"]}
    validator: Any = Draft202012Validator({**payload, "components": DOCUMENT["components"]})
    told = json.loads(event.as_json())
    assert list(validator.iter_errors(told)) == []
    del told["data"]["name"]
    assert [error.message for error in validator.iter_errors(told)] == ["'name' is a required property"]


def test_an_event_and_a_field_that_are_added_break_nobody() -> None:
    def add(document: Any) -> None:
        messages = document["channels"]["crm"]["messages"]
        messages["io.triptych.crm.customer-woken.v1"] = messages[CUSTOMER_CREATED]
        document["components"]["schemas"]["Customer"]["properties"]["mood"] = {"type": "string"}

    assert breaking_events(DOCUMENT, changed(add)) == []


BREAKS: dict[str, tuple[Callable[[Any], object], str]] = {
    "an event that is gone": (
        lambda it: it["channels"]["crm"]["messages"].pop(CUSTOMER_CREATED),
        "the event is gone",
    ),
    "a channel that is gone": (lambda it: it["channels"].pop("crm"), "the event is gone"),
    "a field that is gone": (
        lambda it: it["components"]["schemas"]["Customer"]["properties"].pop("email"),
        "`data.email` is gone",
    ),
    "a field of another type": (
        lambda it: it["components"]["schemas"]["Customer"]["properties"].update(name={"type": "integer"}),
        "`data.name` may now be integer",
    ),
}


@pytest.mark.parametrize(("change", "says"), BREAKS.values(), ids=BREAKS)
def test_an_event_may_only_gain(change: Callable[[Any], object], says: str) -> None:
    found = [str(one) for one in breaking_events(DOCUMENT, changed(change))]
    assert any(CUSTOMER_CREATED in one and says in one for one in found), found


def test_a_release_promises_events_and_holds_them(tmp_path: Path) -> None:
    place = store.place("events", "triptych", 1)
    store.release(tmp_path, {place: DOCUMENT})
    assert store.broken_promises(tmp_path, {place: DOCUMENT}) == {}
    without = changed(lambda it: it["channels"]["billing"]["messages"].clear())
    assert set(store.broken_promises(tmp_path, {place: without})) == {place}
