"""Histories of every shipped version of every process, told again to the code of today.

They are in `histories/`, a file for each flow and version. `make histories` records those of new versions; a
file is never recorded again, since the processes that went so are still out there.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from tests.contracts.asking import Service
from tests.contracts.conftest import Served
from tests.contracts.test_every_answer import story_of
from triptych.assembly.discovery import installed
from triptych.engine import ProcessEngine
from triptych.engine.histories import History, difference

FOLDER = Path(__file__).with_name("histories")
MOST = 8
"""Histories that are kept of one version, each of which went another way."""


def engine_of(served: Served) -> ProcessEngine:
    """The engine of all services."""
    assert served.platform.engine
    return served.platform.engine


def test_every_version_of_every_process_has_its_histories(every_service: Served) -> None:
    missing = [flow for flow in engine_of(every_service).sagas if not (FOLDER / f"{flow}.jsonl").exists()]
    if os.environ.get("RECORD_HISTORIES"):
        for flow in missing:
            record(every_service, flow)
    elif missing:
        pytest.fail(f"no history is kept of {', '.join(missing)}: `make histories` records them")


@pytest.mark.parametrize("flow", sorted(file.stem for file in FOLDER.glob("*.jsonl")))
def test_what_went_so_once_goes_so_still(every_service: Served, flow: str) -> None:
    saga = engine_of(every_service).sagas.get(flow)
    assert saga, f"nothing knows {flow}: it is `former`, or no installation follows it and its file can go"
    for line in (FOLDER / f"{flow}.jsonl").read_text().splitlines():
        history = History.model_validate_json(line)
        differs = asyncio.run(difference(history, saga))
        assert differs is None, f"{flow} was changed without a new version: {differs} ({history.about})"


def record(served: Served, flow: str) -> None:
    """Have a service do what its scenario tells, and keep one history of each way that its processes went."""
    service, kind = flow.partition(".")[0], flow.rpartition(".v")[0]
    with httpx.Client(base_url=served.address, timeout=30, trust_env=False) as http:
        story_of(service)({name: Service(api, served, http) for name, api in installed().items()})
    found = served.run(histories(engine_of(served), kind))
    ways = {tuple((each.step, each.undo, each.outcome) for each in one.records): one for one in found}
    kept = sorted(ways.values(), key=lambda one: len(one.records))[-MOST:]
    assert kept, f"no process of {flow} was begun by the scenario of {service}"
    FOLDER.mkdir(exist_ok=True)
    lines = [one.model_dump_json() + "\n" for one in kept if one.flow == flow]
    (FOLDER / f"{flow}.jsonl").write_text("".join(lines))


async def histories(engine: ProcessEngine, kind: str) -> Sequence[History]:
    """Those of the processes of a kind that are at no step just now."""
    found = await engine.list(kind, limit=1000)
    return [await engine.history(each.id) for each in found if each.resting or each.waits]
