"""The corners that services give to a test: fresh, its own, and gone afterwards."""

# redis leaves the types of its keyword arguments and of its keys open:
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

import psycopg
import redis


def test_the_postgres_database_is_fresh_and_its_own(postgres_url: str):
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute(
            "SELECT current_database(), count(*) FROM pg_class WHERE relname = 'own'"
        ).fetchone()
        assert row is not None
        assert row[0].startswith("triptych_test_")
        assert row[1] == 0
        connection.execute("CREATE TABLE own (id int)")


def test_redis_keys_have_a_prefix_of_their_own(redis_url: str, redis_prefix: str):
    with redis.Redis.from_url(redis_url) as client:
        client.set(f"{redis_prefix}stock", 1)
        assert list(client.scan_iter(f"{redis_prefix}*")) == [f"{redis_prefix}stock".encode()]
