"""A mapping that cannot be used says where, to the column, and what was probably meant."""

from collections.abc import AsyncGenerator
from pathlib import Path
from textwrap import dedent

import pytest

from tests.triptych.loading.club.contract import Club
from tests.triptych.loading.club.service import ClubService
from tests.triptych.loading.conftest import Folder
from triptych.assembly.platform import Platform
from triptych.loading import FileError, MappingError, read_mapping
from triptych.settings import Settings

SOUND = """\
mapping: club
files:
  members.csv: {drop: [photo]}
  towns.csv:
tables:
  yes_no: {y: true, n: false}
load:
  - into: club.members
    file: members.csv
    key: number
    with:
      town: {one: towns.csv, by: id, is: town_id}
    map:
      number: id
      name: name
      active: active | yes_no
      fee: fee | money(EUR)
      sponsor_id: sponsor | reference(club.members)
      address:
        line1: '"at " & town.name'
        city: town.name
        country: '"DE"'
"""
FILES = {
    "members_csv": "id,name,active,fee,sponsor,town_id,photo\n1,Ada,y,10,,7,0xff\n",
    "towns_csv": "id,name\n7,Ely\n",
}


@pytest.fixture(scope="module")
async def club(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Club]:
    """One club for all tests of this file: none of them writes more than a member."""
    settings = Settings(data=tmp_path_factory.mktemp("data"))
    async with Platform(settings, {"club": ClubService}) as platform:
        yield platform.client(Club, "loader")


def mistakes(error: MappingError) -> list[str]:
    """Place and words of each mistake."""
    return [f"{one.place.line}:{one.place.column}: {one}" for one in error.mistakes]


async def test_the_mapping_that_the_others_are_made_from_is_sound(folder: Folder) -> None:
    folder.write(mapping_yaml=SOUND, **FILES)
    report = await folder.load()
    assert report.complete
    assert [(file.file, file.created) for file in report.files] == [("members.csv", 1), ("towns.csv", 1)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "mapping: club",
            "mappings: club",
            "1:1: a mapping file has no 'mappings'; did you mean 'mapping'?",
        ),
        ("    key: number\n", "", "8:5: a step lacks 'key'"),
        ("into: club.members", "into: members", "8:11: 'members' is no collection; write service and"),
        ("file: members.csv", "file: member.csv", "9:11: 'member.csv' is not among the files; did you mean"),
        ("key: number", "key: numb3r", "10:10: the key 'numb3r' is not mapped; did you mean 'number'?"),
        ("money(EUR)", "mony(EUR)", "17:18: unknown format 'mony'; did you mean 'money'?"),
        ("money(EUR)", "money(EURO)", "17:18: money: 'EURO' is no currency of ISO 4217"),
        ("'\"at \" & town.name'", "'\"at \" && town.name'", "20:24: expected a value, found '&'"),
        ("town.name'", "town.'", "20:30: expected a name after '.', found 'the end'"),
        ("is: town_id", "iss: town_id", "12:38: a lookup has no 'iss'; did you mean 'is'?"),
        ("one: towns.csv, ", "", "12:13: a lookup has either 'one' or 'each'"),
        ("{drop: [photo]}", "{encoding: utf-9}", "3:27: unknown encoding 'utf-9'; such as utf-8 or cp1252"),
        ("{drop: [photo]}", '{delimiter: ";;"}', "3:29: the delimiter is one character"),
        ("{drop: [photo]}", "{others: keeep}", "3:25: unknown others 'keeep'; did you mean 'keep'?"),
        (
            "members.csv: {",
            "../members.csv: {",
            "3:3: '../members.csv' is not the name of a file in the folder",
        ),
        ("      name: name\n", "      name: name\n      name: id\n", "16:7: 'name' is here twice"),
        ("name: name", "name:", "15:12: a formula is a text"),
        ("line1: '\"at \" & town.name'", 'line1: "at " & town.name', "20:23: no YAML: expected alphabetic"),
        ("name: name", "name: a: b", "15:14: no YAML: mapping values are not allowed here"),
        ("map:\n", "map: &me\n      extensions: *me\n", ": nested more than 20 deep"),
    ],
)
def test_what_cannot_be_read_is_said_with_line_and_column(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    path = tmp_path / "mapping.yaml"
    assert old in SOUND
    path.write_text(SOUND.replace(old, new, 1))
    with pytest.raises(MappingError) as caught:
        read_mapping(path)
    assert any(expected in one for one in mistakes(caught.value)), mistakes(caught.value)
    assert str(caught.value).startswith(f"{path}:")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "into: club.members",
            "into: clubb.members",
            "8:11: no service called 'clubb' runs here; did you mean",
        ),
        ("into: club.members", "into: club.member", "8:11: club has no collection 'member'"),
        (
            "number: id\n",
            "number: id\n      nam: fee\n",
            "15:7: NewMember has no field 'nam'; did you mean 'name'?",
        ),
        ("      name: name\n", "", "8:11: club.members needs name; map it"),
        ("city: town.name", "town: town.name", "21:9: Address has no field 'town'"),
        ("key: number", "key: name", "10:10: club.members cannot be found by 'name'"),
        ("reference(club.members)", "reference(club.guests)", "18:29: club.guests is no collection"),
        (
            "reference(club.members)",
            "reference(club.visits)",
            "18:29: this mapping does not load club.visits",
        ),
        (
            "reference(club.members)",
            "reference(club.members.nr)",
            "18:29: club.members cannot be found by 'nr'",
        ),
        ("reference(club.members)", "reference(pub.members)", "18:29: no service called 'pub' runs here"),
    ],
)
async def test_what_the_contracts_do_not_know_is_said_before_anything_is_written(
    folder: Folder, old: str, new: str, expected: str
) -> None:
    folder.write(mapping_yaml=SOUND.replace(old, new, 1), **FILES)
    with pytest.raises(MappingError) as caught:
        await folder.load()
    assert any(one.startswith(expected) for one in mistakes(caught.value)), mistakes(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: name", "name: nme", "15:13: members.csv has no column 'nme'; did you mean 'name'?"),
        ("is: town_id", "is: townid", "12:42: members.csv has no column 'townid'; did you mean 'town_id'?"),
        ("by: id", "by: number", "12:7: towns.csv has no column 'number'"),
        ("city: town.name", "city: town.nam", "21:15: towns.csv has no column 'nam'; did you mean 'name'?"),
        ("[photo]", "[phot]", "3:3: members.csv has no column 'phot' to drop; did you mean 'photo'?"),
        (" {drop: [photo]}", "", "3:3: members.csv: nothing is said of 'photo'; map them, or name them"),
        (
            "towns.csv:\n",
            "towns.csv:\n  visits.csv:\n",
            "5:3: visits.csv is used by no step; load it, look it up",
        ),
        ("town: {", "fee: {", "12:7: members.csv has a column 'fee'; give the lookup another name"),
    ],
)
async def test_columns_that_are_unknown_or_forgotten_are_said_before_anything_is_written(
    folder: Folder, old: str, new: str, expected: str
) -> None:
    folder.write(mapping_yaml=SOUND.replace(old, new, 1), visits_csv="id\n", **FILES)
    with pytest.raises(MappingError) as caught:
        await folder.load()
    assert any(one.startswith(expected) for one in mistakes(caught.value)), mistakes(caught.value)


async def test_several_mistakes_are_said_at_once_in_the_order_of_the_file(folder: Folder) -> None:
    wrong = SOUND.replace("name: name", "name: nme").replace("fee: fee", "fee: fees")
    folder.write(mapping_yaml=wrong, **FILES)
    with pytest.raises(MappingError) as caught:
        await folder.load()
    assert [one.place.line for one in caught.value.mistakes] == [3, 15, 17]


async def test_files_that_are_missing_are_named_all_at_once(folder: Folder) -> None:
    folder.write(mapping_yaml=SOUND)
    with pytest.raises(FileError, match=r"has no members\.csv, towns\.csv, which mapping\.yaml reads"):
        await folder.load()


def test_a_mapping_that_is_not_in_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_bytes(dedent(SOUND).replace("club", "clüb").encode("latin-1"))
    with pytest.raises(MappingError, match="not in UTF-8"):
        read_mapping(path)


def test_an_empty_mapping_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text("")
    with pytest.raises(MappingError, match="a mapping file is an object"):
        read_mapping(path)
