"""Limits shared over the real Redis, and over one that is dead, hung or comes back."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic
from urllib.parse import urlsplit

import pytest

from gateway.limits import Account, Verdict
from gateway.limits.accounts import ADMITTED
from gateway.limits.counters import Counters
from gateway.limits.leased import LeasedAccounts
from gateway.plans import Plan, plan

QUOTA = plan("test", {"burst": 1_000_000, "day": 1_000})
BURST = plan("test", {"burst": 50})


@asynccontextmanager
async def gateways(url: str, prefix: str, count: int) -> AsyncGenerator[list[LeasedAccounts]]:
    """Several gateways that know of each other."""
    async with AsyncExitStack() as stack:
        found: list[LeasedAccounts] = []
        for number in range(count):
            counters = Counters(url, f"gateway-{number}", prefix, patience=10)  # exact, however slow this is
            counters.gateways = count
            found.append(LeasedAccounts(counters))
        for accounts in found:
            await stack.enter_async_context(accounts.running())
        yield found


async def take(account: Account, cost: int = 1) -> Verdict:
    """Ask for units; wait where the account has to."""
    found = account.take(cost, monotonic())
    return found if isinstance(found, Verdict) else await found


async def spend(account: Account, requests: int) -> int:
    """How many of so many requests, one after the other, are admitted."""
    return sum([not (await take(account)).violated for _ in range(requests)])


async def test_a_quota_is_exact_over_four_gateways(redis_url: str, redis_prefix: str):
    async with gateways(redis_url, redis_prefix, 4) as found:
        accounts = [accounts.of_client("acme", QUOTA) for accounts in found]
        admitted = sum(await asyncio.gather(*(spend(account, 400) for account in accounts)))
        assert admitted <= 1_000
        await asyncio.sleep(2.2)  # leases end, and what is left of them is given back
        admitted += await spend(accounts[0], 200)
    assert admitted == 1_000


async def test_a_gateway_that_stops_gives_back_what_it_has_leased(redis_url: str, redis_prefix: str):
    admitted = 0
    for _ in range(5):
        async with gateways(redis_url, redis_prefix, 1) as (accounts,):
            admitted += await spend(accounts.of_client("acme", QUOTA), 100)
    async with gateways(redis_url, redis_prefix, 1) as (accounts,):
        admitted += await spend(accounts.of_client("acme", QUOTA), 700)
    assert admitted == 1_000


async def test_a_burst_is_shared_within_a_batch(redis_url: str, redis_prefix: str):
    async with gateways(redis_url, redis_prefix, 4) as found:
        accounts = [accounts.of_client("acme", BURST) for accounts in found]
        began = monotonic()
        admitted = sum(await asyncio.gather(*(spend(account, 200) for account in accounts)))
        seconds = monotonic() - began
    assert 30 <= admitted <= 50 + seconds * 50 + 1


async def test_many_requests_at_once_ask_redis_together_and_get_the_exact_number(
    redis_url: str, redis_prefix: str
):
    small = plan("test", {"burst": 1_000_000, "day": 150})
    async with gateways(redis_url, redis_prefix, 1) as (accounts,):
        account = accounts.of_client("acme", small)
        verdicts = await asyncio.gather(*(take(account) for _ in range(400)))
        admitted = sum(not verdict.violated for verdict in verdicts)
    assert admitted == 150
    assert {verdict.violated for verdict in verdicts} == {(), ("day",)}


async def test_the_headers_count_what_all_gateways_have_used(redis_url: str, redis_prefix: str):
    async with gateways(redis_url, redis_prefix, 2) as (one, other):
        assert await spend(one.of_client("acme", QUOTA), 300) == 300
        account = other.of_client("acme", QUOTA)
        await take(account)
        text = account.header(monotonic()).decode()
    left = int(text.split('"day";r=')[1].split(";")[0])
    assert left <= 699


async def test_an_expensive_request_is_refused_without_refusing_a_cheap_one(
    redis_url: str, redis_prefix: str
):
    small = plan("test", {"burst": 1_000_000, "day": 10})
    async with gateways(redis_url, redis_prefix, 1) as (accounts,):
        account = accounts.of_client("acme", small)
        assert not (await take(account, 8)).violated
        assert (await take(account, 5)).violated == ("day",)
        assert not (await take(account, 1)).violated


def dead() -> str:
    """The address of a port where nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{found.getsockname()[1]}"


@asynccontextmanager
async def hung() -> AsyncGenerator[str]:
    """A server that takes connections and never says a word."""
    writers: list[asyncio.StreamWriter] = []

    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        for writer in writers:
            writer.close()
        server.close()
        await server.wait_closed()


async def alone(url: str, shared: Plan, requests: int) -> tuple[int, int]:
    """How many one of four gateways admits within a moment, without Redis, and how many have to wait."""
    counters = Counters(url, "gateway-0", "none:", now=lambda: 1_000.0)
    counters.gateways = 4
    account = LeasedAccounts(counters).of_client("acme", shared)
    admitted = waited = 0
    for _ in range(requests):
        found = account.take(1, 1_000.0)
        if not isinstance(found, Verdict):
            waited += 1
            found = await found
        admitted += not found.violated
    await counters.aclose()
    return admitted, waited


async def test_without_redis_each_gateway_goes_on_with_its_share():
    assert await alone(dead(), QUOTA, 400) == (250, 1)


async def test_with_a_hung_redis_one_request_a_second_waits_and_none_for_long():
    async with hung() as url:
        assert await alone(url, QUOTA, 400) == (250, 1)


async def test_a_thousand_clients_wait_for_a_hung_redis_together():
    async with hung() as url:
        counters = Counters(url, "gateway-0", "none:", now=lambda: 1_000.0)
        accounts = LeasedAccounts(counters)
        found = [accounts.of_client(f"client-{number}", QUOTA) for number in range(1_000)]
        verdicts = await asyncio.gather(*(take(account) for account in found))
        again = [account.take(1, 1_000.0) for account in found]
        await counters.aclose()
    assert not any(verdict.violated for verdict in verdicts)
    assert all(isinstance(verdict, Verdict) for verdict in again), "nobody waits while Redis is known to hang"


async def test_a_closed_plan_refuses_while_redis_is_gone():
    closed = Plan("oauth", BURST.burst, closed=True)
    counters = Counters(dead(), "gateway-0", "none:")
    account = LeasedAccounts(counters).of_address("203.0.113.7", closed)
    verdict = await take(account)
    await counters.aclose()
    assert verdict.closed
    assert verdict.violated


async def test_redis_is_used_again_when_it_is_back(redis_url: str, redis_prefix: str):
    address = urlsplit(redis_url)
    relay = Relay(address.hostname or "127.0.0.1", address.port or 6379)
    async with relay.listening() as port:
        counters = Counters(f"redis://127.0.0.1:{port}", "gateway-0", redis_prefix, patience=5)
        account = LeasedAccounts(counters).of_client("acme", QUOTA)
        assert await spend(account, 10) == 10
        await relay.cut()
        assert await spend(account, 20) == 20, "with the lease, and then alone"
        relay.open = True
        await asyncio.sleep(1.1)
        assert await spend(account, 10) == 10
        assert not counters.down
        used = await counters.lease(
            account_keys(redis_prefix), [1, 1, 1, 1, 1_000_000, 0, 1_000, 8.64e10, 3e8]
        )
        assert used is not None
        assert 1_000 - used[4] >= 40, "what was admitted alone is known there now"
        await counters.aclose()


def account_keys(prefix: str) -> list[str]:
    """Where the client's counters are."""
    return [f"{prefix}{{client:acme}}:{name}" for name in ("burst", "day")]


class Relay:
    """A connection to Redis that can be cut."""

    def __init__(self, host: str, port: int) -> None:
        self._to = host, port
        self._writers: list[asyncio.StreamWriter] = []
        self.open = True

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[int]:
        """Relay whatever comes to the port."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            await self.cut()
            server.close()
            await server.wait_closed()

    async def cut(self) -> None:
        """Break every connection, and take no other."""
        self.open = False
        for writer in self._writers:
            writer.close()
        self._writers.clear()
        await asyncio.sleep(0.05)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.open:
            writer.close()
            return
        there, back = await asyncio.open_connection(*self._to)
        self._writers += [writer, back]
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65_536):
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1", "127.0.0.1:6379"])
def test_an_address_that_is_no_redis_is_refused_at_once(url: str):
    with pytest.raises(ValueError, match="Redis URL"):
        Counters(url, "gateway-0")


class Held(Counters):
    """Counters whose answer comes when the test says, and a clock that notices who asks without end."""

    def __init__(self) -> None:
        super().__init__("redis://127.0.0.1:9", "gateway-0", "test:", patience=10, now=self.read)
        self.answers: asyncio.Queue[asyncio.Future[list[int]]] = asyncio.Queue()
        self.reads = 0

    def read(self) -> float:
        """The time, which here stands still."""
        self.reads += 1
        assert self.reads < 1_000, "somebody asks again and again without waiting"
        return 1_000.0

    async def lease(self, keys: Sequence[str], arguments: Sequence[float]) -> list[int] | None:
        answer: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self.answers.put_nowait(answer)
        return await answer


async def test_requests_that_come_in_the_moment_of_the_answer_wait_for_the_next_one():
    counters = Held()
    account = LeasedAccounts(counters).of_client("acme", BURST)
    first = account.take(1, 1_000.0)
    answer = await counters.answers.get()
    answer.set_result([1, 49, 1, 0])  # one unit, for three
    others = [account.take(1, 1_000.0) for _ in range(2)]
    async with asyncio.timeout(30):
        for _ in others:
            (await counters.answers.get()).set_result([1, 49, 1, 0])
        found = [verdict if isinstance(verdict, Verdict) else await verdict for verdict in (first, *others)]
    assert found == [ADMITTED] * 3
    await counters.aclose()
