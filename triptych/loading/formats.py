"""The formats of formulas: what stands after a pipe, `freight | money(USD)`.

A format takes one value that is not null, and answers another; null passes by, except through `default`.
It raises ValueError, in words that name the value, when it cannot read what it is given.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from triptych.canonical.codes import country_code
from triptych.canonical.money import exponent

Argument = str | int | Decimal | bool | None
Transform = Callable[[Any], Any]
MOST_DIGITS = 18
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class Format:
    """One format: how it is made from its arguments, how many it takes, and what it is for."""

    make: Callable[..., Transform]
    fewest: int
    most: int
    about: str


def shown(value: Any) -> str:
    """A value as errors quote it: short."""
    text = repr(str(value) if isinstance(value, Decimal) else value)
    return text if len(text) <= 60 else f"{text[:57]}…{text[-1]}"


def text(value: Any) -> str:
    """A value as a text: numbers plain, yes and no as `true` and `false`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, str | int):
        return str(value)
    raise ValueError(f"{shown(value)} is no single value")


def number(value: Any) -> Decimal:
    """A number, exact, whether it came as a number or as a text."""
    if isinstance(value, Decimal) or (isinstance(value, int) and not isinstance(value, bool)):
        return Decimal(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        found = Decimal(value.strip())
        if found.adjusted() < MOST_DIGITS:
            return found
    raise ValueError(f"{shown(value)} is no number")


def _integer(value: Any) -> int:
    found = number(value)
    if found != found.to_integral_value():
        raise ValueError(f"{shown(value)} is no whole number")
    return int(found)


def _decimal(places: Argument = None) -> Transform:
    if places is None:
        return number
    if not isinstance(places, int) or not 0 <= places <= 12:
        raise ValueError("the number of places is from 0 to 12")
    step = Decimal(1).scaleb(-places)

    def rounded(value: Any) -> Decimal:
        try:
            return number(value).quantize(step, ROUND_HALF_EVEN)
        except InvalidOperation:
            raise ValueError(f"{shown(value)} is too large a number") from None

    return rounded


def _money(currency: Argument) -> Transform:
    places = exponent(str(currency))

    def money(value: Any) -> dict[str, Any]:
        minor = number(value).scaleb(places)
        if minor != minor.to_integral_value():
            finer = f"{shown(value)} has more than {currency}'s {places} decimal places"
            raise ValueError(f"{finer}; decimal({places}) before money({currency}) would round it")
        return {"amount_minor": int(minor), "currency": currency}

    return money


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    found = _FLAGS.get(text(value).strip().casefold())
    if found is None:
        raise ValueError(f"{shown(value)} is neither yes nor no")
    return found


def _moment(value: Any, pattern: Argument) -> datetime:
    written = text(value).strip()
    try:
        if pattern is not None:
            return datetime.strptime(written, str(pattern))
        return datetime.fromisoformat(written)
    except ValueError:
        wanted = f"as in {pattern}" if pattern else "as in 1996-07-04 or 1996-07-04 12:30:00"
        raise ValueError(f"{shown(value)} is no date {wanted}") from None


def _date(pattern: Argument = None) -> Transform:
    def day(value: Any) -> str:
        return date.isoformat(_moment(value, pattern).date())

    return day


def _utc(zone: Argument = "UTC", pattern: Argument = None) -> Transform:
    try:
        home = UTC if zone == "UTC" else ZoneInfo(str(zone))
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{shown(zone)} is no time zone, such as Europe/Berlin") from None

    def moment(value: Any) -> str:
        found = _moment(value, pattern)
        try:
            there = found if found.tzinfo else found.replace(tzinfo=home)
            return there.astimezone(UTC).isoformat().replace("+00:00", "Z")
        except OverflowError:
            raise ValueError(f"{shown(value)} is outside the years 1 to 9999") from None

    return moment


def _split(separator: Argument = ",") -> Transform:
    def split(value: Any) -> list[str]:
        return [part.strip() for part in text(value).split(str(separator)) if part.strip()]

    return split


def _join(separator: Argument = ", ") -> Transform:
    def join(value: Any) -> str:
        if not isinstance(value, list):
            raise ValueError(f"{shown(value)} is no list")
        return str(separator).join(text(part) for part in cast("list[Any]", value) if part is not None)

    return join


def _replace(old: Argument, new: Argument) -> Transform:
    return lambda value: text(value).replace(str(old), str(new))


def _plain(transform: Transform) -> Callable[[], Transform]:
    return lambda: transform


def _of_text(transform: Callable[[str], Any]) -> Callable[[], Transform]:
    return lambda: lambda value: transform(text(value))


FORMATS: Mapping[str, Format] = {
    "text": Format(_plain(text), 0, 0, "the value as a text"),
    "trim": Format(_of_text(str.strip), 0, 0, "without surrounding white space"),
    "lower": Format(_of_text(str.lower), 0, 0, "in lower case"),
    "upper": Format(_of_text(str.upper), 0, 0, "in upper case"),
    "replace": Format(_replace, 2, 2, 'another text for one: replace(",", ".")'),
    "integer": Format(_plain(_integer), 0, 0, "a whole number"),
    "decimal": Format(_decimal, 0, 1, "an exact number, rounded half to even: decimal(4)"),
    "money": Format(_money, 1, 1, "an amount in major units: money(USD)"),
    "flag": Format(_plain(_flag), 0, 0, "yes or no, from 1, 0, yes, no, true, false"),
    "date": Format(_date, 0, 1, 'a day; a pattern says how it is written: date("%d.%m.%Y")'),
    "utc": Format(_utc, 0, 2, 'a moment; by default written in UTC: utc("Europe/Berlin", "%d.%m.%Y %H:%M")'),
    "country": Format(_of_text(country_code), 0, 0, "the code of a country given by code or English name"),
    "split": Format(_split, 0, 1, 'a list, from a text: split(";")'),
    "join": Format(_join, 0, 1, 'a text, from a list: join(", ")'),
}
"""Every format but `default`, `reference` and the mapping's own tables, which formulas know themselves."""

WHOLE_LISTS = frozenset({"join"})
"""Formats that take a list as a whole; the others are applied to each of its parts."""
