"""What the berths system API promises."""

from triptych.canonical.base import Entity, New
from triptych.contract import Collection, Filter, SystemApi


class NewBerth(New):
    """A berth to be."""

    ship: str


class Berth(NewBerth, Entity, prefix="berth"):
    """Where a ship lies."""


class BerthFilter(Filter):
    """Which berths."""


class Berths(SystemApi, version=1, owner="harbour-master"):
    """Where ships lie."""

    berths: Collection[Berth, NewBerth, BerthFilter]
