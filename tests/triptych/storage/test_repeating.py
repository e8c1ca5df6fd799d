"""Writes in other systems: none is made twice because an answer was lost."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter

from tests.triptych.storage.things import NewPart, Part, PartFilter
from triptych.context import Context, deadline, entered
from triptych.contract import Changes, Collection, Page, Patch, SystemApi
from triptych.ids import new_id
from triptych.problems import (
    Conflict,
    DeadlineExceeded,
    IdempotencyKeyInFlight,
    NotFound,
    OutcomeUnknown,
    Unavailable,
)
from triptych.storage import Again, AskAPerson, Database, FindFirst
from triptych.storage.repeating import Attempted, Repeating, attempting

ORDERED = FindFirst(by=("code",), visible_after=0.3)


class Vendor:
    """Another company's system: knows no keys, loses answers, and shows an effect some time after it."""

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.parts: dict[str, Part] = {}
        self.hidden: dict[str, Part] = {}
        self.trouble: list[tuple[str, Exception]] = []
        """What goes wrong next: `before` or `after` the effect."""

    def _does(self, verb: str, part: Part) -> Part:
        when, error = self.trouble.pop(0) if self.trouble else ("", None)
        if error and when == "before":
            raise error
        self.effects.append(f"{verb} {part.code}")
        if error:
            self.hidden[part.id] = part
            asyncio.get_running_loop().call_later(0.25, self._show, part)
            raise error
        self._show(part)
        return part

    def _show(self, part: Part) -> None:
        self.parts[part.id] = part

    async def get(self, id: str) -> Part:
        if id not in self.parts:
            raise NotFound("no such part")
        return self.parts[id]

    async def find(self, filter: PartFilter | None = None) -> Page[Part]:
        code = filter.code if filter else None
        return Page(items=tuple(part for part in self.parts.values() if code in (None, part.code)))

    async def changes(self, since: str = "", limit: int = 100) -> Changes[Part]:
        return Changes(items=(), position=since)

    async def create(self, new: NewPart) -> Part:
        return await self.add(new)

    async def add(self, new: NewPart, **state: Any) -> Part:
        now = datetime.now(UTC)
        given = {**new.model_dump(), "id": new_id("prt"), "created_at": now, "updated_at": now, **state}
        return self._does("create", Part.model_validate(given))

    async def save(self, entity: Part, **changes: Any) -> Part:
        given = {**entity.model_dump(), **changes, "version": entity.version + 1}
        return self._does("save", Part.model_validate(given))

    async def update(self, id: str, patch: Patch[NewPart], if_match: str) -> Part:
        present = await self.get(id)
        return self._does("update", present.model_copy(update=dict(patch.changes)))

    async def delete(self, id: str) -> None:
        self.parts.pop(id, None)


class Called:
    """One write as a process makes it: again and again under one key, each time from the beginning."""

    def __init__(self, database: Database, vendor: Vendor, repeats: Mapping[str, Repeating]) -> None:
        self.store = Attempted(vendor, database, "parts", repeats, TypeAdapter(Part), PartFilter)

    async def create(self, key: str, **given: Any) -> Part:
        with entered(Context(idempotency_key=key)), deadline(1):
            return await self.store.create(NewPart.model_validate({"name": "Bolt", "code": "B-1", **given}))

    async def save(self, key: str, part: Part, **changes: Any) -> Part:
        with entered(Context(idempotency_key=key)), deadline(1):
            return await self.store.save(part, **changes)

    async def update(self, key: str, part: Part, **changes: Any) -> Part:
        with entered(Context(idempotency_key=key)), deadline(1):
            return await self.store.update(part.id, Patch(changes), "*")


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def parts(database: Database, vendor: Vendor) -> Called:
    how = FindFirst(by=("weight",), visible_after=0.3)
    return Called(database, vendor, {"create": ORDERED, "save": how, "update": FindFirst(visible_after=0.3)})


async def until_readable(error: pytest.ExceptionInfo[IdempotencyKeyInFlight]) -> None:
    assert error.value.retry_after is not None
    assert 0 < error.value.retry_after <= 0.4
    await asyncio.sleep(error.value.retry_after)


async def test_what_was_made_although_its_answer_was_lost_is_found_once_it_can_be_read(
    parts: Called, vendor: Vendor
) -> None:
    vendor.trouble = [("after", DeadlineExceeded())]
    with pytest.raises(DeadlineExceeded):
        await parts.create("order-1")
    with pytest.raises(IdempotencyKeyInFlight, match="can be seen in") as early:
        await parts.create("order-1")
    assert not vendor.parts
    await until_readable(early)
    made = await parts.create("order-1")
    assert (vendor.effects, made) == (["create B-1"], vendor.parts[made.id])
    assert await parts.create("order-1") == made


async def test_what_had_no_effect_is_done_after_it_was_looked_for(parts: Called, vendor: Vendor) -> None:
    vendor.trouble = [("before", Unavailable()), ("before", RuntimeError("broken pipe"))]
    for error in (Unavailable, RuntimeError):
        with pytest.raises(error):
            await parts.create("order-1")
        with pytest.raises(IdempotencyKeyInFlight) as early:
            await parts.create("order-1")
        await until_readable(early)
    await parts.create("order-1")
    assert vendor.effects == ["create B-1"]


async def test_a_look_that_comes_too_early_does_not_put_the_next_one_off(
    parts: Called, vendor: Vendor
) -> None:
    vendor.trouble = [("after", Unavailable())]
    with pytest.raises(Unavailable):
        await parts.create("order-1")
    waits: list[float] = []
    for _ in range(3):
        with pytest.raises(IdempotencyKeyInFlight) as early:
            await parts.create("order-1")
        waits.append(early.value.retry_after or 0)
        await asyncio.sleep(0.03)
    assert waits == sorted(waits, reverse=True)
    assert waits[0] - waits[2] > 0.05


async def test_an_attempt_that_was_killed_is_looked_for_once_its_lease_is_over(
    parts: Called, vendor: Vendor, database: Database
) -> None:
    """Nobody can say when it was over: the claim that it made is all that is left of it."""
    key = "order-1/parts.create"
    killed = database.keys.attempted("backend of parts-for-tests", key, "parts.create", 60, lease=0.2)
    claimed = await killed.__aenter__()
    claimed.begin()
    await vendor.add(NewPart(name="Bolt", code="B-1"))
    with pytest.raises(IdempotencyKeyInFlight, match="still running"):
        await parts.create("order-1")
    await asyncio.sleep(0.25)
    with pytest.raises(IdempotencyKeyInFlight, match="can be seen in") as early:
        await parts.create("order-1")
    await until_readable(early)
    made = await parts.create("order-1")
    claimed.store('"what it would have kept, had it lived"')
    await killed.__aexit__(None, None, None)
    assert await parts.create("order-1") == made
    assert vendor.effects == ["create B-1"]


async def test_an_attempt_that_slept_beyond_its_lease_does_nothing(database: Database) -> None:
    async with database.keys.attempted("s", "k", "parts.create", 60, lease=0.05) as attempt:
        await asyncio.sleep(0.06)
        with pytest.raises(IdempotencyKeyInFlight, match="too late"):
            attempt.begin()
        attempt.store("null")


async def test_a_write_that_is_cut_off_is_in_doubt(parts: Called, vendor: Vendor) -> None:
    vendor.trouble = [("after", asyncio.CancelledError())]  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(asyncio.CancelledError):
        await parts.create("order-1")
    with pytest.raises(IdempotencyKeyInFlight, match="can be seen in"):
        await parts.create("order-1")


async def test_a_refusal_leaves_no_doubt(parts: Called, vendor: Vendor) -> None:
    vendor.trouble = [("before", Conflict("no stock"))]
    with pytest.raises(Conflict):
        await parts.create("order-1")
    await parts.create("order-1")
    assert vendor.effects == ["create B-1"]


async def test_another_order_for_the_same_is_another_write(parts: Called, vendor: Vendor) -> None:
    first, second = await parts.create("order-1"), await parts.create("order-2")
    assert first.id != second.id
    assert await parts.create("order-2") == second


async def test_a_change_whose_answer_was_lost_is_made_once(parts: Called, vendor: Vendor) -> None:
    part = await parts.create("order-1")
    vendor.trouble = [("after", Unavailable()), ("after", Unavailable())]
    for change in (
        lambda: parts.save("weigh", part, weight=7),
        lambda: parts.update("name", part, name="Nut"),
    ):
        with pytest.raises(Unavailable):
            await change()
        with pytest.raises(IdempotencyKeyInFlight) as early:
            await change()
        await until_readable(early)
        await change()
        await change()
    assert vendor.effects == ["create B-1", "save B-1", "update B-1"]


@pytest.mark.parametrize(
    ("repeats", "given", "because"),
    [
        ({}, {}, "nobody has said how"),
        ({"create": AskAPerson()}, {}, "nobody has said how"),
        ({"create": FindFirst(by=("code",))}, {"code": None}, "found by code, which it has not got"),
        ({"create": FindFirst(by=("colour", "code"))}, {}, "more than one has the same colour and code"),
    ],
)
async def test_what_cannot_be_looked_for_is_a_persons_business(
    database: Database, vendor: Vendor, repeats: Mapping[str, Repeating], given: dict[str, Any], because: str
) -> None:
    for _ in range(2):
        await vendor.add(NewPart(name="Bolt", code="B-1"))
    parts = Called(database, vendor, repeats)
    vendor.trouble = [("before", Unavailable())]
    with pytest.raises(Unavailable):
        await parts.create("order-1", **given)
    for _ in range(2):
        with pytest.raises(OutcomeUnknown, match=because) as unknown:
            await parts.create("order-1", **given)
        assert unknown.value.extra == {"write": "parts-for-tests.parts.create"}
    assert len(vendor.effects) == 2


async def test_a_system_that_knows_keys_is_asked_again_with_the_same_one(
    database: Database, vendor: Vendor
) -> None:
    parts = Called(database, vendor, {"create": Again()})
    vendor.trouble = [("before", Unavailable())]
    with pytest.raises(Unavailable):
        await parts.create("order-1")
    await parts.create("order-1")
    assert vendor.effects == ["create B-1"]


class Workshop(SystemApi, version=1, owner="tests"):
    """Parts."""

    parts: Collection[Part, NewPart, PartFilter]


class Backend:
    """A backend that says how its writes are repeated."""

    def __init__(self, repeats: Mapping[str, Repeating]) -> None:
        self.parts = Vendor()
        self.repeats = repeats


@pytest.mark.parametrize(
    ("repeats", "fault"),
    [
        ({"bolts.create": Again()}, "there is no write bolts.create"),
        ({"parts.find": Again()}, "there is no write parts.find"),
        ({"parts.save": FindFirst()}, "parts.save does not say which fields"),
        ({"parts.create": FindFirst(by=("name",))}, "found by no field that PartFilter has"),
    ],
)
async def test_what_is_said_of_repeats_has_to_make_sense(
    database: Database, repeats: Mapping[str, Repeating], fault: str
) -> None:
    with pytest.raises(TypeError, match=fault):
        attempting(Backend(repeats), Workshop, database)
    with pytest.raises(ValueError, match="visible_after"):
        FindFirst(by=("code",), visible_after=-1)
