"""When things happen to people's work: days of the company, and how long is waited for what."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from triptych.problems import InvalidInput

FARTHEST = 3660
"""Days from now that anything can be planned for: ten years."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long the company waits for what."""

    approval: timedelta = timedelta(days=5)
    supply: timedelta = timedelta(days=1)
    """Until somebody is reminded of equipment that is not in stock; as long again, and it is looked for."""
    giving_back: timedelta = timedelta(days=14)
    """Between two reminders of equipment that a former employee has."""
    reminders: int = 26
    """How many of these there are, before it is left to an operator: a year of them."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of a company: where it is, and for how many years it keeps the records of who has left."""

    record_years: int
    zone: tzinfo = field(default=UTC)

    @classmethod
    def of(cls, zone: str, record_years: int) -> "Calendar":
        """The calendar of a company in a time zone, `Europe/Berlin`."""
        return cls(record_years, UTC if zone == "UTC" else ZoneInfo(zone))

    def today(self) -> date:
        """The day that it is there."""
        return datetime.now(self.zone).date()

    def begins(self, day: date) -> datetime:
        """The first moment of a day."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def ends(self, day: date) -> datetime:
        """The moment in which a day is over."""
        return self.begins(day + timedelta(days=1))

    def kept_until(self, last_day: date) -> date:
        """The last day on which the records of somebody are kept who left on that day."""
        year = last_day.year + self.record_years
        leap_day = (last_day.month, last_day.day) == (2, 29)
        return date(year, 3, 1) if leap_day else last_day.replace(year=year)

    def check_coming(self, day: date, pointer: str) -> None:
        """Raise InvalidInput for a day that is over, or too far away."""
        if day < self.today():
            raise InvalidInput.at(pointer, f"{day} is over: it is {self.today()}")
        self.check_near(day, pointer)

    def check_near(self, day: date, pointer: str) -> None:
        """Raise InvalidInput for a day that is too far away."""
        if day > self.today() + timedelta(days=FARTHEST):
            raise InvalidInput.at(pointer, f"{day} is more than ten years away")
