"""Loading: what is made, what is changed, what is left alone, what is refused; and again, and again."""

from tests.triptych.loading.club.contract import Club, MemberFilter, NewMember
from tests.triptych.loading.conftest import Folder, counts
from triptych.canonical.money import Money
from triptych.contract import Patch, every
from triptych.loading import Refusal

MEMBERS = """
    mapping: club
    files: {members.csv: {absent: "NULL"}}
    load:
      - into: club.members
        file: members.csv
        key: number
        map:
          number: id
          name: name
          fee: fee | money(EUR)
          joined_on: joined | date
          address:
            line1: street
            city: town
            country: '"GB"'
          extensions:
            shoe: shoe
"""
ROWS = """
    id,name,fee,joined,street,town,shoe
    1,Ada,10.50,1996-07-04 00:00:00.000,1 Elm St.,Ely,38
    2,Bo,NULL,NULL,2 Elm St.,Ely,NULL
"""


async def test_rows_become_records_with_every_field(folder: Folder, club: Club) -> None:
    folder.write(mapping_yaml=MEMBERS, members_csv=ROWS)
    (file,) = (await folder.load()).files
    assert counts(file) == (2, 0, 0, 0)
    ada, bo = [member async for member in every(club.members, MemberFilter())]
    if ada.number == "2":
        ada, bo = bo, ada
    assert ada.fee == Money(amount_minor=1050, currency="EUR")
    assert str(ada.joined_on) == "1996-07-04"
    assert ada.address is not None
    assert ada.address.line1 == "1 Elm St."
    assert ada.extensions == {"shoe": "38"}
    assert (bo.fee, bo.joined_on, bo.extensions) == (None, None, {})


async def test_a_second_run_changes_nothing(folder: Folder, club: Club) -> None:
    folder.write(mapping_yaml=MEMBERS, members_csv=ROWS)
    await folder.load()
    position = (await club.members.changes()).position
    (file,) = (await folder.load()).files
    assert counts(file) == (0, 0, 2, 0)
    assert (await club.members.changes(position)).items == ()


async def test_only_the_fields_that_the_file_says_otherwise_are_changed(folder: Folder, club: Club) -> None:
    folder.write(mapping_yaml=MEMBERS, members_csv=ROWS)
    await folder.load()
    (ada,) = (await club.members.find(MemberFilter(number="1"))).items
    ours = {"tags": ["vip"], "extensions": {"hat": "56"}}
    await club.members.update(ada.id, Patch[NewMember](ours), str(ada.version))

    folder.write(
        members_csv=ROWS.replace("10.50", "12.00").replace(",38", ",NULL").replace("1 Elm St.", "1 Oak Rd.")
    )
    (file,) = (await folder.load()).files
    assert counts(file) == (0, 1, 1, 0)
    changed = await club.members.get(ada.id)
    assert changed.fee == Money(amount_minor=1200, currency="EUR")
    assert changed.address is not None
    assert (changed.address.line1, changed.address.city) == ("1 Oak Rd.", "Ely")
    assert changed.tags == ("vip",)
    assert changed.extensions == {"hat": "56"}
    assert str(changed.joined_on) == "1996-07-04"


async def test_what_alternates_between_two_contents_is_followed_each_time(folder: Folder, club: Club) -> None:
    """An idempotency key that did not know the version would take the third change for the first."""
    folder.write(mapping_yaml=MEMBERS, members_csv=ROWS)
    await folder.load()
    for name in ("Bea", "Ada", "Bea", "Ada"):
        folder.write(members_csv=ROWS.replace("Ada", name))
        assert counts((await folder.load()).files[0]) == (0, 1, 1, 0)
        assert (await club.members.find(MemberFilter(number="1"))).items[0].name == name


async def test_a_record_that_somebody_deleted_is_made_again(folder: Folder, club: Club) -> None:
    """The stored answer to the first run's write must not pass for a record that is there."""
    folder.write(mapping_yaml=MEMBERS, members_csv=ROWS)
    for _ in range(3):
        assert (await folder.load()).files[0].created > 0
        (ada,) = (await club.members.find(MemberFilter(number="1"))).items
        await club.members.delete(ada.id)
    assert counts((await folder.load()).files[0]) == (1, 0, 1, 0)


async def test_bad_rows_are_refused_with_line_and_reason_and_the_good_ones_go_in(folder: Folder) -> None:
    bad = """
    3,Cy,ten,NULL,x,Ely,1
    4,Di,1.005,NULL,x,Ely,1
    5,,1,NULL,x,Ely,1
    6,Fay,1,31.12.1999,x,Ely,1
    NULL,Guy,1,NULL,x,Ely,1
    8,Hal,1,NULL,NULL,Ely,1
    9,Ida,1
    10,Jo,1,NULL,x,Ely,1
    """
    folder.write(mapping_yaml=MEMBERS, members_csv=ROWS.rstrip() + "\n" + bad.strip("\n"))
    report = await folder.load()
    (file,) = report.files
    assert (file.created, report.complete) == (3, False)
    assert file.refused == [
        Refusal(4, "'ten' is no number", "/fee"),
        Refusal(
            5,
            "'1.005' has more than EUR's 2 decimal places; decimal(2) before money(EUR) would round it",
            "/fee",
        ),
        Refusal(6, "Field required", "/name"),
        Refusal(7, "'31.12.1999' is no date as in 1996-07-04 or 1996-07-04 12:30:00", "/joined_on"),
        Refusal(8, "the key is absent", "/number"),
        Refusal(9, "Field required", "/address/line1"),
        Refusal(10, "it has 3 cells; the header has 7", ""),
    ]
    assert counts((await folder.load()).files[0]) == (0, 0, 3, 7)


async def test_rows_that_say_the_same_twice_are_one_record(folder: Folder, club: Club) -> None:
    folder.write(
        mapping_yaml=MEMBERS, members_csv=ROWS.rstrip() + "\n    2,Bo,NULL,NULL,2 Elm St.,Ely,NULL\n" * 3
    )
    (file,) = (await folder.load()).files
    assert counts(file) == (2, 0, 3, 0)
    assert len((await club.members.find()).items) == 2


async def test_rows_that_contradict_each_other_are_refused_but_for_the_first(
    folder: Folder, club: Club
) -> None:
    folder.write(
        mapping_yaml=MEMBERS, members_csv=ROWS.rstrip() + "\n    2,Ben,NULL,NULL,2 Elm St.,Ely,NULL\n"
    )
    (file,) = (await folder.load()).files
    assert counts(file) == (2, 0, 0, 1)
    assert file.refused == [Refusal(4, "line 3 says something else of the same number", "/number")]
    assert (await club.members.find(MemberFilter(number="2"))).items[0].name == "Bo"


SPONSORED = """
    mapping: club
    files: {members.csv: }
    load:
      - into: club.members
        file: members.csv
        key: number
        map:
          number: id
          name: name
          sponsor_id: sponsor | reference(club.members)
"""


async def test_rows_may_refer_to_rows_that_come_later_in_the_same_file(folder: Folder, club: Club) -> None:
    folder.write(mapping_yaml=SPONSORED, members_csv="id,name,sponsor\n1,Ada,2\n2,Bo,3\n3,Cy,4\n4,Di,\n")
    (file,) = (await folder.load()).files
    assert counts(file) == (4, 0, 0, 0)
    people = {member.number: member async for member in every(club.members, MemberFilter())}
    assert [people[number].sponsor_id for number in "1234"] == [
        *(people[number].id for number in "234"),
        None,
    ]
    assert counts((await folder.load()).files[0]) == (0, 0, 4, 0)


async def test_references_that_lead_nowhere_are_refused_in_the_end(folder: Folder) -> None:
    folder.write(
        mapping_yaml=SPONSORED, members_csv="id,name,sponsor\n1,Ada,2\n2,Bo,9\n3,Cy,\n5,Di,6\n6,Eve,5\n"
    )
    (file,) = (await folder.load()).files
    assert counts(file) == (1, 0, 0, 4)
    nowhere = "club.members has no record with number"
    assert file.refused == [
        Refusal(2, f"{nowhere} 2", "/sponsor_id"),
        Refusal(3, f"{nowhere} 9", "/sponsor_id"),
        Refusal(5, f"{nowhere} 6", "/sponsor_id"),
        Refusal(6, f"{nowhere} 5", "/sponsor_id"),
    ]


JSON_MEMBERS = """
    mapping: club
    files: {members.jsonl: {others: keep, drop: [secret]}}
    load:
      - into: club.members
        file: members.jsonl
        key: number
        map:
          number: id | text
          name: name.full
          tags: tags | lower
          share: share
          address from home:
            line1: street
            city: town
            country: land | country
"""


async def test_json_lines_are_read_with_objects_lists_and_fields_that_no_formula_names(
    folder: Folder, club: Club
) -> None:
    row = (
        '{"id": 1, "name": {"full": "Ada"}, "tags": ["A", "B"], "share": 0.1575, "secret": "x", "size": 38.5,'
        ' "home": {"street": "1 Elm St.", "town": "Ely", "land": "UK"}, "pets": [{"kind": "cat"}]}'
    )
    folder.write(mapping_yaml=JSON_MEMBERS, members_jsonl=f'{row}\n{{"id": 2, "name": {{"full": "Bo"}}}}\n')
    assert counts((await folder.load()).files[0]) == (2, 0, 0, 0)
    (ada,) = (await club.members.find(MemberFilter(number="1"))).items
    assert (ada.tags, str(ada.share), ada.address and ada.address.country) == (("a", "b"), "0.1575", "GB")
    assert ada.model_dump()["extensions"] == {"size": 38.5, "pets": [{"kind": "cat"}]}
    assert counts((await folder.load()).files[0]) == (0, 0, 2, 0)


async def test_fields_of_json_lines_that_nobody_named_are_refused_unless_the_mapping_says_otherwise(
    folder: Folder,
) -> None:
    rows = '{"id": 1, "name": {"full": "Ada"}}\n{"id": 2, "name": {"full": "Bo"}, "size": 38}\n'
    folder.write(mapping_yaml=JSON_MEMBERS.replace("others: keep, ", ""), members_jsonl=rows)
    (file,) = (await folder.load()).files
    assert file.refused == [Refusal(2, "nothing is said of 'size'")]
    folder.write(mapping_yaml=JSON_MEMBERS.replace("others: keep", "others: drop"))
    assert counts((await folder.load()).files[0]) == (1, 0, 1, 0)


async def test_a_step_without_a_file_makes_one_record(folder: Folder, club: Club) -> None:
    one = """
    mapping: club
    files: {members.csv: {others: drop}}
    load:
      - into: club.members
        key: number
        map: {number: '"house"', name: '"The House"'}
    """
    folder.write(mapping_yaml=one, members_csv="id\n1\n")
    report = await folder.load()
    assert [(file.file, file.rows, file.created) for file in report.files] == [("mapping.yaml", 1, 1)]
    assert (await club.members.find(MemberFilter(number="house"))).items[0].name == "The House"


async def test_two_records_with_the_key_that_a_row_has_are_not_confused(folder: Folder, club: Club) -> None:
    """The club's members can be found by their sponsor, who may have sponsored several."""
    folder.write(mapping_yaml=SPONSORED, members_csv="id,name,sponsor\n1,Ada,\n2,Bo,1\n3,Cy,1\n")
    await folder.load()
    by_sponsor = SPONSORED.replace("key: number", "key: sponsor_id")
    folder.write(mapping_yaml=by_sponsor.replace("(club.members)", "(club.members.number)"))
    folder.write(members_csv="id,name,sponsor\n9,Di,1\n")
    (file,) = (await folder.load()).files
    (ada,) = (await club.members.find(MemberFilter(number="1"))).items
    assert file.refused == [Refusal(2, f"club.members has several records with sponsor_id {ada.id}")]
