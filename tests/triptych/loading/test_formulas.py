"""Formulas: what they make of a row, and where they say that something is wrong."""

import re
from decimal import Decimal
from typing import Any

import pytest

from triptych.loading.formulas import FormulaError, Reference
from triptych.loading.reading_formulas import parse

ROW: dict[str, Any] = {
    "id": "17",
    "name": " Ada ",
    "none": None,
    "price": "32.38",
    "to": {"town": "Ely"},
    "lines": [{"sku": "A", "parts": [{"n": "1"}, {"n": "2"}]}, {"sku": "B", "parts": None}],
    "two words": "yes",
}
TABLES = {"colours": {"r": "red", "g": "green"}}


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("name", " Ada "),
        ("`two words`", "yes"),
        ('"NW-" & id', "NW-17"),
        ("'it is ' & none & 1", "it is 1"),
        ("name | trim | upper", "ADA"),
        ("none | upper", None),
        ('none | default("x")', "x"),
        ('coalesce(none, id, "x")', "17"),
        ('if(none, "a", "b")', "b"),
        ('if(id = 17, "a", "b")', "a"),
        ("id != 17", False),
        ("none = null", True),
        ("to.town", "Ely"),
        ("none.town", None),
        ("lines[].sku", ["A", "B"]),
        ("lines[].parts[].n", ["1", "2"]),
        ('lines[].sku | lower | join("+")', "a+b"),
        ('"a; b;;" | split(";")', ["a", "b"]),
        ('"r" | colours', "red"),
        ('"1,5" | replace(",", ".") | decimal(1)', Decimal("1.5")),
        ("0.15000000596046448 | decimal(4)", Decimal("0.1500")),
        ('"0.00005" | decimal(4)', Decimal("0.0000")),
        ('"12" | integer', 12),
        ("price | money(USD)", {"amount_minor": 3238, "currency": "USD"}),
        ("1000 | money(JPY)", {"amount_minor": 1000, "currency": "JPY"}),
        ('"1.005" | decimal(2) | money(EUR)', {"amount_minor": 100, "currency": "EUR"}),
        ('"Yes" | flag', True),
        ('"1996-07-04 00:00:00.000" | date', "1996-07-04"),
        ('"04.07.1996" | date("%d.%m.%Y")', "1996-07-04"),
        ('"1996-07-04 00:00:00.000" | utc', "1996-07-04T00:00:00Z"),
        ('"1996-07-04 12:00" | utc("Europe/Berlin")', "1996-07-04T10:00:00Z"),
        ('"1996-07-04T12:00:00+02:00" | utc', "1996-07-04T10:00:00Z"),
        ('"USA" | country', "US"),
        ("id | reference(crm.customers)", Reference("crm.customers", "", "17")),
        ("id | reference(crm.customers.email)", Reference("crm.customers", "email", "17")),
    ],
)
def test_a_formula_makes_its_value_of_a_row(formula: str, value: Any) -> None:
    assert parse(formula, TABLES).evaluate(ROW) == value


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("name | integer", "' Ada ' is no number"),
        ('"1.5" | integer', "'1.5' is no whole number"),
        ('"1.005" | money(USD)', "'1.005' has more than USD's 2 decimal places"),
        ('"1e999" | decimal(2)', "'1e999' is no number"),
        ('"NaN" | decimal(2)', "'NaN' is no number"),
        ("name | date", "' Ada ' is no date as in 1996-07-04"),
        ("name | flag", "' Ada ' is neither yes nor no"),
        ('"Atlantis" | country', "no country is called 'Atlantis'"),
        ('"b" | colours', "'b' is not in the table colours"),
        ("to | text", "{'town': 'Ely'} is no single value"),
        ("name.first", "' Ada ' has no field 'first'"),
        ("to[].town", "{'town': 'Ely'} is no list"),
        ("to | join", "{'town': 'Ely'} is no list"),
    ],
)
def test_a_value_that_cannot_be_read_is_named(formula: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}"):
        parse(formula, TABLES).evaluate(ROW)


@pytest.mark.parametrize(
    ("formula", "offset", "detail"),
    [
        ("name | uppr", 7, "unknown format 'uppr'"),
        ("name | ", 6, "expected a format after '|', found 'the end'"),
        ('"open', 0, "'\"' cannot stand here"),
        ("name name", 5, "'name' cannot stand here"),
        ("a.", 2, "expected a name after '.', found 'the end'"),
        ("iff(a, b, c)", 0, "unknown function 'iff'"),
        ("if(a, b)", 0, "if takes 3 values, found 2"),
        ("a | money(USDD)", 4, "money: 'USDD' is no currency of ISO 4217"),
        ("a | money", 4, "money takes 1 values, found 0"),
        ("a | decimal(99)", 4, "decimal: the number of places is from 0 to 12"),
        ('a | utc("Mars/Base")', 4, "utc: 'Mars/Base' is no time zone"),
        ("a | reference(customers)", 4, "reference takes a collection"),
        ("a + b", 2, "'+' cannot stand here"),
        ("", 0, "expected a value, found 'the end'"),
        ("if(a, b, c", 10, "expected ')', found 'the end'"),
    ],
)
def test_a_formula_that_cannot_be_read_says_at_which_character(
    formula: str, offset: int, detail: str
) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(formula, TABLES)
    assert caught.value.offset == offset
    assert caught.value.detail.startswith(detail)


def test_a_misspelt_format_is_answered_with_the_one_that_was_probably_meant() -> None:
    with pytest.raises(FormulaError) as caught:
        parse("name | countri", TABLES)
    assert caught.value.suggestion == "did you mean 'country'?"


def test_a_formula_says_beforehand_what_it_reads() -> None:
    found = parse('if(paid, lines[].sku, to.town) & "x" | reference(crm.customers)', {})
    assert [path.steps for path in found.paths] == [("paid",), ("lines", "[]", "sku"), ("to", "town")]
    assert [(use.target, use.offset) for use in found.references] == [("crm.customers", 39)]
