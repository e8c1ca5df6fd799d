"""Moments and days: RFC 3339 texts in, UTC kept, numbers refused."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC; one without an offset is read as UTC.

    Raises ValueError where that leaves the years 1 to 9999.
    """
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError("beyond the years 1 to 9999") from error


def day_of(moment: date) -> date:
    """The calendar day of a date, or of a moment that is its midnight; else ValueError."""
    if not isinstance(moment, datetime):
        return moment
    if moment.time() != time():
        raise ValueError("a time of day, where a day is meant")
    return moment.date()


def _moment_in_text(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is UTC else in_utc(moment)


def _day_in_text(text: str) -> date:
    return day_of(datetime.fromisoformat(text))


class _WrittenAs:
    """Reads a moment or a day from a text that starts with a date, or takes it as the object it is.

    Pydantic alone would also read numbers, and texts of digits, as seconds since 1970: "2026" would
    silently become half an hour past midnight. What a strict reader refuses is the same.
    """

    def __init__(
        self, form: str, example: str, from_text: Callable[[str], date], from_object: Callable[[Any], date]
    ) -> None:
        self.form = form
        self.example = example
        self.from_text = from_text
        self.from_object = from_object

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        text = core_schema.no_info_after_validator_function(
            self.from_text, core_schema.str_schema(pattern=r"^\d{4}-\d{2}-\d{2}", max_length=40)
        )
        instance = core_schema.no_info_after_validator_function(
            self.from_object, core_schema.is_instance_schema(source)
        )
        return core_schema.custom_error_schema(
            core_schema.json_or_python_schema(
                json_schema=text,
                python_schema=core_schema.union_schema([instance, text], mode="left_to_right"),
                serialization=core_schema.simple_ser_schema("date" if source is date else "datetime"),
            ),
            custom_error_type=self.form.replace("-", "_"),
            custom_error_message=f"Input should be a {self.form} of RFC 3339, such as {self.example}",
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "format": self.form}


Timestamp = Annotated[datetime, _WrittenAs("date-time", "2026-07-01T09:30:00Z", _moment_in_text, in_utc)]
"""A moment in UTC (RFC 3339); a value without an offset is read as UTC."""

Day = Annotated[date, _WrittenAs("date", "2026-07-01", _day_in_text, day_of)]
"""A calendar day (RFC 3339 full-date)."""
