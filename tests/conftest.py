"""What every test stands on: its services, its real input, and an event loop that nobody may block.

`TRIPTYCH_REQUIRE_SERVICES=1` turns a skip for a missing service into a failure; `.ci/run` sets it.
`TRIPTYCH_TEST_POSTGRES` and `TRIPTYCH_TEST_REDIS` say where the services are, by default on this machine.
"""

# redis leaves the types of its keyword arguments and of its keys open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import os
import secrets
import traceback
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import blockbuster.blockbuster
import psycopg
import pytest
import redis
from blockbuster import BlockBuster, BlockingError
from hypothesis import HealthCheck, settings
from psycopg import sql

pytest_plugins = ["tests.clone", "tests.landscape"]

PROJECT = Path(__file__).resolve().parents[1]
OUR_PACKAGES = ["triptych", "gateway", "demo", "systems", "processes", "experiences"]
TEST_SETTINGS = {
    "TRIPTYCH_REQUIRE_SERVICES",
    "TRIPTYCH_SHARED",
    "TRIPTYCH_TEST_EXAMPLES",
    "TRIPTYCH_TEST_LOAD",
    "TRIPTYCH_TEST_POSTGRES",
    "TRIPTYCH_TEST_RACES",
    "TRIPTYCH_TEST_REDIS",
}

# How long an example takes says more about the machine than about the code.
settings.register_profile("triptych", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("triptych")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """One event loop for the whole session, so that a platform can outlive a test."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def no_settings_from_outside() -> Generator[None]:
    """Tests mean the defaults, whatever `TRIPTYCH_…` is set in the shell that started them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("TRIPTYCH_")]:
            if name not in TEST_SETTINGS:
                patch.delenv(name)
        yield


# --- nobody blocks the event loop ---


@dataclass(frozen=True)
class MayBlock:
    """A place in the call stack below which our packages may block the event loop, and why."""

    path: str
    """How the path of its file ends."""
    function: str
    """The function's name."""
    reason: str


EXEMPTIONS = [
    MayBlock("dbos/_dbos.py", "_launch", "DBOS migrates and recovers once, before anything is served"),
    MayBlock("dbos/_dbos.py", "_destroy", "DBOS joins its threads once, when nothing is served any more"),
    MayBlock("triptych/assembly/platform.py", "__aenter__", "a platform is put together before it serves"),
    MayBlock("triptych/storage/upgrading.py", "_migrate", "migrations run once, before anything is served"),
    MayBlock("asyncpg/connect_utils.py", "_parse_connect_arguments", "a connection looks for ~/.pgpass"),
    MayBlock("triptych/secrets.py", "_root", "the secret key is read once, before anything is served"),
    MayBlock("slowapi/extension.py", "__init__", "slowapi looks for a .env once, when a service is built"),
    MayBlock("triptych/settings.py", "_per_service", "settings are read once, before anything is served"),
    MayBlock("triptych/assembly/discovery.py", "_found", "what is installed is read once, at the start"),
    MayBlock("triptych/serving/boundary.py", "_unexpected", "a traceback shows lines of source files"),
    MayBlock("<frozen importlib._bootstrap>", "_find_and_load", "a heavy library loads at its first use"),
    MayBlock("logging/__init__.py", "emit", "a log line is written where it is said, whole and in order"),
]


@pytest.hookimpl(tryfirst=True)  # before xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the journeys, which take longest, and keep tests that share a module's fixture together.

    Refuses `@pytest.mark.blocking` without a reason.
    """
    items.sort(key=lambda item: "journeys" not in item.path.parts)
    for item in items:
        if _shares_a_modules_fixture(item) and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    for item in items:
        marker = item.get_closest_marker("blocking")
        if marker and not (marker.args and str(marker.args[0]).strip()):
            raise pytest.UsageError(f"{item.nodeid}: say why, as in @pytest.mark.blocking('reason')")


def _shares_a_modules_fixture(item: pytest.Item) -> bool:
    found: Any = item
    fixtures: dict[str, Sequence[pytest.FixtureDef[Any]]] = found._fixtureinfo.name2fixturedefs
    return any(fixture[-1].scope == "module" for fixture in fixtures.values())


@pytest.fixture(scope="session")
def loop_watch() -> BlockBuster:
    """What finds blocking calls that our packages make in a thread whose event loop runs."""
    watch = BlockBuster(OUR_PACKAGES)
    for call in watch.functions.values():
        for exempt in EXEMPTIONS:
            call.can_block_in(exempt.path, exempt.function)
    return watch


@pytest.fixture(autouse=True)
def nobody_blocks_the_event_loop(
    request: pytest.FixtureRequest, loop_watch: BlockBuster, monkeypatch: pytest.MonkeyPatch
) -> Generator[None]:
    """Fail a test in which our code blocks the loop, also where the error is caught on its way up.

    A test that has to block says why: `@pytest.mark.blocking("reason")`.
    """
    if request.node.get_closest_marker("blocking"):
        yield
        return
    noticed: list[str] = []
    ours = tuple(str(Path(str(import_module(name).__file__)).parent) for name in OUR_PACKAGES)

    def notice(call: str) -> BlockingError:
        places = ((frame.f_code.co_filename, line) for frame, line in traceback.walk_stack(None))
        file, line = next(place for place in places if place[0].startswith(ours))
        noticed.append(f"{call} under {file}:{line}")
        return BlockingError(call)

    monkeypatch.setattr(blockbuster.blockbuster, "BlockingError", notice)
    loop_watch.activate()
    try:
        yield
    finally:
        loop_watch.deactivate()
    if noticed:
        pytest.fail("the event loop was blocked by " + "; ".join(noticed))


# --- services, each with its own corner ---


def absent(what: str) -> NoReturn:
    """Skip for want of a service; fail where services are required."""
    if os.environ.get("TRIPTYCH_REQUIRE_SERVICES") == "1":
        pytest.fail(f"{what}, and TRIPTYCH_REQUIRE_SERVICES=1 asks for it")
    pytest.skip(what)


@dataclass
class PostgresServer:
    """A server on which tests make databases: an administrator's URL and connection."""

    url: str
    administrator: psycopg.Connection

    @contextmanager
    def database(self, template: str = "template1") -> Generator[str]:
        """The URL of a new database, as `template` is, which is dropped at the end."""
        name = f"triptych_test_{secrets.token_hex(6)}"
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self.administrator.execute(made.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield urlsplit(self.url)._replace(path=f"/{name}").geturl()
        finally:
            dropped = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            self.administrator.execute(dropped)


@pytest.fixture(scope="session")
def postgres_server() -> Generator[PostgresServer]:
    """The PostgreSQL server of the tests."""
    url = os.environ.get("TRIPTYCH_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        absent(f"no PostgreSQL at {urlsplit(url).hostname}: {error}")
    with connection:
        yield PostgresServer(url, connection)


@pytest.fixture(scope="session")
def postgres_url(postgres_server: PostgresServer) -> Generator[str]:
    """A PostgreSQL database of this test process alone, dropped at the end."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> str:
    """A Redis that others may be using too: keep to keys under `redis_prefix`."""
    url = os.environ.get("TRIPTYCH_TEST_REDIS", "redis://127.0.0.1:6379")
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=3) as client:
            client.ping()
    except redis.ConnectionError as error:
        absent(f"no Redis at {urlsplit(url).hostname}: {error}")
    return url


@pytest.fixture
def redis_prefix(redis_url: str) -> Generator[str]:
    """A fresh prefix for the keys of one test, which are deleted after it."""
    prefix = f"triptych-test-{secrets.token_hex(6)}:"
    yield prefix
    with redis.Redis.from_url(redis_url) as client:
        for key in client.scan_iter(f"{prefix}*"):
            client.delete(key)


# --- real input ---


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real books and vendors' contracts; only some checkouts have one beside them."""
    folder = Path(os.environ.get("TRIPTYCH_SHARED", PROJECT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no real input here: {folder} is absent")
    return folder
