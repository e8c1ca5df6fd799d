"""Countries and currencies."""

import pytest
from pydantic import TypeAdapter, ValidationError

from triptych.canonical.codes import COUNTRIES, MINOR_UNITS, Currency, country_code
from triptych.canonical.fields import Country

NORTHWIND_COUNTRIES = {
    *["Argentina", "Austria", "Belgium", "Brazil", "Canada", "Denmark", "Finland", "France", "Germany"],
    *["Ireland", "Italy", "Mexico", "Norway", "Poland", "Portugal", "Spain", "Sweden", "Switzerland"],
    *["UK", "USA", "Venezuela", "Australia", "Japan", "Netherlands", "Singapore"],
}


def test_every_country_is_found_by_its_code_and_by_its_name() -> None:
    assert len(COUNTRIES) == 249
    for code, name in COUNTRIES.items():
        assert country_code(code) == country_code(code.lower()) == country_code(name) == code
        assert TypeAdapter(Country).validate_python(code) == code


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("United States of America", "US"),
        ("UK", "GB"),
        ("great britain", "GB"),
        ("The Netherlands", "NL"),
        ("Cote d'Ivoire", "CI"),
        ("Turkey", "TR"),
        (" türkiye ", "TR"),
        ("Bosnia & Herzegovina", "BA"),
        ("Czech Republic", "CZ"),
        ("South Korea", "KR"),
        ("Congo", "CG"),
        ("Democratic Republic of the Congo", "CD"),
        ("Venezuela", "VE"),
    ],
)
def test_the_usual_names_of_a_country_lead_to_its_code(said: str, code: str) -> None:
    assert country_code(said) == code


def test_every_country_of_the_northwind_books_is_known() -> None:
    assert all(country_code(name) in COUNTRIES for name in NORTHWIND_COUNTRIES)


@pytest.mark.parametrize("text", ["", "08022", "Rio de Janeiro", "XX", "NULL"])
def test_a_text_that_is_no_country_is_named_in_the_error(text: str) -> None:
    with pytest.raises(ValueError, match=f"no country is called '{text}'"):
        country_code(text)


@pytest.mark.parametrize("text", ["de", "DEU", "XX", "UK", "", "Germany", "D\x00"])
def test_a_field_takes_codes_only_and_says_which(text: str) -> None:
    with pytest.raises(ValidationError, match="ISO 3166-1") as refused:
        TypeAdapter(Country).validate_python(text)

    assert len(refused.value.errors()[0]["msg"]) < 100


@pytest.mark.parametrize("text", ["eur", "EURO", "XXX", "XAU", "", "ABC"])
def test_what_is_no_currency_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="ISO 4217"):
        TypeAdapter(Currency).validate_python(text)


def test_currencies_have_the_minor_units_of_iso_4217() -> None:
    assert {code: MINOR_UNITS[code] for code in ("EUR", "USD", "JPY", "KWD", "CLF", "ISK", "XCG")} == {
        "EUR": 2,
        "USD": 2,
        "JPY": 0,
        "KWD": 3,
        "CLF": 4,
        "ISK": 0,
        "XCG": 2,
    }
    assert all(len(code) == 3 and code.isupper() for code in MINOR_UNITS)
