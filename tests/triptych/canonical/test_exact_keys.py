"""Exact keys: what cannot be meant otherwise, in its one spelling."""

import pytest

from triptych.canonical.exact_keys import company_number, exact_keys, spellings


def test_each_key_has_one_spelling() -> None:
    keys = exact_keys("Ada@Lovelace.example", "+49300074321", "de 123.456-789")
    assert keys == ("ada@lovelace.example", "+49300074321", "DE123456789")


@pytest.mark.parametrize("phone", ["0300 7432", "n/a", "+", "+49 x", "+٣٤٥٦٧٨٩٠a", "", None])
def test_a_phone_number_without_its_country_is_no_key(phone: str | None) -> None:
    assert exact_keys(None, phone, None).phone is None


@pytest.mark.parametrize(
    "number", ["none", "N/A", "1234", "- - - -", "unknown", "", None, "🦖🦖🦖🦖🦖", "١٢٣٤٥"]
)
def test_what_stands_for_no_company_number_is_no_key(number: str | None) -> None:
    assert company_number(number) is None


def test_an_address_is_looked_for_as_its_key_and_as_it_was_written() -> None:
    assert spellings("Ada@x.example") == ("ada@x.example", "Ada@x.example")
    assert spellings("ada@x.example") == ("ada@x.example",)
    assert spellings(None) == ()
