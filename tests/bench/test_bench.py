"""The benchmarks measure what they say: their baselines answer the same, and their processes end."""

import json
import sys
from importlib import import_module
from pathlib import Path

import httpx
import psutil
import pytest

from bench import loading
from bench.__main__ import NAMES
from bench.processes import DidNotStart, environment, free_port, served, started, stop
from bench.report import Row, publish
from bench.start import LIBRARIES
from bench.storefront_by_hand import application
from experiences.storefront.contract import ShopQuery, Storefront
from triptych.assembly.discovery import DEMO, installed, single
from triptych.assembly.platform import Platform
from triptych.settings import Settings


def quietly(what: str, done: int, total: int) -> None:
    """Progress that nobody hears of."""


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_can_be_run(name: str) -> None:
    assert callable(import_module(f"bench.{name}").main)


def test_a_row_is_published_with_its_ratio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    publish("tea", [Row("one cup", 3.0, "min", 2.0, "coffee", "under 4"), Row("a pot", 5.0, "min")])

    document = json.loads((tmp_path / "var/bench/tea.json").read_text())
    assert document["name"] == "tea"
    assert [row["ratio"] for row in document["rows"]] == [1.5, None]


@pytest.mark.blocking(
    "a landscape is put together and seeded, and its files are read, before anything is served"
)
async def test_the_storefronts_baselines_answer_what_the_storefront_answers(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, seed_scale=0.1)
    async with Platform(settings, installed()) as platform:
        await single(DEMO).seed(platform, settings, quietly)
        page = await platform.client(Storefront, "tests").find_products(ShopQuery())
        app = application(tmp_path)
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://by.hand") as client,
        ):
            same, joined = await client.get("/products"), await client.get("/joined/products")

    assert page.items
    assert same.json()["items"] == joined.json()["items"] == json.loads(page.model_dump_json())["items"]


def test_a_process_that_ends_instead_of_answering_did_not_start() -> None:
    port = free_port()

    with pytest.raises(DidNotStart), served([sys.executable, "-c", "pass"], port, "/"):
        pytest.fail("it never answered")


def test_ctrl_c_ends_a_process_when_its_block_ends(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "-d", str(tmp_path)]

    with served(command, port, "/") as running:
        pid = running.process.pid
        assert running.cpu() > 0
        assert psutil.pid_exists(pid)

    assert not psutil.pid_exists(pid)


def test_a_process_that_has_ended_is_stopped_without_a_word() -> None:
    with started([sys.executable, "-c", "pass"], environment()) as process:
        process.wait()

        assert stop(process) >= 0


def test_benchmarked_processes_know_none_of_our_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIPTYCH_SEED", "false")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")

    told = environment(TRIPTYCH_PORT="1")

    assert {name for name in told if name.startswith("TRIPTYCH_")} == {"TRIPTYCH_PORT"}
    assert "PYTHONDONTWRITEBYTECODE" not in told


def test_up_imports_the_libraries_that_its_start_is_compared_with(tmp_path: Path) -> None:
    """Otherwise the baseline of `start` would grow with what nobody needs."""
    program = f"""
import asyncio, sys
import triptych.cli.app, triptych.cli.banner, triptych.running.up
from pathlib import Path
from gateway.front import GatewayFront
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.settings import Settings
async def up():
    settings = Settings(data=Path({str(tmp_path)!r}))
    async with Platform(settings, installed()) as platform, GatewayFront(platform):
        import uvloop
        print([name for name in {LIBRARIES.split(", ")!r} if name not in sys.modules])
asyncio.run(up())
"""
    with started([sys.executable, "-c", program], environment(), -1) as process:
        assert process.stdout.read() == b"[]\n"


def test_loading_says_when_there_are_no_books(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(loading, "BOOKS", tmp_path / "northwind")

    loading.main()

    assert "skipped, there are no Northwind books" in capsys.readouterr().err
