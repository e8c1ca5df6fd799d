"""A noun with one of everything that a store has to keep."""

from datetime import date, datetime
from enum import Enum
from pathlib import Path

from pydantic import model_validator

from triptych.canonical.base import Entity, Model, New, Timestamp
from triptych.canonical.moments import Day
from triptych.contract import History
from triptych.storage import INDEXED, UNIQUE, EmbeddedStore, Indexed, entity_table

MIGRATIONS = Path(__file__).parent / "migrations"


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Place(Model):
    country: str
    shelf: str | None = None


class NewHole(Model):
    width: int


class Hole(NewHole):
    area: int = 0


class NewPart(New):
    name: str
    code: str | None = None
    colour: Colour = Colour.RED
    weight: int | None = None
    hollow: bool = False
    made_at: Timestamp | None = None
    checked: Day | None = None
    place: Place | None = None
    holes: tuple[NewHole, ...] = ()

    @model_validator(mode="after")
    def a_hollow_part_has_a_hole(self) -> "NewPart":
        if self.hollow and not self.holes:
            raise ValueError("a hollow part has a hole")
        return self


class Part(Entity, prefix="prt"):
    name: str
    code: str | None = None
    colour: Colour = Colour.RED
    weight: int | None = None
    hollow: bool = False
    made_at: Timestamp | None = None
    checked: Day | None = None
    place: Place | None = None
    holes: tuple[Hole, ...] = ()
    sold: int = 0
    """A state: no part of what can be given."""


class PartFilter(History):
    code: str | None = None
    colour: Colour | tuple[Colour, ...] | None = None
    weight: int | None = None
    hollow: bool | None = None
    made_since: datetime | None = None
    made_before: datetime | None = None
    checked: date | None = None
    country: tuple[str, ...] | None = None
    q: str | None = None


def first_word(part: Part) -> str:
    return part.name.split()[0]


PARTS = entity_table(
    "parts",
    Part,
    indexed={
        "code": UNIQUE,
        "colour": INDEXED,
        "weight": INDEXED,
        "hollow": INDEXED,
        "made_at": INDEXED,
        "checked": INDEXED,
        "country": Indexed(of="place.country"),
        "first_word": Indexed(of=first_word),
    },
    search=["name", "code", "place.shelf"],
)

Parts = EmbeddedStore[Part, NewPart, PartFilter]
