"""`triptych serve`: each service a process of its own, found at its address, drained when it ends."""

import signal
import socket
import subprocess
import threading
import time

import httpx
import pytest

from tests.triptych.running.shell import PATIENCE, Shell
from triptych.calling.internal_token import InternalTokens
from triptych.context import Caller
from triptych.secrets import Secrets
from triptych.settings import Settings

KEY = "a secret key for tests, long enough for them"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def headers(audience: str) -> dict[str, str]:
    """What a service sends that calls `audience`."""
    settings = Settings(secret_key=KEY, topology="split")  # pyright: ignore[reportArgumentType] - made a SecretStr
    tokens = InternalTokens(Secrets(settings).key("internal-tokens"))
    caller = Caller("captain", "captain", "gateway", frozenset({"desk:read", "desk:write"}))
    return {"authorization": f"Bearer {tokens.issue(caller, audience)}"}


def wait_until_ready(port: int, process: subprocess.Popen[str]) -> None:
    """Wait for `/readyz`."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    process.kill()
    pytest.fail(f"it did not become ready: {process.communicate()[1]}")


def test_services_in_processes_of_their_own_call_each_other_and_live_without_each_other(shell: Shell) -> None:
    berths, desk = free_port(), free_port()
    common = {"TRIPTYCH_SECRET_KEY": KEY, "TRIPTYCH_BERTHS_URL": f"http://127.0.0.1:{berths}"}
    desk_process = shell.start("serve", "desk", "--port", str(desk), **common)
    wait_until_ready(desk, desk_process)
    address = f"http://127.0.0.1:{desk}/desk/v1"
    call = headers("desk")

    without_berths = httpx.get(f"{address}/ships", headers=call, trust_env=False)
    berths_process = shell.start("serve", "berths", "--port", str(berths), **common)
    wait_until_ready(berths, berths_process)
    arrived = httpx.post(f"{address}/ships/Gannet", headers=call | {"idempotency-key": "1"}, trust_env=False)
    nobody = httpx.get(f"{address}/ships", trust_env=False)
    metrics = httpx.get(f"http://127.0.0.1:{desk}/metrics", trust_env=False)

    assert without_berths.status_code == 503
    assert without_berths.json()["type"] == "/problems/unavailable"
    assert arrived.json() == {"ships": ["Gannet"]}
    assert nobody.status_code == 401
    assert 'triptych_info{process="desk"' in metrics.text


def test_sigterm_lets_open_requests_finish(shell: Shell) -> None:
    port = free_port()
    settings = {"TRIPTYCH_SECRET_KEY": KEY, "TRIPTYCH_BERTHS_URL": "http://127.0.0.1:9"}
    process = shell.start("serve", "desk", "--port", str(port), **settings)
    wait_until_ready(port, process)
    answers: list[int] = []

    def ask() -> None:
        address = f"http://127.0.0.1:{port}/desk/v1/tide?seconds=1.5"
        answers.append(httpx.get(address, headers=headers("desk"), trust_env=False, timeout=30).status_code)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.7)  # it is under way, and has as long again to go
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    thread.join(30)

    assert answers == [200]
    assert process.returncode == 0, err
