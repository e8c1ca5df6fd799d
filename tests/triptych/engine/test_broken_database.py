"""A database that takes a grant back while processes run: they die, and go on once it is mended."""

import secrets
from collections.abc import Callable, Generator
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from tests.triptych.engine.conftest import House, Trade
from triptych.engine.letters import LetterQuery
from triptych.settings import Settings


@dataclass
class Grants:
    """A database whose grants an administrator takes and gives."""

    house: House
    say: Callable[[str], None]


@pytest.fixture
def grants(postgres_url: str) -> Generator[Grants]:
    """A house with a database and a role of its own: superusers need no grants."""
    name = f"triptych_grants_{secrets.token_hex(4)}"
    named = sql.Identifier(name)
    with psycopg.connect(postgres_url, autocommit=True) as administrator:
        administrator.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'grants'").format(named))
        administrator.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(named, named))
        info = administrator.info
        where = f"{info.host}:{info.port}/{name}"
        with psycopg.connect(
            host=info.host,
            port=info.port,
            user=info.user,
            password=info.password,
            dbname=name,
            autocommit=True,
        ) as inside:
            settings = Settings(database_url=SecretStr(f"postgresql://{name}:grants@{where}"), replica=name)
            yield Grants(House(settings, "trade"), lambda said: _say(inside, f"{said} {name}"))
        administrator.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(named))
        administrator.execute(sql.SQL("DROP ROLE {}").format(named))


def _say(connection: psycopg.Connection, said: str) -> None:
    connection.execute(said.encode())


@pytest.mark.blocking("an administrator takes and gives grants")
async def test_a_revoked_grant_makes_dead_letters_that_a_replay_finishes_with_nothing_done_twice(
    grants: Grants, trade: Trade
):
    door = trade.holds("authorise")
    async with grants.house.open(trade.sentence()) as trading:
        started = [await trading.start(f"ord_{number}") for number in range(3)]
        await trade.arrives("authorise")
        grants.say("REVOKE INSERT ON dbos.operation_outputs FROM")
        door.set()
        parked = [await trading.settled(status.about) for status in started]
        letters = await trading.engine.letters.find(LetterQuery(text="permission denied"))
        (account,) = await trading.engine.accounts()
        grants.say("GRANT INSERT ON dbos.operation_outputs TO")
        for letter in letters:
            await trading.engine.letters.replay(letter.id)
        ended = [await trading.settled(status.about) for status in started]
    assert [status.phase for status in parked] == ["parked"] * 3
    assert {letter.id for letter in letters} == {status.id for status in started}
    assert (account.came_in, account.dead, account.missing) == (3, 3, 0)
    assert [status.phase for status in ended] == ["completed"] * 3
    keys = [context.idempotency_key for context in trade.contexts]
    assert len(set(keys)) == 12  # a step whose record was refused ran again, under the key that it had
