"""Lists: filters, their order, and the cursors that lead through them."""

import string
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.triptych.storage.things import Colour, NewHole, NewPart, PartFilter, Parts, Place
from triptych.contract import every
from triptych.problems import InvalidInput
from triptych.storage.cursors import Cursors

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


async def names(parts: Parts, filter: PartFilter | None = None) -> list[str]:
    return [part.name for part in (await parts.find(filter)).items]


async def test_a_list_is_in_the_order_of_creation(parts: Parts) -> None:
    for number in range(5):
        await parts.create(NewPart(name=str(number)))
    assert await names(parts) == ["0", "1", "2", "3", "4"]


async def test_parts_created_in_the_same_moment_are_in_the_order_of_their_ids(parts: Parts) -> None:
    made = [parts.new(NewPart(name=str(number)), created_at=NOON, updated_at=NOON) for number in range(7)]
    for part in reversed(made):
        await parts.insert(part)
    found = [part.name async for part in every(parts, PartFilter(limit=2))]
    assert found == ["0", "1", "2", "3", "4", "5", "6"]


async def test_each_filter_finds_what_it_names(parts: Parts) -> None:
    await parts.create(NewPart(name="red", weight=1, code="R", place=Place(country="DE")))
    await parts.create(NewPart(name="blue", weight=2, colour=Colour.BLUE, place=Place(country="FR")))
    await parts.create(
        NewPart(name="hollow", hollow=True, holes=(NewHole(width=1),), checked=date(2026, 7, 1))
    )
    for filter, expected in [
        (PartFilter(), ["red", "blue", "hollow"]),
        (PartFilter(code="R"), ["red"]),
        (PartFilter(colour=Colour.BLUE), ["blue"]),
        (PartFilter(colour=(Colour.BLUE, Colour.RED), weight=1), ["red"]),
        (PartFilter(country=("DE", "FR")), ["red", "blue"]),
        (PartFilter(country=()), []),
        (PartFilter(hollow=True), ["hollow"]),
        (PartFilter(hollow=False), ["red", "blue"]),
        (PartFilter(checked=date(2026, 7, 1)), ["hollow"]),
        (PartFilter(weight=2, code="R"), []),
    ]:
        assert await names(parts, filter) == expected, filter


async def test_a_range_of_moments_includes_its_start_and_not_its_end(parts: Parts) -> None:
    for minutes in range(4):
        await parts.create(NewPart(name=str(minutes), made_at=NOON + timedelta(minutes=minutes)))
    filter = PartFilter(made_since=NOON + timedelta(minutes=1), made_before=NOON + timedelta(minutes=3))
    assert await names(parts, filter) == ["1", "2"]


async def test_a_search_finds_every_word_anywhere_without_case(parts: Parts) -> None:
    await parts.create(NewPart(name="Straße 100%", code="X_1", place=Place(country="DE", shelf="Q\\7")))
    await parts.create(NewPart(name="strasse 1000", code="XY1"))
    for asked, expected in [
        ("STRASSE", ["Straße 100%", "strasse 1000"]),
        ("100%", ["Straße 100%"]),
        ("x_1", ["Straße 100%"]),
        ("q\\7 straße", ["Straße 100%"]),
        ("  1000   xy ", ["strasse 1000"]),
        ("xy q", []),
        ("   ", ["Straße 100%", "strasse 1000"]),
        ("' OR 1=1 --", []),
        ("\0", ["Straße 100%", "strasse 1000"]),
    ]:
        assert await names(parts, PartFilter(q=asked)) == expected, asked


@pytest.mark.parametrize(
    "filter", [PartFilter(code="\0"), PartFilter(weight=2**70), PartFilter(country=("DE", "\0"))]
)
async def test_values_that_no_column_can_hold_are_refused_by_name(parts: Parts, filter: PartFilter) -> None:
    with pytest.raises(InvalidInput) as caught:
        await parts.find(filter)
    assert caught.value.errors[0]["pointer"] in ("?code", "?weight", "?country")


async def test_more_values_than_a_statement_takes_are_refused(parts: Parts) -> None:
    with pytest.raises(InvalidInput, match="country takes at most 100"):
        await parts.find(PartFilter(country=("DE",) * 101))


async def test_pages_lead_through_everything_while_others_write(parts: Parts) -> None:
    expected = [(await parts.create(NewPart(name=str(number)))).id for number in range(10)]
    seen: list[str] = []
    filter = PartFilter(limit=3)
    while True:
        page = await parts.find(filter)
        seen += [part.id for part in page.items]
        await parts.create(NewPart(name="later"))
        await parts.delete(page.items[0].id)
        if page.next_cursor is None or len(seen) > 10:
            break
        filter = filter.model_copy(update={"cursor": page.next_cursor})
    assert seen[:10] == expected


async def test_the_last_page_has_no_cursor(parts: Parts) -> None:
    for number in range(4):
        await parts.create(NewPart(name=str(number)))
    assert (await parts.find(PartFilter(limit=4))).next_cursor is None
    first = await parts.find(PartFilter(limit=2))
    second = await parts.find(PartFilter(limit=2, cursor=first.next_cursor))
    assert [part.name for part in second.items] == ["2", "3"]
    assert second.next_cursor is None


async def test_pages_lead_from_the_newest_to_the_oldest_when_asked_to(parts: Parts) -> None:
    for number in range(5):
        await parts.create(NewPart(name=str(number)))
    seen: list[str] = []
    filter = PartFilter(limit=2, newest_first=True)
    while True:
        page = await parts.find(filter)
        seen += [part.name for part in page.items]
        await parts.create(NewPart(name="later"))
        if page.next_cursor is None:
            break
        filter = filter.model_copy(update={"cursor": page.next_cursor})
    assert seen == ["4", "3", "2", "1", "0"]
    with pytest.raises(InvalidInput):
        await parts.find(PartFilter(limit=2, cursor=filter.cursor))


async def test_a_cursor_serves_the_question_that_it_came_from(parts: Parts) -> None:
    for number in range(4):
        await parts.create(NewPart(name=str(number), weight=1))
    cursor = (await parts.find(PartFilter(weight=1, limit=2))).next_cursor
    assert cursor is not None
    assert await names(parts, PartFilter(weight=1, limit=1, cursor=cursor)) == ["2"]
    for wrong in (
        PartFilter(weight=2, cursor=cursor),
        PartFilter(cursor=cursor),
        PartFilter(weight=1, cursor=cursor[:-1]),
        PartFilter(weight=1, cursor=cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")),
        PartFilter(weight=1, cursor=""),
        PartFilter(weight=1, cursor="ü"),
        PartFilter(weight=1, cursor="====" * 100),
        PartFilter(weight=1, cursor=string.printable),
    ):
        with pytest.raises(InvalidInput, match="cursor") as caught:
            await parts.find(wrong)
        assert caught.value.errors[0]["pointer"] == "?cursor"


@given(cursor=st.text(max_size=80), filters=st.binary(max_size=20))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_nobody_else_makes_a_cursor(cursor: str, filters: bytes) -> None:
    with pytest.raises(InvalidInput):
        Cursors(b"key", "parts").read(cursor, filters)


@given(
    moment=st.datetimes(timezones=st.just(UTC)),
    id=st.from_regex(r"[a-z]{1,8}_[0-9a-z]{26}", fullmatch=True),
    filters=st.binary(max_size=20),
)
@hypothesis_settings(deadline=None)
def test_a_cursor_keeps_its_place_to_the_microsecond(moment: datetime, id: str, filters: bytes) -> None:
    cursors = Cursors(b"key", "parts")
    cursor = cursors.made((moment, id), filters)
    assert cursors.read(cursor, filters) == (moment, id)
    assert len(cursor) < 100
    with pytest.raises(InvalidInput):
        Cursors(b"key", "others").read(cursor, filters)
