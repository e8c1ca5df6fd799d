"""A whole platform is killed with an alert on its way: the next one tells it, under the same id."""

import sqlite3
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from tests.triptych.cli.conftest import Triptych
from tests.triptych.cli.conftest import triptych as triptych
from tests.triptych.operations.conftest import SECRET
from tests.triptych.operations.pager import Pager, answering
from tests.triptych.running.shell import Shell

pytestmark = pytest.mark.blocking("a command has its event loop to itself")
RULES = """\
every: 1s
rules:
  letters: {when: dead-letters, above: 0}
channels:
  pager: {webhook: "http://127.0.0.1:%d/", secret_variable: PAGER_SECRET}
"""


@pytest.fixture
def pager() -> Generator[tuple[Pager, int]]:
    """Somebody's webhook, and its port."""
    with answering(Pager()) as found:
        yield found


def dies(data: Path) -> None:
    """Have a process be dead, as the engine sees it."""
    with closing(sqlite3.connect(data / "engine.db", timeout=30)) as engine:
        columns = "workflow_uuid, status, name, created_at, updated_at, priority"
        values = "'hr.leave:1', 'ERROR', 'hr.leave.v1', 1, 1, 0"
        engine.execute(f"INSERT INTO workflow_status ({columns}) VALUES ({values})")
        engine.commit()


def test_an_alert_outlives_a_kill_is_told_once_it_can_be_and_ends_with_its_reason(
    tmp_path: Path, pager: tuple[Pager, int], triptych: Triptych
) -> None:
    receiver, port = pager
    rules = tmp_path / "alerts.yaml"
    rules.write_text(RULES % port)
    settings = {
        "TRIPTYCH_SERVICES": "operations",
        "TRIPTYCH_SEED": "false",
        "TRIPTYCH_ALERTS": str(rules),
        "TRIPTYCH_ALLOW_PRIVATE_ADDRESSES": "true",
        "PAGER_SECRET": SECRET,
    }
    with closing(Shell(tmp_path, **settings)) as shell:
        first = shell.up()
        dies(shell.data)
        receiver.until(lambda: bool(receiver.got))
        first.process.kill()
        first.process.wait()
        refused = len(receiver.got)
        receiver.willing = True
        shell.up()
        receiver.until(lambda: len(receiver.got) > refused)
        told = receiver.bodies()[refused]
        ids = {headers["webhook-id"] for headers, _ in receiver.got}
        listed = orjson.loads(triptych("alerts", "list", "--json", TRIPTYCH_DATA=str(shell.data)).out)
        discarded = triptych(
            "dead-letters",
            "discard",
            "hr.leave:1",
            "--reason",
            "no such leave",
            TRIPTYCH_DATA=str(shell.data),
        )
        receiver.until(lambda: any(body["data"]["resolved"] for body in receiver.bodies()))

    assert len(ids) == 1
    assert [one["rule"] for one in told["data"]["firing"]] == ["letters"]
    assert [(one["rule"], one["state"]) for one in listed["items"]] == [("letters", "firing")]
    assert discarded.code == 0, discarded.err


def test_alerts_are_silenced_and_tested_and_a_wrong_file_ends_the_start_with_its_line(
    tmp_path: Path, triptych: Triptych
) -> None:
    alone = {"TRIPTYCH_SERVICES": "operations", "TRIPTYCH_SEED": "false"}
    silenced = orjson.loads(
        triptych("alerts", "silence", "letters", "--reason", "known", "--json", **alone).out
    )
    listed = triptych("alerts", "list", **alone)
    ended = triptych("alerts", "unsilence", silenced["id"], **alone)
    tested = triptych("alerts", "test", "log", **alone)
    unknown = triptych("alerts", "test", "pigeon", **alone)
    wrong = tmp_path / "alerts.yaml"
    wrong.write_text("rules:\n  x: {when: never}\nchannels: {log: {log: true}}\n")
    refused = triptych("alerts", "list", **alone, TRIPTYCH_ALERTS=str(wrong))

    assert silenced["id"] in listed.out
    assert (ended.code, tested.code, unknown.code) == (0, 0, 1)
    assert "is on its way" in tested.out
    assert "there are log" in unknown.err
    assert (refused.code, "alerts.yaml:2:13: unknown condition 'never'" in refused.err) == (1, True)
