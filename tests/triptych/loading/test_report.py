"""What a load reports, to people and to programs; and how the mapping of a folder is found."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from triptych.loading import FileReport, LoadReport, NoMapping, Refusal, find_mapping
from triptych.loading.finding import installed_mappings
from triptych.loading.report import SHOWN

REPORT = LoadReport(
    "club",
    "books",
    [
        FileReport("members.csv", "club.members", rows=4, created=1, updated=1, unchanged=1, repaired=2,
                   refused=[Refusal(3, "'ten' is no number", "/fee")], dropped=("photo",)),
        FileReport("tags.csv", "club.members", looked_up=True, rows=1, created=1),
    ],
    seconds=0.5,
)  # fmt: skip


def printed(report: LoadReport) -> str:
    """The report as it stands in a wide terminal."""
    console = Console(width=140, no_color=True)
    with console.capture() as capture:
        console.print(report.as_table())
    return capture.get()


def test_people_see_counts_dropped_columns_and_refused_rows_with_their_lines() -> None:
    lines = [" ".join(line.replace("│", " ").split()) for line in printed(REPORT).splitlines()]
    assert "members.csv club.members 4 1 1 1 2 1" in lines
    assert "tags.csv part of club.members 1 1 0 0 0 0" in lines
    assert "members.csv: left out photo, as the mapping says" in lines
    assert "members.csv, line 3: /fee: 'ten' is no number" in lines


def test_programs_read_the_same_as_json() -> None:
    found = json.loads(json.dumps(REPORT.as_json()))
    assert found["files"][0] == {
        "file": "members.csv",
        "into": "club.members",
        "looked_up": False,
        "rows": 4,
        "created": 1,
        "updated": 1,
        "unchanged": 1,
        "repaired": 2,
        "refused": [{"line": 3, "reason": "'ten' is no number", "pointer": "/fee"}],
        "dropped": ["photo"],
    }
    assert found["totals"] == {
        "rows": 5,
        "created": 2,
        "updated": 1,
        "unchanged": 1,
        "repaired": 2,
        "refused": 1,
    }
    assert (found["complete"], found["stopped"]) == (False, "")


def test_a_long_list_of_refused_rows_is_cut_for_people_and_whole_for_programs() -> None:
    many = FileReport("a.csv", "club.members", refused=[Refusal(line, "bad") for line in range(1, 100)])
    report = LoadReport("club", "books", [many])
    assert f"a.csv: {99 - SHOWN} more; --json lists them all" in printed(report)
    assert len(report.as_json()["files"][0]["refused"]) == 99


def test_reasons_are_shown_as_they_are_and_not_as_markup() -> None:
    report = LoadReport(
        "club", "books", [FileReport("a.csv", "x", refused=[Refusal(2, "'[red]' is no number")])]
    )
    assert "'[red]' is no number" in printed(report)


OWN = "mapping: own\nfiles: {a.csv: {others: drop}}\nload: []\n"


@pytest.mark.parametrize("name", ["mapping.yaml", "triptych.yaml"])
def test_a_folder_may_have_its_own_mapping(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(OWN)
    assert find_mapping(tmp_path).name == "own"


def test_the_mapping_that_is_named_comes_before_the_folders_own(tmp_path: Path) -> None:
    (tmp_path / "mapping.yaml").write_text(OWN)
    (tmp_path / "other.yaml").write_text(OWN.replace("own", "other"))
    assert find_mapping(tmp_path, tmp_path / "other.yaml").name == "other"


def test_a_folder_that_nothing_fits_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(
        NoMapping, match=r"no installed mapping \(.*northwind.*\) fits its files; name one with --mapping"
    ):
        find_mapping(tmp_path)
    with pytest.raises(NoMapping, match="is no folder"):
        find_mapping(tmp_path / "nowhere")


def test_an_installed_mapping_is_found_by_the_files_of_the_folder(tmp_path: Path) -> None:
    (northwind,) = [path for path in installed_mappings() if path.stem == "northwind"]
    for name in find_mapping(tmp_path, northwind).files:
        (tmp_path / name).write_text("")
    assert find_mapping(tmp_path).path == northwind
