"""Rows that are looked up for others, states that records are taken to; nothing lost on the way."""

from pathlib import Path

import pytest

from tests.triptych.loading.club.contract import Club, VisitFilter, VisitStatus
from tests.triptych.loading.club.service import ClubService
from tests.triptych.loading.conftest import Folder, counts
from triptych.assembly.platform import Platform
from triptych.contract import every
from triptych.loading import MappingError, Refusal
from triptych.settings import Settings

VISITS = """
    mapping: club
    files: {members.csv: , visits.csv: , drinks.csv: , prices.csv: }
    tables:
      prices: {low: "1.50", high: "3"}
    load:
      - into: club.members
        file: members.csv
        key: number
        map: {number: id, name: name}
      - into: club.visits
        file: visits.csv
        key: number
        with:
          drinks:
            each: drinks.csv
            by: visit
            is: id
            with:
              price: {one: prices.csv, by: what}
        map:
          number: id
          member_id: member | reference(club.members)
          drinks from each drinks:
            what: what
            how_many: how_many | integer
            price: price.price | money(EUR)
        states:
          field: status
          reach: state
          steps: {planned: begin_visit, begun: end_visit}
"""
VISIT_FILES = {
    "members_csv": "id,name\n1,Ada\n",
    "visits_csv": "id,member,state\nv1,1,over\nv2,1,begun\nv3,1,\nv4,1,planned\n",
    "drinks_csv": "visit,what,how_many\nv2,tea,2\nv1,tea,1\nv2,ale,3\n",
    "prices_csv": "what,price\ntea,2\nale,\n",
}


async def test_rows_of_other_files_are_looked_up_wherever_they_stand(folder: Folder, club: Club) -> None:
    folder.write(mapping_yaml=VISITS.replace("prices: {low", "rates: {low"), **VISIT_FILES)
    report = await folder.load()
    assert [(file.file, file.into, file.looked_up, *counts(file)) for file in report.files] == [
        ("members.csv", "club.members", False, 1, 0, 0, 0),
        ("visits.csv", "club.visits", False, 4, 0, 0, 0),
        ("drinks.csv", "club.visits", True, 3, 0, 0, 0),
        ("prices.csv", "club.visits", True, 2, 0, 0, 0),
    ]
    (second,) = (await club.visits.find(VisitFilter(number=("v2",)))).items
    assert [(drink.what, drink.how_many) for drink in second.drinks] == [("tea", 2), ("ale", 3)]
    prices = [drink.price and drink.price.amount_minor for drink in second.drinks]
    assert prices == [200, 250], "the house fills in the price that the books do not know"
    again = await folder.load()
    assert [counts(file) for file in again.files] == [(0, 0, 1, 0), (0, 0, 4, 0), (0, 0, 3, 0), (0, 0, 2, 0)]


async def test_records_are_taken_as_far_as_the_books_say_and_never_back(folder: Folder, club: Club) -> None:
    folder.write(mapping_yaml=VISITS, **VISIT_FILES)
    await folder.load()

    async def states() -> dict[str, str]:
        return {visit.number: visit.status.value async for visit in every(club.visits, VisitFilter())}

    assert await states() == {"v1": "over", "v2": "begun", "v3": "planned", "v4": "planned"}
    (second,) = (await club.visits.find(VisitFilter(number=("v2",)))).items
    await club.end_visit(second.id)
    visits = VISIT_FILES["visits_csv"].replace("v4,1,planned", "v4,1,begun")
    folder.write(visits_csv=visits)
    report = await folder.load()
    assert counts(report.files[1]) == (0, 1, 3, 0)
    assert await states() == {"v1": "over", "v2": "over", "v3": "planned", "v4": "begun"}
    assert VisitStatus.OVER.value == "over"


async def test_a_state_that_does_not_exist_is_refused(folder: Folder) -> None:
    folder.write(mapping_yaml=VISITS, **VISIT_FILES)
    folder.write(visits_csv="id,member,state\nv1,1,done\n")
    report = await folder.load()
    assert report.files[1].refused == [Refusal(2, "'done' is none of planned, begun, over", "/status")]


async def test_a_record_that_cannot_be_changed_and_differs_is_refused(folder: Folder) -> None:
    folder.write(mapping_yaml=VISITS, **VISIT_FILES)
    await folder.load()
    folder.write(drinks_csv=VISIT_FILES["drinks_csv"].replace("tea,1", "tea,5"))
    (_, visits, drinks, _) = (await folder.load()).files
    assert counts(visits) == (0, 0, 3, 1)
    assert visits.refused[0].line == 2
    assert visits.refused[0].reason.endswith("has another drinks, and club.visits cannot be changed")
    assert drinks.refused == [Refusal(3, "the record that it belongs to was refused")]


async def test_what_is_there_can_be_kept_whatever_the_file_says(folder: Folder) -> None:
    keep = VISITS.replace(
        "        key: number\n        with", "        key: number\n        existing: keep\n        with"
    )
    folder.write(mapping_yaml=keep, **VISIT_FILES)
    await folder.load()
    folder.write(drinks_csv=VISIT_FILES["drinks_csv"].replace("tea,1", "tea,5"))
    assert counts((await folder.load()).files[1]) == (0, 0, 4, 0)


async def test_no_looked_up_row_is_lost_unseen(folder: Folder) -> None:
    folder.write(mapping_yaml=VISITS, **VISIT_FILES)
    folder.write(
        drinks_csv="visit,what,how_many\nv1,tea,1\nv9,tea,1\nv2,gin,1\nv3,tea,many\nv4,tea\n",
        prices_csv="what,price\ntea,2\nale,1\n",
    )
    _, visits, drinks, prices = (await folder.load()).files
    assert counts(visits) == (1, 0, 0, 3)
    assert visits.refused == [
        Refusal(3, "prices.csv has no row whose what is gin", "/price"),
        Refusal(4, "'many' is no number", "/drinks/0/how_many"),
        Refusal(5, "drinks.csv, line 6: it has 2 cells; the header has 3", "/drinks"),
    ]
    assert drinks.refused == [
        Refusal(3, "no record takes it up"),
        Refusal(4, "the record that it belongs to was refused"),
        Refusal(5, "the record that it belongs to was refused"),
        Refusal(6, "it has 2 cells; the header has 3"),
    ]
    assert prices.refused == [Refusal(3, "no record takes it up")]


async def test_a_lookup_of_one_row_that_finds_several_is_refused(folder: Folder) -> None:
    folder.write(mapping_yaml=VISITS, **VISIT_FILES)
    folder.write(prices_csv="what,price\ntea,2\ntea,3\nale,1\n")
    visits = (await folder.load()).files[1]
    assert {row.reason for row in visits.refused} == {"prices.csv has 2 rows whose what is tea"}


async def test_some_collections_can_be_loaded_without_the_others(folder: Folder, club: Club) -> None:
    folder.write(mapping_yaml=VISITS, **VISIT_FILES)
    report = await folder.load(only=("club.members",))
    assert [file.into for file in report.files] == ["club.members"]
    assert (await club.visits.find()).items == ()


async def test_a_collection_that_the_mapping_does_not_load_is_named(folder: Folder) -> None:
    folder.write(mapping_yaml=VISITS, **VISIT_FILES)
    with pytest.raises(MappingError, match=r"it does not load club\.visit; did you mean 'club\.visits'"):
        await folder.load(only=("club.visit",))


async def test_loading_over_http_is_the_same(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", topology="wire")
    async with Platform(settings, {"club": ClubService}) as platform:
        folder = Folder(tmp_path / "folder", {"club": platform.client(Club, "loader")})
        folder.write(mapping_yaml=VISITS, **VISIT_FILES)
        assert [counts(file) for file in (await folder.load()).files][:2] == [(1, 0, 0, 0), (4, 0, 0, 0)]
        folder.write(members_csv="id,name\n1,Ada Byron\n")
        assert [counts(file) for file in (await folder.load()).files][:2] == [(0, 1, 0, 0), (0, 0, 4, 0)]
        folder.write(members_csv="id,name\n1,\n")
        assert (await folder.load()).files[0].refused == [Refusal(2, "Field required", "/name")]
