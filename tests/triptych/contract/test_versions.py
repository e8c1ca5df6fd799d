"""Dated versions: which one was in force, what has changed since, and what cannot be declared."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any

import pytest
from fastapi import Body, Query

from triptych.canonical.base import Model
from triptych.contract import (
    DatedVersions,
    ExperienceApi,
    Filter,
    Page,
    VersionChange,
    as_of,
    check_changes,
    get,
    operations,
    post,
)
from triptych.documents.changelog import changes
from triptych.serving.openapi import document

MARCH, JUNE, OCTOBER = date(2026, 3, 1), date(2026, 6, 1), date(2026, 10, 1)


class Cup(Model):
    """One cup."""

    colour: str


class CupUntilOctober(Model):
    """One cup, when colours were spelt otherwise."""

    color: str


class CupUntilJune(Model):
    """One cup, when it had a number for its colour."""

    shade: int


class Tray(Model):
    """Cups together."""

    cups: tuple[Cup, ...]


class TrayUntilOctober(Model):
    """Cups of then together."""

    cups: tuple[CupUntilOctober, ...]


class TrayUntilJune(Model):
    """Cups of before then together."""

    cups: tuple[CupUntilJune, ...]


class CupQuery(Filter):
    """Which cups."""

    colour: str | None = None


class CupQueryUntilOctober(Filter):
    """Which cups, then."""

    color: str | None = None


class ColoursHaveNames(
    VersionChange,
    on=JUNE,
    operations=["find", "fill"],
    before={CupUntilOctober: CupUntilJune, TrayUntilOctober: TrayUntilJune},
):
    """A cup's colour has a name; it had a number."""


class ColourIsBritish(
    VersionChange,
    on=OCTOBER,
    operations=["find", "fill"],
    events=["cup.filled.v1"],
    before={Cup: CupUntilOctober, Tray: TrayUntilOctober, CupQuery: CupQueryUntilOctober},
):
    """It is `colour`, and no longer
    `color`.

    Since we are in Britain.
    """

    def downgrade_event(self, data: Any) -> Any:
        return {"color": data["colour"]}


class Cupboard(
    ExperienceApi, version=1, owner="tests", since=MARCH, changes=(ColoursHaveNames, ColourIsBritish)
):
    """Cups."""

    @get("/cups", scope="")
    async def find(self, filter: Annotated[CupQuery, Query()]) -> Page[Cup]:
        """All cups."""
        ...

    @post("/trays", scope="")
    async def fill(self, tray: Annotated[Tray, Body()]) -> Tray:
        """Fill a tray."""
        ...


@pytest.mark.parametrize(
    ("day", "version"),
    [
        (date(2020, 1, 1), MARCH),
        (MARCH, MARCH),
        (date(2026, 5, 31), MARCH),
        (JUNE, JUNE),
        (date(2026, 9, 30), JUNE),
        (OCTOBER, OCTOBER),
        (date(2030, 1, 1), OCTOBER),
    ],
)
def test_a_day_has_the_version_that_was_the_latest_then(day: date, version: date) -> None:
    assert Cupboard.dated.in_force(day) == version


def test_changes_since_a_version_come_oldest_first() -> None:
    assert [type(change) for change in Cupboard.dated.after(MARCH)] == [ColoursHaveNames, ColourIsBritish]
    assert [type(change) for change in Cupboard.dated.after(JUNE)] == [ColourIsBritish]
    assert Cupboard.dated.after(OCTOBER) == ()


def test_a_model_that_changed_twice_is_followed_to_what_it_was_first() -> None:
    assert Cupboard.dated.models(MARCH)[Cup] is CupUntilJune
    assert Cupboard.dated.models(JUNE)[Cup] is CupUntilOctober
    assert Cupboard.dated.models(OCTOBER) == {}


def test_a_contract_without_dates_has_no_versions_and_says_so() -> None:
    assert DatedVersions().dates == ()
    assert DatedVersions().latest is None
    with pytest.raises(ValueError, match="no dated versions"):
        DatedVersions().in_force(MARCH)


def test_changes_out_of_order_or_before_the_first_version_are_refused() -> None:
    for since, wrong in ((MARCH, (ColourIsBritish(), ColoursHaveNames())), (JUNE, (ColoursHaveNames(),))):
        with pytest.raises(ValueError, match="in the order of their days, all later than `since`"):
            DatedVersions(since, wrong)
    with pytest.raises(ValueError, match="later than `since`"):
        DatedVersions(None, (ColoursHaveNames(),))


def test_a_change_without_a_sentence_for_the_changelog_is_refused() -> None:
    with pytest.raises(
        TypeError, match="Silent needs a docstring: its first line is what the changelog says"
    ):
        type("Silent", (VersionChange,), {}, on=JUNE)  # pyright: ignore[reportCallIssue] - a class's keywords


def test_a_change_of_what_the_contract_has_not_is_refused() -> None:
    class Misspelt(VersionChange, on=JUNE, operations=["fnd"]):
        """Nothing."""

    class Drawer(ExperienceApi, version=1, owner="tests", since=MARCH, changes=[Misspelt]):
        """Spoons."""

        @get("/spoons")
        async def find(self) -> tuple[Cup, ...]:
            """All."""
            ...

    with pytest.raises(TypeError, match=r"Misspelt touches drawer\.fnd, which does not exist"):
        check_changes(Drawer)


def test_a_change_of_a_stream_is_refused() -> None:
    class Steaming(VersionChange, on=JUNE, operations=["steam"]):
        """Steam is warmer."""

    class Kettle(
        ExperienceApi, name="test-kettle", version=1, owner="tests", since=MARCH, changes=[Steaming]
    ):
        """Water."""

        @get("/steam")
        async def steam(self) -> AsyncIterator[Cup]:
            """Steam."""
            yield Cup(colour="white")

    with pytest.raises(TypeError, match=r"Steaming touches test-kettle\.steam, which is a stream"):
        check_changes(Kettle)


def test_a_change_inside_a_request_has_to_say_what_the_whole_was() -> None:
    class OnlyThePart(VersionChange, on=JUNE, operations=["fill"], before={Cup: CupUntilOctober}):
        """A cup changes, and nothing is said of trays."""

    class Shelf(ExperienceApi, version=1, owner="tests", since=MARCH, changes=[OnlyThePart]):
        """Trays."""

        @post("/trays")
        async def fill(self, tray: Annotated[Tray, Body()]) -> Tray:
            """Fill."""
            ...

    (fill,) = operations(Shelf)
    with pytest.raises(TypeError, match=r"shelf\.fill: Cup was different before, so say in `before`"):
        as_of(fill, MARCH)
    assert as_of(fill, JUNE) is fill


def test_an_event_is_told_as_it_was_on_the_day_that_the_client_is_pinned_to() -> None:
    dated = Cupboard.dated
    assert dated.downgraded_event("cup.filled.v1", {"colour": "red"}, JUNE) == {"color": "red"}
    assert dated.downgraded_event("cup.filled.v1", {"colour": "red"}, OCTOBER) == {"colour": "red"}
    assert dated.downgraded_event("cup.broken.v1", {"colour": "red"}, MARCH) == {"colour": "red"}


def test_the_document_of_a_day_has_the_shapes_of_that_day_under_todays_names() -> None:
    def shape(day: date | None, name: str) -> list[str]:
        return list(document(Cupboard, day)["components"]["schemas"][name]["properties"])

    def parameters(day: date) -> list[str]:
        found = document(Cupboard, day)["paths"]["/cupboard/v1/cups"]["get"]["parameters"]
        return [parameter["name"] for parameter in found]

    assert [shape(day, "Cup") for day in (MARCH, JUNE, OCTOBER)] == [["shade"], ["color"], ["colour"]]
    assert [parameters(day)[-1] for day in (MARCH, JUNE, OCTOBER)] == ["color", "color", "colour"]
    tray = document(Cupboard, MARCH)["components"]["schemas"]["Tray"]
    assert tray["title"] == "Tray"
    assert tray["properties"]["cups"]["items"] == {"$ref": "#/components/schemas/Cup"}
    assert document(Cupboard, MARCH)["info"]["x-version"] == "2026-03-01"
    assert document(Cupboard) is document(Cupboard, date(2030, 1, 1))
    assert "CupUntilJune" not in str(document(Cupboard, MARCH))


def test_the_changelog_is_made_of_the_changes() -> None:
    newest, older, first = changes(Cupboard)
    assert (newest.on, newest.sentence) == ("2026-10-01", "It is `colour`, and no longer `color`.")
    assert newest.operations == ("GET /cupboard/v1/cups", "POST /cupboard/v1/trays")
    assert (older.on, first.on, first.sentence) == ("2026-06-01", "2026-03-01", "The first version.")
