"""What may happen to a gateway under load: keys change, a replica is replaced, Redis hangs and dies.

`TRIPTYCH_TEST_LOAD` says how many requests are made of each kind before and after, by default 100.
"""

import os
import signal

import httpx
import pytest
from sqlalchemy import update

from gateway.authorization.keys import PUBLISHED_SECONDS
from gateway.authorization.tables import signing_keys
from tests.gateway.workers.conftest import Gateway, Redis, order, products, until
from tests.gateway.workers.load import connections, load, statuses
from tests.gateway.workers.replica import Replica

pytestmark = pytest.mark.xdist_group("workers")
GONE, BACK = "Redis does not answer", "Redis answers again"
REQUESTS = int(os.environ.get("TRIPTYCH_TEST_LOAD", "100"))


async def publishes(workers: Gateway, kid: str) -> None:
    """Wait until every worker has published this key: on so many connections each is asked."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        known = 0
        while known < 16:
            answer = await http.get(
                f"http://127.0.0.1:{workers.port}/oauth/jwks", headers={"connection": "close"}
            )
            known = known + 1 if kid in answer.text else 0


async def test_keys_rotate_and_no_valid_token_is_refused(workers: Gateway) -> None:
    keys = workers.server.keys
    await keys.open()
    _, token = await workers.token()
    async with load(workers.port, products(token), clients=8) as asked:
        for _ in range(2):
            await asked.more(REQUESTS)
            older = update(signing_keys).values(created_at=signing_keys.c.created_at - PUBLISHED_SECONDS)
            async with workers.database.write() as connection:
                await connection.execute(older)
            await keys.rotate()
            (fresh,) = [age.kid for age in await keys.ages() if age.place == "next"]
            _, token = await workers.token()
            async with load(workers.port, products(token), clients=8) as with_the_newest:
                await publishes(workers, fresh)
                await with_the_newest.more(REQUESTS)
            assert with_the_newest.failed == []
    assert asked.failed == []


async def test_replicas_of_a_service_are_replaced_one_after_the_other_and_no_request_fails(
    workers: Gateway, replicas: list[Replica]
) -> None:
    _, token = await workers.token()
    async with (
        load(workers.port, products(token)) as reads,
        load(workers.port, order(token), clients=4) as writes,
    ):
        for replica in replicas:
            await reads.more(REQUESTS)
            await replica.stop()
            await reads.more(REQUESTS)
            await replica.start()
            await writes.more(REQUESTS // 4)
    assert (reads.failed, writes.failed) == ([], [])


async def test_workers_and_replicas_are_replaced_at_once_and_no_request_fails(
    workers: Gateway, replicas: list[Replica]
) -> None:
    _, token = await workers.token()
    replaced = len(workers.said("all workers are replaced"))
    async with load(workers.port, products(token)) as asked:
        await asked.more(REQUESTS)
        workers.process.send_signal(signal.SIGHUP)
        for replica in replicas:
            await replica.stop()
            await replica.start()
        await until(lambda: len(workers.said("all workers are replaced")) > replaced, "they are replaced")
        await asked.more(REQUESTS)
    assert asked.failed == []


async def test_while_redis_hangs_requests_go_on_with_the_workers_shares(
    workers: Gateway, redis: Redis
) -> None:
    _, token = await workers.token()
    _, few = await workers.token("scarce")
    async with connections(workers.port, 16) as clients, load(workers.port, products(token)) as asked:
        before = await statuses(clients, products(few))
        noticed, back = len(workers.said(GONE)), len(workers.said(BACK))
        redis[1].send_signal(signal.SIGSTOP)
        try:
            await until(lambda: len(workers.said(GONE)) > noticed, "a worker notices")
            alone = [status for _ in range(8) for status in await statuses(clients, products(few))]
        finally:
            redis[1].send_signal(signal.SIGCONT)
        await until(lambda: len(workers.said(BACK)) > back, "a worker notices")
        after = [status for _ in range(8) for status in await statuses(clients, products(few))]
    assert asked.failed == []
    assert before == [200] * 16
    assert alone.count(200) + alone.count(429) == 8 * 16
    assert 0 < alone.count(200) <= 60 - 16, "no more than the plan, though nobody knows of the other"
    assert after[-16:] == [429] * 16, "what was admitted alone counts"


async def test_without_redis_requests_go_on_and_tokens_wait(workers: Gateway, redis: Redis) -> None:
    _, token = await workers.token()
    async with load(workers.port, products(token)) as asked:
        await asked.more(REQUESTS)
        redis[1].kill()
        await redis[1].wait()
        await asked.more(REQUESTS)
        async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
            refused = await http.post(f"http://127.0.0.1:{workers.port}/oauth/token", data={})
    assert asked.failed == []
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")


async def test_sigterm_ends_all_of_them_in_good_order(workers: Gateway) -> None:
    pids = workers.workers()
    assert len(pids) == 2
    async with connections(workers.port, 8) as clients:
        await statuses(clients, products("none"))
        workers.process.terminate()
        await workers.process.wait()
    assert workers.process.returncode == 0
    assert workers.said("ended before everything was closed") == []
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
