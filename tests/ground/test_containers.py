"""The image and the compose file: one container for each service, each where the others look for it."""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml

from triptych.settings import Settings

PROJECT = Path(__file__).parents[2]
COMPOSE = PROJECT / "docker-compose.yml"
NEIGHBOURS = {"postgres", "redis"}
BALANCER = "balancer"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text())


@pytest.fixture(scope="module")
def ours(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The containers that run our own image."""
    return {name: it for name, it in compose["services"].items() if name not in {BALANCER, *NEIGHBOURS}}


def validated(file: Path) -> subprocess.CompletedProcess[str]:
    """A file held against the Compose specification's own schema."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_compose_file_keeps_to_the_compose_specification():
    assert validated(COMPOSE).stdout == "ok -- validation done\n"


def test_a_compose_file_with_a_mistake_would_be_noticed(tmp_path: Path):
    mistaken = tmp_path / "docker-compose.yml"
    mistaken.write_text(COMPOSE.read_text().replace("condition: service_healthy", "condition: healthy"))
    assert validated(mistaken).returncode == 1


def test_docker_itself_can_read_the_compose_file():
    docker = shutil.which("docker")
    known = docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False)
    if not docker or not known or known.returncode:
        pytest.skip("docker compose is not installed here")
    command = [docker, "compose", "--file", str(COMPOSE), "config", "--quiet"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRIPTYCH_")}
    without_key = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "openssl rand -hex 32" in without_key.stderr
    subprocess.run(command, env=environment | {"TRIPTYCH_SECRET_KEY": "0" * 64}, check=True)


def test_every_installed_service_has_a_container_and_every_container_a_service(ours: dict[str, Any]):
    assert ours.keys() == {"gateway"} | set(entry_points(group="triptych.services").names)


def test_each_container_serves_what_it_is_called_after(ours: dict[str, Any]):
    for name, container in ours.items():
        assert container["command"] == ["serve", name, "--host", "0.0.0.0", "--port", "8000"]


def test_everybody_is_told_the_secret_key_and_where_the_others_are(
    ours: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    for name, value in ours["gateway"]["environment"].items():
        monkeypatch.setenv(name, value)
    settings = Settings(_env_file=None)  # pyright: ignore[reportCallIssue] - pydantic-settings takes it
    for name, container in ours.items():
        assert container["environment"] == ours["gateway"]["environment"]
        if name != "gateway":
            assert settings.address_of(name) == f"http://{name}:8000"
    assert ours["crm"]["environment"]["TRIPTYCH_SECRET_KEY"].startswith("${TRIPTYCH_SECRET_KEY:?")
    assert settings.topology == "split"


def test_only_the_balancer_can_be_reached_and_only_from_this_machine(compose: dict[str, Any]):
    published = {name: it["ports"] for name, it in compose["services"].items() if "ports" in it}
    assert published == {BALANCER: ["127.0.0.1:${TRIPTYCH_PORT:-8000}:8080"]}


def test_the_balancer_stands_before_the_gateway_with_the_file_of_the_examples(compose: dict[str, Any]):
    balancer = compose["services"][BALANCER]
    source, target, rights = balancer["volumes"][0].split(":")
    text = (PROJECT / source).read_text()
    assert (target, rights) == ("/usr/local/etc/haproxy/haproxy.cfg", "ro")
    assert "bind :8080" in text
    assert "gateway:8000" in text
    assert balancer["depends_on"] == {"gateway": {"condition": "service_healthy"}}


def test_every_container_says_how_it_is_and_ours_wait_for_their_neighbours(
    compose: dict[str, Any], ours: dict[str, Any]
):
    assert all("test" in it["healthcheck"] for it in compose["services"].values())
    for container in ours.values():
        assert "/healthz" in container["healthcheck"]["test"][-1]
        assert container["depends_on"] == {name: {"condition": "service_healthy"} for name in NEIGHBOURS}


def test_the_image_copies_only_what_its_context_lets_through_and_all_that_the_wheel_is_made_of():
    dockerfile = (PROJECT / "Dockerfile").read_text()
    let_through = re.findall(r"^!(.+)$", (PROJECT / ".dockerignore").read_text(), re.MULTILINE)
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)
        for name in line.split()
    ]
    assert sorted(copied) == sorted(let_through)
    assert all((PROJECT / name).exists() for name in copied)
    wheel = (PROJECT / "pyproject.toml").read_text().split("only-include = [")[1].split("]")[0]
    assert set(re.findall(r'"(.+?)"', wheel)) <= set(copied)


def test_the_image_runs_as_nobody_special_and_checks_every_hash():
    dockerfile = (PROJECT / "Dockerfile").read_text()
    last_stage = dockerfile.split("\nFROM ")[-1]
    assert re.findall(r"^USER (.+)$", last_stage, re.MULTILINE) == ["triptych"]
    assert "--require-hashes -r requirements.lock" in dockerfile
    assert 'ENTRYPOINT ["triptych"]' in last_stage
