"""How the desk keeps its promise."""

import asyncio
from collections.abc import AsyncIterator

from triptych.problems import NotFound

from ..berths.contract import BerthFilter, Berths, NewBerth
from .contract import Berthed, Desk


class DeskService(Desk):
    """Asks the berths."""

    def __init__(self, berths: Berths) -> None:
        self._berths = berths

    async def ships(self) -> Berthed:
        page = await self._berths.berths.find(BerthFilter(limit=200))
        return Berthed(ships=tuple(berth.ship for berth in page.items))

    async def arrive(self, ship: str) -> Berthed:
        await self._berths.berths.create(NewBerth(ship=ship))
        return await self.ships()

    async def tide(self, seconds: float = 0.0) -> Berthed:
        await asyncio.sleep(seconds)
        return Berthed(ships=())

    async def horn(self) -> AsyncIterator[Berthed]:
        yield await self.ships()
        await asyncio.Event().wait()

    async def wreck(self, how: str) -> Berthed:
        if how == "lost":
            raise NotFound("There is no wreck here.")
        raise ValueError("captain@example.com hit a rock")
