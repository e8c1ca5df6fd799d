"""Writes leave together, in their order, and none is lost when a connection ends."""

import asyncio
from typing import Any, cast

import pytest

from gateway.edge.batch import Batched, Outbox


class Wire:
    """A transport that notes what is done with it."""

    def __init__(self, notes: list[tuple[str, object]], name: str) -> None:
        self._notes = notes
        self._name = name
        self._closing = False

    def write(self, data: bytes) -> None:
        self._notes.append((self._name, data))

    def close(self) -> None:
        self._closing = True
        self._notes.append((self._name, "closed"))

    abort = close

    def is_closing(self) -> bool:
        return self._closing

    def get_write_buffer_size(self) -> int:
        return 1

    def get_extra_info(self, name: str) -> str:
        return name

    def pause_reading(self) -> None:
        self._notes.append((self._name, "paused"))

    def resume_reading(self) -> None:
        self._notes.append((self._name, "resumed"))


@pytest.fixture
def notes() -> list[tuple[str, object]]:
    return []


@pytest.fixture
def wires(notes: list[tuple[str, object]]) -> tuple[Batched, Batched]:
    outbox = Outbox()
    a, b = (Batched(cast(Any, Wire(notes, name)), outbox) for name in "ab")
    return a, b


async def test_what_is_written_in_a_turn_leaves_at_its_end(
    wires: tuple[Batched, Batched], notes: list[tuple[str, object]]
):
    a, b = wires
    for piece in (b"1", b"2"):
        a.write(piece)
        b.write(piece)
    assert notes == []
    assert a.get_write_buffer_size() == 3
    await asyncio.sleep(0)
    assert notes == [("a", b"12"), ("b", b"12")]
    b.write(b"3")
    await asyncio.sleep(0)
    assert notes[2:] == [("b", b"3")]


async def test_what_waits_is_written_before_the_end_and_nothing_after_it(
    wires: tuple[Batched, Batched], notes: list[tuple[str, object]]
):
    a, b = wires
    a.write(b"last")
    b.write(b"never")
    a.close()
    b.abort()
    a.write(b"too late")
    await asyncio.sleep(0)
    assert notes == [("a", b"last"), ("a", "closed"), ("b", "closed")]
