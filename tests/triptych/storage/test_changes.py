"""The feed of changes: nothing missed, nothing repeated, whoever writes and in whatever order it commits."""

import asyncio
import random

import pytest

from tests.triptych.storage.conftest import Opened, settled
from tests.triptych.storage.things import PARTS, NewPart, Part, PartFilter, Parts
from triptych.contract import Change, Patch, every
from triptych.problems import InvalidInput
from triptych.storage import Database, EmbeddedStore

Seen = list[Change[Part]]


async def since(parts: Parts, position: str, limit: int = 100, *, settle: bool = True) -> tuple[Seen, str]:
    """Everything after a position, page by page."""
    if settle:
        await settled(parts)
    seen: Seen = []
    while True:
        found = await parts.changes(position, limit)
        assert len(found.items) <= limit
        seen += found.items
        position = found.position
        if not found.more:
            return seen, position


async def test_the_feed_tells_what_was_created_in_order(parts: Parts) -> None:
    made = [await parts.create(NewPart(name=str(number))) for number in range(5)]
    seen, position = await since(parts, "", limit=2)
    assert [change.entity for change in seen] == made
    assert (await parts.changes(position)).items == ()
    assert (await parts.changes(position)).position == position


async def test_an_empty_feed_has_a_position_to_go_on_from(parts: Parts) -> None:
    start = await parts.changes()
    assert (start.items, start.more) == ((), False)
    made = await parts.create(NewPart(name="Bolt"))
    assert [change.id for change in (await since(parts, start.position))[0]] == [made.id]


async def test_each_entity_comes_once_as_it_stands_now(parts: Parts) -> None:
    one, two = await parts.create(NewPart(name="one")), await parts.create(NewPart(name="two"))
    changed = await parts.update(one.id, Patch({"name": "one, changed"}), "1")
    seen, position = await since(parts, "")
    assert [change.entity for change in seen] == [two, changed]
    again = await parts.update(two.id, Patch({"name": "two, changed"}), "1")
    assert [change.entity for change in (await since(parts, position))[0]] == [again]


async def test_deletions_are_told_without_their_content(parts: Parts) -> None:
    made = await parts.create(NewPart(name="Bolt"))
    _, position = await since(parts, "")
    await parts.delete(made.id)
    seen, position = await since(parts, position)
    assert seen == [Change(id=made.id, deleted=True)]
    await parts.delete(made.id)
    assert (await since(parts, position))[0] == []


async def test_what_changed_in_one_moment_and_one_transaction_is_told_once(
    parts: Parts, database: Database
) -> None:
    made: list[Part] = []
    async with database.write():
        first = await parts.create(NewPart(name="Bolt"))
        for number in range(7):
            same = {"created_at": first.created_at, "updated_at": first.updated_at}
            made.append(await parts.insert(parts.new(NewPart(name=str(number)), **same)))
        await parts.save(first, sold=1)
    seen, _ = await since(parts, "", limit=3)
    assert [change.id for change in seen] == [*(part.id for part in made), first.id]


@pytest.mark.parametrize(
    "position", ["x", "1", "-", "1-", "-1", "1-2-3", "1--2", "²-1", f"{2**63}-1", "0-0 ", "\0"]
)
async def test_what_is_no_position_is_refused(parts: Parts, position: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await parts.changes(position)
    assert caught.value.errors[0]["pointer"] == "?since"


async def test_a_transaction_that_commits_late_is_not_missed(parts: Parts, database: Database) -> None:
    """The early bird draws its number first and commits last."""
    early_wrote, late_committed = asyncio.Event(), asyncio.Event()

    async def early() -> None:
        async with database.write():
            await parts.create(NewPart(name="early"))
            early_wrote.set()
            if database.dialect == "postgresql":
                await late_committed.wait()

    task = asyncio.create_task(early())
    await early_wrote.wait()
    await parts.create(NewPart(name="late"))
    before, position = await since(parts, "", settle=False)
    late_committed.set()
    await task
    after, _ = await since(parts, position)
    names = [change.entity.name for change in [*before, *after] if change.entity]
    assert names == ["early", "late"]


@pytest.mark.parametrize("seed", range(3))
async def test_however_writers_interleave_a_follower_ends_with_what_is_there(
    parts: Parts, database: Database, another_process: Opened, seed: int
) -> None:
    """Writers create, change, delete, roll back and linger; followers keep copies, page by page."""
    chance = random.Random(seed)
    writing = True

    async def write(store: Parts) -> None:
        mine: list[Part] = []
        for step in range(25):
            try:
                async with store.database.write():
                    for _ in range(chance.randrange(1, 4)):
                        await _one_change(store, mine, chance, step)
                        await asyncio.sleep(chance.random() * 0.004)
                    if chance.random() < 0.2:
                        raise GaveUp
            except GaveUp:
                mine[:] = [part for part in (await every_part(store)) if part.name.startswith(f"{id(mine)} ")]

    async def follow(store: Parts, limit: int) -> dict[str, Part]:
        copy: dict[str, Part] = {}
        position = ""
        versions: dict[str, int] = {}
        while True:
            last_round = not writing
            seen, position = await since(store, position, limit, settle=last_round)
            for change in seen:
                version = change.entity.version if change.entity else 1 << 30
                assert version > versions.get(change.id, 0), "the same state was told twice"
                versions[change.id] = version
                copy.pop(change.id, None)
                if change.entity:
                    copy[change.id] = change.entity
            if last_round:
                return copy
            await asyncio.sleep(chance.random() * 0.003)

    async with another_process() as other:
        theirs = EmbeddedStore(other, PARTS, new=NewPart, filter=PartFilter)
        followers = [asyncio.create_task(follow(store, limit)) for store, limit in ((parts, 1), (theirs, 7))]
        await asyncio.gather(*(write(store) for store in (parts, theirs, parts, theirs)))
        writing = False
        expected = {part.id: part for part in await every_part(parts)}
        for copy in await asyncio.gather(*followers):
            assert copy == expected


class GaveUp(Exception):
    pass


async def every_part(parts: Parts) -> list[Part]:
    return [part async for part in every(parts, PartFilter(limit=200))]


async def _one_change(store: Parts, mine: list[Part], chance: random.Random, step: int) -> None:
    roll = chance.random()
    if not mine or roll < 0.5:
        mine.append(await store.create(NewPart(name=f"{id(mine)} {step}")))
    elif roll < 0.8:
        at = chance.randrange(len(mine))
        mine[at] = await store.save(mine[at], sold=step)
    else:
        await store.delete(mine.pop(chance.randrange(len(mine))).id)
