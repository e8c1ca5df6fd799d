"""The days of a company: where it is, when they end, and how long records are kept."""

from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from processes.hire_to_retire.days import Calendar
from triptych.problems import InvalidInput
from triptych.settings import Settings

BERLIN = Calendar.of("Europe/Berlin", 10)


def test_a_day_ends_where_the_company_is() -> None:
    assert BERLIN.begins(date(2026, 7, 1)) == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert BERLIN.ends(date(2026, 7, 1)) == datetime(2026, 7, 1, 22, tzinfo=UTC)
    assert Calendar.of("UTC", 10).ends(date(2026, 7, 1)) == datetime(2026, 7, 2, tzinfo=UTC)


def test_a_day_on_which_the_clocks_change_is_longer_or_shorter() -> None:
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    assert BERLIN.ends(spring) - BERLIN.begins(spring) == timedelta(hours=23)
    assert BERLIN.ends(autumn) - BERLIN.begins(autumn) == timedelta(hours=25)


@pytest.mark.parametrize(
    ("last_day", "until"),
    [
        (date(2026, 9, 30), date(2036, 9, 30)),
        (date(2024, 2, 29), date(2034, 3, 1)),
        (date(1990, 12, 31), date(2000, 12, 31)),
    ],
)
def test_records_are_kept_for_years_from_the_last_day_on(last_day: date, until: date) -> None:
    assert BERLIN.kept_until(last_day) == until


def test_what_is_over_or_too_far_away_cannot_be_planned() -> None:
    today = BERLIN.today()
    BERLIN.check_coming(today, "/day")
    for day in (today - timedelta(days=1), today + timedelta(days=3661), date.max, date.min):
        with pytest.raises(InvalidInput) as refused:
            BERLIN.check_coming(day, "/day")
        assert refused.value.errors
        assert refused.value.errors[0]["pointer"] == "/day"


@pytest.mark.parametrize("zone", ["Berlin", "../../etc/passwd", "", "Europe/Berlin "])
def test_a_time_zone_that_there_is_not_is_no_setting(zone: str) -> None:
    with pytest.raises(ValidationError, match="there is no time zone"):
        Settings(time_zone=zone)


def test_records_are_kept_for_two_years_at_least() -> None:
    with pytest.raises(ValidationError):
        Settings(personnel_record_years=1)
