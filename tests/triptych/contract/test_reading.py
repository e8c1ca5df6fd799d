"""A contract class is read into operations, and what it leaves unsaid is asked for by name."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any

import pytest
from fastapi import Body

from triptych.canonical.base import Entity, Model
from triptych.contract import (
    Api,
    Collection,
    Creatable,
    ExperienceApi,
    Filter,
    Lifecycle,
    Page,
    Raises,
    ReadOnly,
    SystemApi,
    get,
    operations,
    post,
)
from triptych.problems import Conflict, InvalidState, NotFound, PreconditionFailed


class NewShelf(Model):
    label: str


class Shelf(NewShelf, Entity, prefix="shf"):
    pass


class ShelfFilter(Filter):
    label: str | None = None


class Library(SystemApi, version=2, owner="librarians"):
    """Shelves, and what stands on them."""

    shelves: Collection[Shelf, NewShelf, ShelfFilter]
    reading_rooms: ReadOnly[Shelf, ShelfFilter]

    @post("/shelves/{shelf_id}/dust", scope="library:clean")
    async def dust(self, shelf_id: str, how: Annotated[NewShelf, Body()]) -> Shelf:
        """Dust a shelf. It takes a while."""
        ...

    @get("/arrivals")
    def arrivals(self, last_event_id: str = "") -> AsyncIterator[Shelf]:
        """Books as they arrive."""
        ...


class Archive(SystemApi):
    """Shelves that burn, and rooms that do not."""

    shelves: Annotated[
        Collection[Shelf, NewShelf, ShelfFilter], Raises(create=[], update=[NotFound], delete=[InvalidState])
    ]
    rooms: Collection[Shelf, NewShelf, ShelfFilter]


BY_NAME = {found.name: found for found in operations(Library)}


def test_a_collection_unfolds_into_the_usual_operations() -> None:
    routes = {(found.method, found.path) for found in operations(Library) if found.attribute[0] == "shelves"}
    assert routes == {
        ("GET", "/shelves"),
        ("GET", "/shelves/changes"),
        ("GET", "/shelves/{id}"),
        ("POST", "/shelves"),
        ("PATCH", "/shelves/{id}"),
        ("DELETE", "/shelves/{id}"),
    }


def test_what_is_only_read_has_no_writes() -> None:
    assert {found.method for found in operations(Library) if found.attribute[0] == "reading_rooms"} == {"GET"}


def test_underscores_become_hyphens_in_paths() -> None:
    assert BY_NAME["reading_rooms.find"].path == "/reading-rooms"


def test_the_type_variables_of_a_collection_are_filled_in() -> None:
    assert BY_NAME["shelves.get"].returns is Shelf
    assert BY_NAME["shelves.find"].returns is Page[Shelf]
    body = BY_NAME["shelves.create"].body()
    assert body is not None
    assert "NewShelf" in str(body.annotation)


def test_a_collection_says_what_its_writes_raise_where_that_is_not_the_usual() -> None:
    raises = {found.name: found.raises for found in operations(Archive) if not found.safe}
    assert raises == {
        "shelves.create": (),
        "shelves.update": (NotFound,),
        "shelves.delete": (InvalidState,),
        "rooms.create": (Conflict,),
        "rooms.update": (NotFound, Conflict, PreconditionFailed),
        "rooms.delete": (),
    }


def test_scopes_default_to_the_service_and_the_kind_of_operation() -> None:
    assert BY_NAME["shelves.get"].scope == "library:read"
    assert BY_NAME["shelves.update"].scope == "library:write"
    assert BY_NAME["dust"].scope == "library:clean"


def test_each_parameter_knows_where_it_travels() -> None:
    assert [(found.name, found.where) for found in BY_NAME["dust"].parameters] == [
        ("shelf_id", "path"),
        ("how", "body"),
    ]
    assert [found.where for found in BY_NAME["shelves.update"].parameters] == ["path", "body", "if_match"]
    assert [found.where for found in BY_NAME["arrivals"].parameters] == ["last_event_id"]


def test_an_asynchronous_iterator_is_a_stream_of_its_items() -> None:
    assert BY_NAME["arrivals"].streams
    assert BY_NAME["arrivals"].returns is Shelf


def test_the_name_of_a_service_comes_from_its_class() -> None:
    class Customer360Sample(ExperienceApi):
        """One customer, whole."""

    assert Customer360Sample.name == "customer-360-sample"
    assert Library.base_path() == "/library/v2"


def test_an_implementation_inherits_version_owner_and_contract() -> None:
    class LibraryService(Library):
        pass

    assert LibraryService.promised() is Library
    assert (LibraryService.version, LibraryService.owner, LibraryService.name) == (2, "librarians", "library")
    assert operations(LibraryService) == operations(Library)


def test_an_operation_without_an_answer_type_is_refused_by_name() -> None:
    class Vague(SystemApi):
        @get("/things")
        async def things(self):  # pyright: ignore - the fault under test
            ...

    with pytest.raises(TypeError, match=r"Vague\.things: say what it returns"):
        operations(Vague)


def test_an_untyped_parameter_is_refused_by_name() -> None:
    class Vague(SystemApi):
        @get("/things")
        async def things(self, size) -> Shelf:  # pyright: ignore - the fault under test
            ...

    with pytest.raises(TypeError, match=r"Vague\.things: parameter 'size' needs a type"):
        operations(Vague)


def test_a_kind_of_contract_is_no_contract() -> None:
    kind: type[Api] = SystemApi
    with pytest.raises(TypeError, match="SystemApi is a kind of contract"):
        kind.promised()


@pytest.mark.parametrize(
    ("lifecycle", "stage"),
    [
        (Lifecycle(), "active"),
        (Lifecycle(draft=True), "draft"),
        (Lifecycle(deprecated_on=date(2026, 1, 1)), "deprecated"),
        (Lifecycle(deprecated_on=date(2026, 1, 1), sunset_on=date(2026, 5, 1)), "sunset"),
        (Lifecycle(deprecated_on=date(2027, 1, 1)), "active"),
        (Lifecycle(retired=True), "retired"),
    ],
)
def test_a_version_moves_through_the_stages_of_its_life(lifecycle: Lifecycle, stage: str) -> None:
    assert lifecycle.stage(date(2026, 6, 1)) == stage


@pytest.mark.parametrize("dates", [{}, {"deprecated_on": date(2026, 6, 1)}])
def test_a_sunset_is_never_before_the_deprecation(dates: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="RFC 8594"):
        Lifecycle(sunset_on=date(2026, 5, 1), **dates)


def test_what_is_made_and_what_filters_are_not_mixed_up() -> None:
    class Registry(SystemApi):
        shelves: Creatable[Shelf, NewShelf, ShelfFilter]

    by_name = {found.name: found for found in operations(Registry)}
    assert [found.where for found in by_name["shelves.create"].parameters] == ["body"]
    assert [found.where for found in by_name["shelves.find"].parameters] == ["filter"]
