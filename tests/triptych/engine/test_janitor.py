"""The janitor holds its name, also through a lost connection."""

import asyncio

import psycopg

from tests.triptych.engine.conftest import Trade, house_on_postgres

BACKEND = "SELECT backend FROM dbos.triptych_executors WHERE executor = %s"
LOCKED = """
    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = %s
"""


async def backend_of(connection: psycopg.AsyncConnection, executor: str) -> int:
    """The session that proves that this executor lives."""
    found = await (await connection.execute(BACKEND, (executor,))).fetchone()
    assert found
    return found[0]


async def test_a_janitor_that_loses_its_connection_claims_its_name_again(postgres_url: str, trade: Trade):
    house = house_on_postgres(postgres_url)
    executor = f"all@{house.settings.replica}"
    async with (
        house.open(trade.sentence()) as trading,
        await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection,
    ):
        first = await backend_of(connection, executor)
        await connection.execute("SELECT pg_terminate_backend(%s)", (first,))
        again = first
        for _ in range(200):
            await asyncio.sleep(0.05)
            again = await backend_of(connection, executor)
            if again != first:
                break
        locks = await (await connection.execute(LOCKED, (again,))).fetchone()
        assert locks == (1,)
        assert (await trading.run("ord_1")).phase == "completed"
