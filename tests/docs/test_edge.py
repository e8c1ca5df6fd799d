"""The commands of docs/gateway/edge.md: a certificate, workers that speak TLS with it, and new ones."""

import os
import shutil
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.conftest import absent
from tests.docs.blocks import PROJECT, blocks
from tests.landscape import free_ports

GUIDE = PROJECT / "docs/gateway/edge.md"


def test_workers_speak_tls_and_are_replaced_as_the_guide_says(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        absent("openssl is not installed")
    (start,) = blocks(GUIDE, "Several worker processes")
    (certificate,) = blocks(GUIDE, "TLS")
    (port,) = free_ports(1)
    script = f"{certificate.text}\nexec {start.text.replace('8443', str(port))}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRIPTYCH_")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment["TRIPTYCH_SECRET_KEY"] = "a secret key for tests, long enough for them"
    environment["TRIPTYCH_PARTNER_URL"] = "http://127.0.0.1:9"
    log = tmp_path / "log"
    with log.open("w") as output:
        running = subprocess.Popen(
            ["sh", "-euc", script], cwd=tmp_path, env=environment, stdout=output, stderr=output
        )
    try:
        wait_for("workers are ready", log, running)
        context = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        with httpx.Client(verify=context, trust_env=False, timeout=30) as http:
            answer = http.get(f"https://localhost:{port}/healthz")
        assert answer.json() == {"status": "ok"}
        assert "strict-transport-security" in answer.headers
        running.send_signal(signal.SIGHUP)
        wait_for("all workers are replaced", log, running)
    finally:
        running.terminate()
        assert running.wait(60) == 0


def wait_for(said: str, log: Path, running: "subprocess.Popen[bytes]") -> None:
    """Wait until the supervisor has said it."""
    command = ["tail", "-f", "-n", "+1", f"--pid={running.pid}", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as tail:
        assert tail.stdout is not None
        try:
            for line in tail.stdout:
                if said in line:
                    return
        finally:
            tail.terminate()
    pytest.fail(f"{said!r} was not said: {log.read_text()}")


def test_what_the_guide_compiles_is_what_it_then_uses() -> None:
    (compiling,) = blocks(GUIDE, "Compiled")
    make, serve = compiling.text.splitlines()
    planned = subprocess.run([*make.split(), "-n"], cwd=PROJECT, capture_output=True, text=True, check=True)
    folder = serve.split()[0].removeprefix("PYTHONPATH=")
    assert f"-m tools.compiled {folder}" in planned.stdout
