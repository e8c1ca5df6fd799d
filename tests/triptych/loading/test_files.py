"""Files as people have them: torn cells, byte order marks, open quotes, odd encodings, JSON that is none."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from triptych.loading.files import LONGEST_LINE, FileError, Row, RowReader, Unread
from triptych.loading.mapping import FileFormat
from triptych.loading.mistakes import Place

CSV = FileFormat(Place(1, 1))
JSONL = FileFormat(Place(1, 1), kind="jsonl")


def rows(path: Path, content: str | bytes, format: FileFormat = CSV) -> list[Row | Unread]:
    """What is read of a file with this content."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with RowReader(path, format) as reader:
        return list(reader)


def described(**options: Any) -> FileFormat:
    """A file that is written in another way."""
    return FileFormat(Place(1, 1), **options)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rows.csv"


def test_a_row_has_the_line_that_it_begins_on_also_after_cells_with_several_lines(path: Path) -> None:
    found = rows(path, 'id,note\n1,"two\nlines"\n\n2,one\n')
    assert [(row.line, row.values) for row in found] == [
        (2, {"id": "1", "note": "two\nlines"}),
        (5, {"id": "2", "note": "one"}),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_on_any_system(path: Path, end: str) -> None:
    found = rows(path, end.join(["id,name", "1,Ada", "2,Bo"]))
    assert [(row.line, row.values["name"]) for row in found] == [(2, "Ada"), (3, "Bo")]


def test_a_byte_order_mark_is_no_part_of_the_first_column(path: Path) -> None:
    assert rows(path, b"\xef\xbb\xbfid\n1\n")[0].values == {"id": "1"}


def test_cells_that_an_unquoted_comma_tore_apart_are_put_together_again(path: Path) -> None:
    found = rows(
        path, "id,street,town\n1,Rua do Paço, 67,Rio\n2,Elm St., 5, Rear,Ely\n", described(continuation=" ")
    )
    assert found == [
        Row(2, {"id": "1", "street": "Rua do Paço, 67", "town": "Rio"}, repaired=True),
        Row(3, {"id": "2", "street": "Elm St., 5, Rear", "town": "Ely"}, repaired=True),
    ]


def test_a_row_with_the_right_number_of_cells_keeps_its_leading_spaces(path: Path) -> None:
    found = rows(path, "id,street\n1, Elm St.\n", described(continuation=" "))
    assert found == [Row(2, {"id": "1", "street": " Elm St."})]


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ("1,Elm St., 5, Ely, UK,x,y", "7 cells, 4 when torn ones are put together"),
        ("1,a,b,c", "4 cells"),
        ("1", "1 cells"),
    ],
)
def test_a_row_that_still_does_not_fit_is_refused_with_its_number_of_cells(
    path: Path, row: str, cells: str
) -> None:
    (found,) = rows(path, f"id,street,town\n{row}\n", described(continuation=" "))
    assert isinstance(found, Unread)
    assert (found.line, found.reason) == (2, f"it has {cells}; the header has 3")


def test_absent_is_what_the_mapping_says_and_the_empty_text(path: Path) -> None:
    found = rows(path, "a,b,c\nNULL,,NULLA\n", described(absent=frozenset({"NULL"})))
    assert found[0].values == {"a": None, "b": None, "c": "NULLA"}


def test_a_quote_that_is_never_closed_costs_one_row_and_not_the_rest_of_the_file(path: Path) -> None:
    found = rows(path, 'id,name\n1,"Ada\n2,Bo\n3,Cy\n')
    assert [(row.line, isinstance(row, Unread)) for row in found] == [(2, True), (3, False), (4, False)]
    assert isinstance(found[0], Unread)
    assert found[0].reason == "a quote that opens on line 2 is never closed"


def test_an_open_quote_in_a_long_file_is_found_without_reading_it_to_the_end(path: Path) -> None:
    lines = ["id,name", '0,"Ada', *(f"{number},Bo" for number in range(1, 3000))]
    found = rows(path, "\n".join(lines))
    assert len(found) == 3000
    assert [row.line for row in found if isinstance(row, Unread)] == [2]


def test_letters_behind_a_closing_quote_are_refused_and_not_guessed(path: Path) -> None:
    first, second = rows(path, 'id,name\n1,"Ada"x\n2,Bo\n')
    assert isinstance(first, Unread)
    assert second == Row(3, {"id": "2", "name": "Bo"})


def test_a_line_that_does_not_end_is_refused_and_the_next_one_read(path: Path) -> None:
    found = rows(path, f"id,name\n1,{'x' * 3 * LONGEST_LINE}\n2,Bo\n")
    assert [(row.line, type(row)) for row in found] == [(2, Unread), (3, Row)]


def test_text_in_another_encoding_is_refused_by_its_column(path: Path) -> None:
    first, second = rows(path, b"id,name\n1,Jos\xe9\n2,Bo\n")
    assert isinstance(first, Unread)
    assert first.reason == "'name' is not written in utf-8"
    assert second.line == 3


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "latin-1"])
def test_a_file_can_be_in_any_encoding_that_the_mapping_names(path: Path, encoding: str) -> None:
    assert rows(path, "id;name\n1;José\n".encode(encoding), described(encoding=encoding, delimiter=";")) == [
        Row(2, {"id": "1", "name": "José"})
    ]


def test_a_file_without_a_header_has_the_columns_of_the_mapping(path: Path) -> None:
    assert rows(path, "1\tAda\n", described(columns=("id", "name"), delimiter="\t")) == [
        Row(1, {"id": "1", "name": "Ada"})
    ]


@pytest.mark.parametrize("header", ["", "id,,name", "id,id", '"id,name'])
def test_a_file_without_a_sound_header_is_refused_as_a_whole(path: Path, header: str) -> None:
    with pytest.raises(FileError, match=r"rows\.csv"):
        rows(path, header)


def test_json_lines_keep_their_types_and_their_exact_numbers(path: Path) -> None:
    (found,) = rows(
        path, '{"id": 1, "price": 32.38, "tags": ["a"], "to": {"town": "Ely"}, "no": null}\n', JSONL
    )
    assert found.values == {
        "id": 1,
        "price": Decimal("32.38"),
        "tags": ["a"],
        "to": {"town": "Ely"},
        "no": None,
    }


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": 1', "no JSON: Expecting ',' delimiter at character 9"),
        ("[1]", "it is no JSON object"),
        ('{"id": 1, "id": 2}', "'id' is there twice"),
        ('{"id": NaN}', "NaN is no number of JSON"),
        ("[" * 100_000, "no JSON: nested too deep"),
        ('{"id": ' + "1" * 5000 + "}", "Exceeds the limit"),
    ],
)
def test_a_line_of_json_that_is_wrong_is_refused_and_the_next_one_read(
    path: Path, line: str, reason: str
) -> None:
    first, second = rows(path, f'{line}\n\n{{"id": 2}}\n', JSONL)
    assert isinstance(first, Unread)
    assert first.reason.startswith(reason)
    assert second == Row(3, {"id": 2})
