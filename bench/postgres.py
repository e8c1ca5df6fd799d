"""A PostgreSQL database of a benchmark's own."""

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from bench.processes import Missing

POSTGRES = os.environ.get("TRIPTYCH_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


@contextmanager
def database() -> Generator[str]:
    """A PostgreSQL database that is dropped afterwards. Raises Missing."""
    name = f"triptych_bench_{secrets.token_hex(6)}"
    try:
        connection = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        raise Missing("PostgreSQL does not answer") from error
    with connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlsplit(POSTGRES)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
