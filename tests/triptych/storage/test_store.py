"""What a store of entities promises its service, on both databases."""

import asyncio
from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from tests.triptych.storage.things import (
    PARTS,
    Colour,
    Hole,
    NewHole,
    NewPart,
    Part,
    PartFilter,
    Parts,
    Place,
)
from triptych.canonical.base import Entity
from triptych.contract import Filter, Patch
from triptych.problems import Conflict, InvalidInput, NotFound, PreconditionFailed
from triptych.storage import INDEXED, Database, EmbeddedStore, EntityStore, entity_table

EVERYTHING = NewPart(
    name="Flange, größer % than _most_",
    code="F-1",
    colour=Colour.BLUE,
    weight=2**40,
    hollow=True,
    made_at=datetime(2026, 7, 1, 9, 30, 0, 123456, UTC),
    checked=date(2026, 7, 2),
    place=Place(country="DE", shelf="A 4"),
    holes=(NewHole(width=3),),
    extensions={"vendor": {"nested": [1, 2.5, None, "\n"]}},
)


async def test_what_is_created_is_read_back_as_it_was(parts: Parts) -> None:
    made = await parts.create(EVERYTHING)
    assert await parts.get(made.id) == made
    assert made.model_dump(include=set(NewPart.model_fields)) == {
        **EVERYTHING.model_dump(),
        "holes": ({"width": 3, "area": 0},),
    }
    assert (made.version, made.created_at, made.id[:4]) == (1, made.updated_at, "prt_")


async def test_what_is_not_there_is_not_found(parts: Parts) -> None:
    for id in ("prt_none", "", "\0", "\ud800", "ü" * 64, "'; DROP TABLE parts; --"):
        with pytest.raises(NotFound):
            await parts.get(id)


async def test_an_entity_can_begin_in_a_state_of_its_own(parts: Parts) -> None:
    made = await parts.add(NewPart(name="Bolt"), sold=3)
    assert (await parts.get(made.id)).sold == 3


async def test_a_unique_value_is_given_once(parts: Parts) -> None:
    first = await parts.create(NewPart(name="Bolt", code="B"))
    await parts.create(NewPart(name="without a code"))
    await parts.create(NewPart(name="without one either"))
    with pytest.raises(Conflict, match="code 'B' is taken") as caught:
        await parts.create(NewPart(name="Nut", code="B"))
    assert caught.value.errors[0]["pointer"] == "/code"
    other = await parts.create(NewPart(name="Nut", code="N"))
    with pytest.raises(Conflict, match="code 'B' is taken"):
        await parts.update(other.id, Patch({"code": "B"}), "1")
    assert await parts.get(other.id) == other
    await parts.delete(first.id)
    assert (await parts.update(other.id, Patch({"code": "B"}), "1")).code == "B"


async def test_an_id_is_given_once(parts: Parts) -> None:
    part = await parts.create(NewPart(name="Bolt"))
    with pytest.raises(Conflict, match="id"):
        await parts.insert(part)


async def test_a_conflict_that_is_caught_leaves_the_transaction_alive(
    parts: Parts, database: Database
) -> None:
    await parts.create(NewPart(name="Bolt", code="B"))
    async with database.write():
        with pytest.raises(Conflict):
            await parts.create(NewPart(name="Nut", code="B"))
        made = await parts.create(NewPart(name="Nut", code="N"))
    assert await parts.get(made.id) == made


async def test_of_two_who_want_the_same_unique_value_at_once_one_gets_it(parts: Parts) -> None:
    made = [await parts.create(NewPart(name=f"Part {number}")) for number in range(6)]
    changes = [parts.update(part.id, Patch({"code": "same"}), "1") for part in made]
    creations = [parts.create(NewPart(name="another", code="same")) for _ in range(6)]
    outcomes = await asyncio.gather(*changes, *creations, return_exceptions=True)
    assert sum(isinstance(outcome, Part) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 11


async def test_a_patch_changes_what_it_names_and_counts_the_version(parts: Parts) -> None:
    made = await parts.create(EVERYTHING)
    changed = await parts.update(made.id, Patch({"name": "Flange", "place": {"shelf": None}}), "1")
    assert (changed.name, changed.place, changed.code) == ("Flange", Place(country="DE"), "F-1")
    assert changed.version == 2
    assert changed.updated_at >= made.updated_at
    assert changed.created_at == made.created_at
    assert await parts.get(made.id) == changed
    assert [found.id for found in (await parts.find(PartFilter(q="flange"))).items] == [made.id]
    assert not (await parts.find(PartFilter(q="größer"))).items


async def test_null_clears_a_field_and_its_column(parts: Parts) -> None:
    made = await parts.create(EVERYTHING)
    cleared = await parts.update(made.id, Patch({"weight": None, "place": None}), "1")
    assert (cleared.weight, cleared.place) == (None, None)
    assert not (await parts.find(PartFilter(country=("DE",)))).items


async def test_a_patch_that_changes_nothing_leaves_the_version(parts: Parts) -> None:
    made = await parts.create(EVERYTHING)
    for same in ({}, {"name": EVERYTHING.name}, {"place": {"country": "DE"}}):
        assert await parts.update(made.id, Patch(same), "1") == made
    assert await parts.get(made.id) == made


async def test_a_stale_patch_is_refused_with_the_present_version(parts: Parts) -> None:
    made = await parts.create(NewPart(name="Bolt"))
    await parts.update(made.id, Patch({"name": "Nut"}), "1")
    for stale in ("1", "3", "", "x" * 1000):
        with pytest.raises(PreconditionFailed, match="at version 2") as caught:
            await parts.update(made.id, Patch({"name": "Washer"}), stale)
        assert caught.value.extra["version"] == 2
    assert (await parts.update(made.id, Patch({"name": "Washer"}), "*")).version == 3


async def test_a_patch_whose_result_is_not_valid_changes_nothing(parts: Parts) -> None:
    made = await parts.create(NewPart(name="Bolt"))
    with pytest.raises(InvalidInput) as caught:
        await parts.update(made.id, Patch({"place": {"shelf": "A"}}), "1")
    assert caught.value.errors[0]["pointer"] == "/place/country"
    with pytest.raises(InvalidInput, match="a hollow part has a hole"):
        await parts.update(made.id, Patch({"hollow": True}), "1")
    with pytest.raises(InvalidInput):
        await parts.update(made.id, Patch({"name": None}), "1")
    assert await parts.get(made.id) == made


async def test_a_patch_leaves_alone_what_the_service_worked_out(parts: Parts) -> None:
    made = await parts.add(EVERYTHING, holes=(Hole(width=3, area=7),), sold=5)
    changed = await parts.update(made.id, Patch({"name": "Flange"}), "1")
    assert (changed.holes, changed.sold) == ((Hole(width=3, area=7),), 5)


async def test_a_service_saves_what_nobody_changed_meanwhile(parts: Parts) -> None:
    made = await parts.create(NewPart(name="Bolt"))
    saved = await parts.save(made, sold=1)
    assert (saved.sold, saved.version) == (1, 2)
    with pytest.raises(PreconditionFailed, match="at version 2, not 1"):
        await parts.save(made, sold=2)
    await parts.delete(made.id)
    with pytest.raises(NotFound):
        await parts.save(saved, sold=2)


async def test_a_state_that_is_no_entity_is_not_saved(parts: Parts) -> None:
    made = await parts.create(NewPart(name="Bolt"))
    with pytest.raises(ValidationError):
        await parts.save(made, sold="many")
    assert await parts.get(made.id) == made


async def test_reading_checking_and_writing_loses_no_update(parts: Parts, database: Database) -> None:
    made = await parts.create(NewPart(name="Bolt"))

    async def sell_one() -> None:
        part = await parts.get(made.id)
        await asyncio.sleep(0)
        await parts.save(part, sold=part.sold + 1)

    await asyncio.gather(*(database.run(sell_one) for _ in range(20)))
    assert (await parts.get(made.id)).sold == 20


async def test_deleting_is_idempotent_and_leaves_nothing_to_read(parts: Parts, database: Database) -> None:
    made = await parts.create(EVERYTHING)
    await parts.delete(made.id)
    await parts.delete(made.id)
    await parts.delete("prt_never_was")
    await parts.delete("\0")
    with pytest.raises(NotFound):
        await parts.get(made.id)
    with pytest.raises(NotFound):
        await parts.update(made.id, Patch({"name": "x"}), "2")
    assert await parts.get_by(code="F-1") is None
    assert not (await parts.find()).items
    async with database.read() as connection:
        row = (await connection.execute(PARTS.table.select())).one()
    assert "Flange" not in str(row)
    assert (row.code, row.search, row.country) == (None, None, None)


async def test_one_is_found_by_the_value_of_a_column(parts: Parts) -> None:
    made = await parts.create(EVERYTHING)
    assert await parts.get_by(code="F-1") == made
    assert await parts.get_by(country="DE", colour=Colour.BLUE) == made
    assert await parts.get_by(first_word="Flange,") == made
    assert await parts.get_by(code="f-1") is None
    assert await parts.get_by(code="\0") is None


async def test_values_that_no_column_can_hold_are_refused_by_name(parts: Parts) -> None:
    for field, value in {"code": "a\0b", "weight": 2**63}.items():
        with pytest.raises(InvalidInput) as caught:
            await parts.create(NewPart.model_validate({"name": "Bolt", field: value}))
        assert caught.value.errors[0]["pointer"] == f"/{field}"


async def test_a_filter_without_a_column_is_refused_at_once(database: Database) -> None:
    class Wider(PartFilter):
        sold: int | None = None

    with pytest.raises(TypeError, match=r"Wider\.sold has no column in the table parts"):
        EntityStore(database, PARTS, filter=Wider)

    class Searching(Filter):
        q: str | None = None

    plain = entity_table("plain", Part, indexed={"code": INDEXED})
    with pytest.raises(TypeError, match=r"Searching\.q has no column.*search"):
        EntityStore(database, plain, filter=Searching)


async def test_a_new_model_with_a_field_of_its_own_is_refused_at_once(database: Database) -> None:
    class Stranger(NewPart):
        nickname: str = ""

    with pytest.raises(TypeError, match=r"Stranger\.nickname is no field of Part"):
        EmbeddedStore(database, PARTS, new=Stranger, filter=PartFilter)


def test_a_column_of_what_the_entity_has_not_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="Part has no colours"):
        entity_table("parts", Part, indexed={"colours": INDEXED})
    with pytest.raises(TypeError, match=r"Part has no place\.street"):
        entity_table("parts", Part, search=["place.street"])
    with pytest.raises(TypeError, match=r"Part\.holes has no column type"):
        entity_table("parts", Part, indexed={"holes": INDEXED})


def test_an_entity_class_without_a_table_of_its_own_is_no_entity_table() -> None:
    assert entity_table("entities", Entity).indexed == {}
