"""What the desk promises."""

from collections.abc import AsyncIterator

from triptych.canonical.base import Model
from triptych.contract import ExperienceApi, get, post
from triptych.problems import NotFound


class Berthed(Model):
    """The ships that lie here."""

    ships: tuple[str, ...]


class Desk(ExperienceApi, version=1, owner="harbour-master"):
    """What a ship's captain asks."""

    @get("/ships")
    async def ships(self) -> Berthed:
        """The ships that lie here."""
        ...

    @post("/ships/{ship}", status=201)
    async def arrive(self, ship: str) -> Berthed:
        """A ship comes in."""
        ...

    @get("/tide", scope="")
    async def tide(self, seconds: float = 0.0) -> Berthed:
        """Wait for the tide."""
        ...

    @get("/horn", scope="")
    def horn(self) -> AsyncIterator[Berthed]:
        """Hear of ships until you hang up."""
        ...

    @get("/wreck", scope="", raises=[NotFound])
    async def wreck(self, how: str) -> Berthed:
        """Fail: with a problem (`lost`), or in a way that nobody foresaw."""
        ...
