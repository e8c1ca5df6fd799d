"""Several gateway processes at one port: they are one gateway, and survive each other."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.gateway.workers.conftest import Gateway, products, until
from tests.gateway.workers.load import CONNECTIONS, connections, statuses

pytestmark = pytest.mark.xdist_group("workers")


async def test_every_worker_answers_and_each_request_has_one_whole_line(workers: Gateway) -> None:
    client, token = await workers.token()

    def lines() -> list[dict[str, object]]:
        return [line for line in workers.said('"event":"request"') if line.get("client") == client]

    def logged() -> bool:
        return len(lines()) >= asked

    asked, replicas = 0, set[object]()
    async with asyncio.timeout(60):
        while replicas != {"local-1", "local-2"}:  # whoever is idle takes the next connection
            async with connections(workers.port) as clients:
                for _ in range(10):
                    assert await statuses(clients, products(token)) == [200] * CONNECTIONS
                    asked += CONNECTIONS
            await until(logged, "every request is logged")
            replicas = {line["replica"] for line in lines()}
    assert len(lines()) == asked
    assert len({line["request_id"] for line in lines()}) == asked


async def test_a_client_that_is_disabled_is_refused_at_every_worker(workers: Gateway) -> None:
    client, token = await workers.token()
    async with connections(workers.port) as clients:
        assert await statuses(clients, products(token)) == [200] * CONNECTIONS
        await workers.server.disable_client(client)

        async with asyncio.timeout(60):
            while 200 in await statuses(clients, products(token)):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        assert await statuses(clients, products(token)) == [401] * CONNECTIONS


async def test_a_quota_is_exact_over_the_workers(workers: Gateway) -> None:
    found = list[int]()
    for _ in range(5):
        before = len(workers.said("Redis does not answer"))
        _, token = await workers.token("scarce")
        async with connections(workers.port) as clients:
            found = [status for _ in range(4) for status in await statuses(clients, products(token))]
        if len(workers.said("Redis does not answer")) == before:
            break  # otherwise a busy machine was too slow for once, and each went on with its share
    assert found.count(200) == 60
    assert found.count(429) == 4 * CONNECTIONS - 60


async def test_a_worker_that_dies_is_replaced_and_the_log_says_so(workers: Gateway) -> None:
    _, token = await workers.token()
    victim = workers.workers()[0]

    def of_victim() -> list[dict[str, object]]:
        return [line for line in workers.said("a worker has ended") if line["pid"] == victim]

    os.kill(victim, signal.SIGKILL)
    async with connections(workers.port) as clients:  # the other one answers, and soon a new one
        assert set(await statuses(clients, products(token))) == {200}
    await until(lambda: bool(of_victim()), "it is noticed")
    assert [line["ended_by"] for line in of_victim()] == ["SIGKILL"]
    await until(lambda: len(workers.workers()) == 2, "another one is started")


async def test_what_keeps_the_first_worker_from_starting_is_said_once_and_ends_the_supervisor(
    tmp_path: Path,
) -> None:
    code, said = await ended(tmp_path, "serve", "gateway", "--workers", "3", "--port", "0")
    assert code == 1
    assert said.count("TRIPTYCH_SECRET_KEY") == 2  # in one line
    assert said.startswith("error: Set TRIPTYCH_SECRET_KEY")


async def test_only_the_gateway_has_workers(tmp_path: Path) -> None:
    code, said = await ended(tmp_path, "serve", "crm", "--workers", "2")
    assert code == 2
    assert "Only the gateway has workers" in said


async def ended(folder: Path, *arguments: str) -> tuple[int | None, str]:
    """The exit code of a command, and what it said on standard error."""
    process = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("triptych")), *arguments),
        cwd=folder,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    return process.returncode, said.decode()
