"""`triptych up`: one process per data folder, a company at first start, an end that is quick and clean."""

import signal
import socket
import stat
import threading
import time
from pathlib import Path

import httpx
import orjson
import pytest

from tests.triptych.running.shell import Running, Shell

PROMISED_END = 5.0
"""Seconds within which Ctrl-C ends everything: promised to users, and kept by a timer of its own."""


def test_the_first_start_seeds_a_company_and_tells_who_may_use_it(
    shared_shell: Shell, running: Running
) -> None:
    demo = shared_shell.data / "demo.json"
    written = orjson.loads(demo.read_bytes())

    assert running.ships() == ["ship 0", "ship 1", "ship 2"]
    assert stat.S_IMODE(demo.stat().st_mode) == 0o600
    assert written["issuer"] == running.address
    assert set(written["clients"]["captain"]) == {"client_id", "client_secret", "scope"}
    assert written["clients"]["window"] == {
        "client_id": "window",
        "redirect_uris": ["http://127.0.0.1:9000/"],
        "scope": "desk:read",
    }
    assert set(written["users"]["mate@example.com"]) == {"password", "customer_id"}


def test_a_second_process_is_refused_the_folder_and_told_who_has_it(
    shared_shell: Shell, running: Running
) -> None:
    refused = shared_shell.run("up")

    assert refused.code == 4
    assert f"process {running.process.pid}, `triptych up`" in refused.err
    assert f"kill {running.process.pid}" in refused.err
    assert running.ships()


def test_a_port_in_use_is_refused_with_what_to_do(shared_shell: Shell, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = shared_shell.run(
            "up", "--port", str(taken.getsockname()[1]), TRIPTYCH_DATA=str(tmp_path / "other")
        )

    assert refused.code == 4
    assert "Choose another with TRIPTYCH_PORT or --port" in refused.err


def test_metrics_count_what_was_served_and_are_for_this_machine(running: Running) -> None:
    running.get("/desk/v1/ships")

    metrics = running.get("/metrics")
    through_a_proxy = httpx.get(
        f"{running.address}/metrics", headers={"x-forwarded-for": "203.0.113.7"}, trust_env=False
    )

    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'triptych_calls_total{operation="ships",outcome="ok",service="desk"}' in metrics.text
    assert 'triptych_circuit{service="desk",state="closed",target="berths"} 1.0' in metrics.text
    assert through_a_proxy.status_code == 403


def test_nothing_is_lost_and_nothing_seeded_twice_when_it_starts_again(shell: Shell) -> None:
    first = shell.up()
    httpx.post(
        f"{first.address}/desk/v1/ships/Albatross", headers={"idempotency-key": "1"}, trust_env=False
    ).raise_for_status()
    secrets = orjson.loads((shell.data / "demo.json").read_bytes())["clients"]
    ended = first.stop()

    second = shell.up(TRIPTYCH_SEED_SCALE="7")
    demo = orjson.loads((shell.data / "demo.json").read_bytes())

    assert ended.code == 0, ended.err
    assert f"Triptych is running on {first.address}" in ended.out
    assert second.ships() == ["ship 0", "ship 1", "ship 2", "Albatross"]
    assert demo["clients"] == secrets
    assert demo["issuer"] == second.address


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_time_though_streams_and_slow_requests_are_open(
    shell: Shell, by: signal.Signals
) -> None:
    running = shell.up()
    heard = threading.Event()

    def listen() -> None:
        with httpx.stream("GET", f"{running.address}/desk/v1/horn", trust_env=False, timeout=60) as answer:
            try:
                for _ in answer.iter_lines():
                    heard.set()
            except httpx.RemoteProtocolError:
                return

    def wait() -> None:
        with pytest.raises(httpx.HTTPError):
            httpx.get(
                f"{running.address}/desk/v1/tide?seconds=9", trust_env=False, timeout=60
            ).raise_for_status()

    threads = [threading.Thread(target=listen), threading.Thread(target=wait)]
    for thread in threads:
        thread.start()
    assert heard.wait(30)
    began = time.monotonic()
    ended = running.stop(by)
    seconds = time.monotonic() - began
    for thread in threads:
        thread.join(30)

    assert ended.code == 0, ended.err
    assert seconds < PROMISED_END
    assert "Traceback" not in ended.err


def test_a_killed_process_leaves_nothing_in_the_way_of_the_next(shell: Shell) -> None:
    first = shell.up()
    first.process.kill()
    first.process.wait()
    assert (shell.data / "control.sock").exists()

    by_itself = shell.run("clients", "list", "--json")
    second = shell.up()

    assert {client["name"] for client in orjson.loads(by_itself.out)} == {"captain", "window"}
    assert len(second.ships()) == 3


def test_a_start_that_was_killed_while_it_seeded_is_finished_by_the_next(shell: Shell) -> None:
    many = "60"
    first = shell.start("up", TRIPTYCH_SEED_SCALE=many)
    berths = shell.data / "berths.db-wal"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (berths.exists() and berths.stat().st_size > 150_000):
        time.sleep(0.01)
    first.kill()
    first.wait()
    assert not (shell.data / "demo.json").exists(), "it was killed too late for this test to mean anything"

    second = shell.up(TRIPTYCH_SEED_SCALE=many)

    assert sorted(second.ships()) == sorted(f"ship {number}" for number in range(60))
    assert (shell.data / "demo.json").exists()
    assert not (shell.data / "seeding").exists()


def test_ctrl_c_while_it_starts_ends_it_as_interrupted(shell: Shell) -> None:
    process = shell.start("up", TRIPTYCH_SEED_SCALE="1000")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (shell.data / "berths.db").exists():
        time.sleep(0.01)

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Traceback" not in err


def test_it_runs_over_the_wire_too(shell: Shell) -> None:
    running = shell.up("--topology", "wire", "--no-seed")

    assert running.ships() == []
    assert running.stop().code == 0


@pytest.mark.parametrize(
    ("arguments", "settings", "code", "said"),
    [
        (["up"], {"TRIPTYCH_SERVICES": "berths,moon"}, 1, "TRIPTYCH_SERVICES names moon"),
        (["up"], {"TRIPTYCH_SERVICES": "desk"}, 1, "add it to TRIPTYCH_SERVICES, or set TRIPTYCH_BERTHS_URL"),
        (["up"], {"TRIPTYCH_PORT": "harbour"}, 1, "TRIPTYCH_PORT"),
        (["up"], {"TRIPTYCH_TOPOLOGY": "split"}, 2, "triptych serve"),
        (["up"], {"TRIPTYCH_DATA": "/proc/nowhere"}, 1, "Choose a folder that you may write to"),
        (["serve", "moon"], {"TRIPTYCH_SECRET_KEY": "k" * 32}, 1, "there is no service moon"),
        (["serve", "berths"], {}, 1, "Set TRIPTYCH_SECRET_KEY"),
    ],
)
def test_what_can_go_wrong_at_the_start_is_said_in_a_line(
    shell: Shell, arguments: list[str], settings: dict[str, str], code: int, said: str
) -> None:
    ended = shell.run(*arguments, **settings)

    assert ended.code == code
    assert said in ended.err
    assert "Traceback" not in ended.err
