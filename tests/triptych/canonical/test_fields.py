"""Texts, phones, emails, moments and shares: what each takes, and how it keeps it."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as some
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from triptych.canonical.fields import (
    Code,
    Email,
    LanguageTag,
    Name,
    PaymentToken,
    Phone,
    Prose,
    Rate,
    Url,
)
from triptych.canonical.moments import Day, Timestamp


def read(kind: Any, value: Any) -> Any:
    return TypeAdapter(kind).validate_python(value)


def refuses(kind: Any, value: Any) -> bool:
    try:
        read(kind, value)
    except ValidationError:
        return True
    return False


def fits(schema: Any, value: Any) -> bool:
    try:
        jsonschema.validate(value, schema, Draft202012Validator)
    except jsonschema.ValidationError:
        return False
    return True


# --- texts ---

CHARACTERS = some.sampled_from(
    ["a", "é", "茶", "😀", " ", "\u2003", "\t", "\n", "\r", "\x00", "\x07", "\x7f"]
)


@given(some.sampled_from([Code, Name, Prose]), some.text(CHARACTERS, max_size=8))
def test_a_text_is_accepted_just_when_the_published_schema_says_so(kind: Any, text: str) -> None:
    promised = fits(TypeAdapter(kind).json_schema(), text)

    assert promised is not refuses(kind, text)


@given(some.text(CHARACTERS, max_size=8))
def test_a_text_that_was_read_is_read_again_the_same(text: str) -> None:
    if not refuses(Prose, text):
        assert read(Prose, read(Prose, text)) == read(Prose, text)


def test_surrounding_space_is_stripped_and_lines_are_kept_only_in_prose() -> None:
    assert read(Name, "  Alfreds Futterkiste \n") == "Alfreds Futterkiste"
    assert read(Prose, "\n first\r\n\tsecond\n") == "first\r\n\tsecond"
    assert refuses(Name, "first\nsecond")


# --- phones ---


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("+49 30 007-4321", "+49300074321"),
        ("+1 (206) 555.9857", "+12065559857"),
        ("+44/171/5552222", "+441715552222"),
        ("030-0074321", "030-0074321"),
        (" (5) 555-4729 ", "(5) 555-4729"),
        ("+123", "+123"),
        ("+1234567890123456", "+1234567890123456"),
        ("+49 30 CALL-US", "+49 30 CALL-US"),
        ("+0 30 0074321", "+0 30 0074321"),
    ],
)
def test_a_phone_number_is_kept_in_e164_where_it_says_its_country(said: str, kept: str) -> None:
    assert read(Phone, said) == kept
    assert read(Phone, kept) == kept


# --- emails ---


def test_an_email_keeps_its_local_part_and_lower_cases_its_domain() -> None:
    assert read(Email, " Maria.Anders+Tea@Alfreds.EXAMPLE ") == "Maria.Anders+Tea@alfreds.example"


@pytest.mark.parametrize(
    "text", ["maria", "maria@", "@alfreds.example", "a@b", "a@@b.example", "a b@c.example", "a@b..example"]
)
def test_what_is_no_email_is_refused(text: str) -> None:
    assert refuses(Email, text)


# --- links, languages, tokens ---


def test_a_link_is_http_or_https() -> None:
    assert read(Url, "https://images.example/chai.jpg?size=2") == "https://images.example/chai.jpg?size=2"
    for text in ("javascript:alert(1)", "ftp://a.example", "//a.example", "https://a b.example", "https://"):
        assert refuses(Url, text)


def test_a_language_is_a_bcp_47_tag() -> None:
    assert [read(LanguageTag, tag) for tag in ("de", "pt-BR", "zh-Hant-TW")] == ["de", "pt-BR", "zh-Hant-TW"]
    assert all(refuses(LanguageTag, tag) for tag in ("d", "de_DE", "de-", "german language"))


@pytest.mark.parametrize("number", ["4111111111111111", "4111-1111-1111-1111", "4111 1111 1111 1111"])
def test_a_card_number_is_never_taken_for_a_token(number: str) -> None:
    assert read(PaymentToken, "tok_visa") == "tok_visa"
    assert refuses(PaymentToken, number)


# --- moments ---


@pytest.mark.parametrize(
    "said",
    [
        "2026-07-01T09:30:00Z",
        "2026-07-01T11:30:00+02:00",
        "2026-07-01 09:30:00.000",
        datetime(2026, 7, 1, 9, 30),
        datetime(2026, 7, 1, 4, 0, tzinfo=timezone(timedelta(hours=-5, minutes=-30))),
    ],
)
def test_a_moment_is_kept_in_utc(said: object) -> None:
    kept = read(Timestamp, said)

    assert kept == datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
    assert kept.utcoffset() == timedelta(0)
    assert TypeAdapter(Timestamp).dump_json(kept) == b'"2026-07-01T09:30:00Z"'


@pytest.mark.parametrize(
    "wrong",
    [0, 1751362200, 1.5, "0", "2026", "20260701", "2026-13-01", "0001-01-01T00:00:00+14:00", True, None],
)
def test_neither_numbers_nor_digits_pass_for_a_moment_or_a_day(wrong: object) -> None:
    assert refuses(Timestamp, wrong)
    assert refuses(Day, wrong) or str(wrong).startswith("0001-01-01")


def test_a_day_may_be_written_as_its_midnight_but_as_no_other_moment() -> None:
    assert str(read(Day, "1948-12-08 00:00:00.000")) == "1948-12-08"
    assert refuses(Day, "1948-12-08 10:00:00")


def test_a_strict_reader_takes_texts_from_json_all_the_same() -> None:
    texts: list[tuple[Any, str]] = [(Timestamp, "2026-07-01T09:30:00Z"), (Day, "2026-07-01"), (Rate, "0.15")]
    for kind, text in texts:
        strictly = TypeAdapter(kind).validate_json(f'"{text}"', strict=True)
        assert strictly == read(kind, text)


# --- shares ---


@given(some.decimals(0, 1, places=4))
def test_a_share_is_the_same_whether_it_comes_as_text_number_or_decimal(share: Decimal) -> None:
    text = f"{share:f}"

    assert read(Rate, text) == read(Rate, float(share)) == read(Rate, share) == share


@given(some.one_of(some.decimals(0, 1, places=4), some.floats(0, 1).map(lambda share: round(share, 4))))
def test_a_share_is_written_as_its_schema_says(share: Decimal | float) -> None:
    schema = TypeAdapter(Rate).json_schema(mode="serialization")

    written = TypeAdapter(Rate).dump_python(read(Rate, share), mode="json")

    assert fits(schema, written)
    assert read(Rate, written) == read(Rate, share)


@pytest.mark.parametrize(
    "wrong", ["1.01", "-0.1", 1.5, -0.1, "0.00001", "NaN", float("nan"), True, None, "1e-1", 10**400]
)
def test_what_is_no_share_is_refused(wrong: object) -> None:
    assert refuses(Rate, wrong)
