"""What `/metrics` says: calls by outcome and duration, and how callers see their targets."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.triptych.running.company.harbour.berths.service import BerthsService
from tests.triptych.running.company.harbour.desk.contract import Desk
from tests.triptych.running.company.harbour.desk.service import DeskService
from triptych.assembly.platform import Platform
from triptych.context import deadline
from triptych.contract import operations
from triptych.problems import DeadlineExceeded, InternalError, NotFound
from triptych.settings import Settings
from triptych.telemetry.instruments import Instruments
from triptych.telemetry.metrics import BOUNDS, Meter, OperationCounts

SHIPS = next(found for found in operations(Desk) if found.name == "ships")


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncGenerator[Platform]:
    """The harbour, with instruments."""
    settings = Settings(data=tmp_path)
    services = {"berths": BerthsService, "desk": DeskService}
    async with Platform(settings, services, Instruments(settings, "triptych")) as found:
        yield found


async def samples(meter: Meter) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels, read by Prometheus' own parser."""
    text = await asyncio.to_thread(meter.text)
    families = text_string_to_metric_families(text.decode())
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def meter(platform: Platform) -> Meter:
    """The platform's meter."""
    assert platform.instruments is not None
    return platform.instruments.meter


async def test_calls_are_counted_by_what_became_of_them(platform: Platform) -> None:
    desk = platform.client(Desk)
    await desk.ships()
    await desk.ships()
    with pytest.raises(NotFound):
        await desk.wreck("lost")
    with pytest.raises(InternalError):
        await desk.wreck("rock")
    with pytest.raises(DeadlineExceeded), deadline(0.1):
        await desk.tide(5)

    found = await samples(meter(platform))

    assert found["triptych_calls_total", "ships", "ok", "desk"] == 2
    assert found["triptych_calls_total", "berths.find", "ok", "berths"] == 2
    assert found["triptych_calls_total", "wreck", "NotFound", "desk"] == 1
    assert found["triptych_calls_total", "wreck", "InternalError", "desk"] == 1
    assert found["triptych_calls_total", "tide", "DeadlineExceeded", "desk"] == 1
    assert found["triptych_call_duration_seconds_count", "ships", "desk"] == 2


async def test_a_call_that_nobody_waits_for_any_more_counts_as_cancelled(platform: Platform) -> None:
    call = asyncio.create_task(platform.client(Desk).tide(30))
    await asyncio.sleep(0.05)
    call.cancel()
    await asyncio.wait([call])

    assert (await samples(meter(platform)))["triptych_calls_total", "tide", "cancelled", "desk"] == 1


async def test_streams_are_counted_without_a_duration(platform: Platform) -> None:
    events = platform.client(Desk).horn()
    async with aclosing(events):  # pyright: ignore[reportArgumentType] - the client's is a generator
        await anext(events)

    found = await samples(meter(platform))
    assert found["triptych_calls_total", "horn", "cancelled", "desk"] == 1
    assert found["triptych_call_duration_seconds_count", "horn", "desk"] == 0


async def test_circuits_show_their_state_and_targets_their_calls(platform: Platform) -> None:
    desk = platform.client(Desk)
    waiting = [asyncio.create_task(desk.tide(30)) for _ in range(3)]
    await asyncio.sleep(0.05)
    busy = await samples(meter(platform))
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    for _ in range(5):
        with pytest.raises(InternalError):
            await desk.wreck("rock")
    tripped = await samples(meter(platform))

    assert busy["triptych_calls_under_way", "triptych", "desk"] == 3
    assert busy["triptych_circuit", "triptych", "closed", "desk"] == 1
    assert tripped["triptych_circuit", "triptych", "open", "desk"] == 1
    assert tripped["triptych_circuit", "triptych", "closed", "desk"] == 0
    assert tripped["triptych_calls_under_way", "triptych", "desk"] == 0


def test_the_histograms_buckets_hold_what_took_at_most_so_long() -> None:
    counts = OperationCounts(SHIPS.api.name, SHIPS.name)
    for seconds in (0.0005, 0.001, 0.0011, 0.3, 99.0):
        counts.add("ok", seconds)

    assert counts.cumulative() == [
        (str(bound), total) for bound, total in zip((*BOUNDS, "+Inf"), [2, 3, 3, 3, 4, 4, 4, 5], strict=True)
    ]
    assert counts.seconds == pytest.approx(99.3026)


async def test_the_process_says_who_it_is_and_what_it_uses() -> None:
    found = await samples(Meter("crm", "1.2.3"))

    assert found["triptych_info", "crm", "1.2.3"] == 1
    assert found["process_resident_memory_bytes",] > 1_000_000
