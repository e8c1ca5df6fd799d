"""The same without chance: the engine dies before and after all that it keeps of an order and of a purchase.

One thing is kept after the other, and the last one comes first: whoever is born again dies at the point
before it, which what is on its way has passed.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field

from tests.crash.callers import callers
from tests.crash.cluster import Cluster
from tests.crash.operators import Operators
from tests.crash.orders import Buyers
from tests.crash.plan import Outcome, Plan
from tests.crash.purchases import Purchasers
from tests.crash.runs import Crowd, judged, open_town, outcome_of
from tests.crash.town import Town

Point = tuple[str, str]
AGAIN = 180
"""Orders and purchases that are so many numbers apart go the same way."""
TRIES = 3
"""How many of them may pass a point without anybody dying there, before it counts as missed."""
LOOKS_AFTER = 0.2
STORIES = (("orders", 0), ("orders", 7), ("purchases", 0), ("purchases", 3))
"""An order that is completed, one that is not paid and undone; a purchase that is paid, one denied."""


@dataclass
class Walk:
    """From one point to the one before."""

    town: Town
    crowd: Crowd
    covered: set[Point] = field(default_factory=set[Point])
    missed: list[Point] = field(default_factory=list[Point])
    told: int = 0
    """How many stories have been told."""

    @property
    def engine(self) -> str:
        """Who dies."""
        return self.town.engines[0]

    async def through(self, kind: str, number: int) -> None:
        """Tell a story once as it is, then until somebody has died at each of its points."""
        self.town.seen.unlink(missing_ok=True)
        self._reborn(None)
        await self._tell(kind, number, [])
        seen = self.town.seen.read_text().splitlines()
        names = [name for name in seen if not name.startswith("write ")]
        points = [(name, when) for name in reversed(names) for when in ("after", "before")]
        points = [point for point in points if point not in self.covered]
        tries = 0
        while points:
            ahead = points[0]
            print(f"{len(points)} points of {kind} like {number} to go: {' '.join(ahead)}", file=sys.stderr)
            if self.town.places[self.engine].dies != ahead:
                self._reborn(ahead)
            await self._tell(kind, number, points)
            tries = tries + 1 if points and points[0] == ahead else 0
            if tries == TRIES:
                self.missed.append(points.pop(0))
                tries = 0

    async def _tell(self, kind: str, number: int, points: list[Point]) -> None:
        """Have one go its way to its end; whoever dies is born again, to die at the next of these points."""
        self.told += 1
        which = range(number + AGAIN * self.told, number + AGAIN * self.told + 1)
        telling = asyncio.ensure_future(self._orders(which) if kind == "orders" else self._purchases(which))
        while not telling.done():
            place = self.town.places[self.engine]
            if not place.is_alive():
                self.town.kill(self.engine)
                if place.dies:
                    self.covered.add(place.dies)
                    points.remove(place.dies)
                self.town.born(self.engine, points[0] if points else None)
            await asyncio.sleep(0.02)
        await telling

    def _orders(self, which: range) -> Awaitable[None]:
        return self._until_ended(self.crowd.buyers, which)

    async def _until_ended(self, buyers: Buyers, which: range) -> None:
        await buyers.buy(which)
        while len(buyers.ended) < len(buyers.accepted):
            await asyncio.sleep(LOOKS_AFTER)
            await buyers.look()

    def _purchases(self, which: range) -> Awaitable[None]:
        return self.crowd.purchasers.bring_home(which)

    def _reborn(self, dies: Point | None) -> None:
        self.town.kill(self.engine)
        self.town.kills -= 1  # it is only to tell it where to die
        self.town.born(self.engine, dies)


async def walk(plan: Plan, town: Town, cluster: Cluster | None = None) -> Outcome:
    """Go through all stories, and see what came of it."""
    began = time.monotonic()
    async with callers(town, plan.seed) as made:
        crowd = Crowd(plan, Buyers(made, plan.seed), Purchasers(made, looks_after=LOOKS_AFTER))
        town.places["erp"].environment["TRIPTYCH_FEED_SECONDS"] = str(LOOKS_AFTER)
        await open_town(plan, town, crowd)
        walking = Walk(town, crowd)
        for kind, number in STORIES:
            await walking.through(kind, number)
        operators = Operators(made, crowd.buyers, crowd.purchasers, town.engines[0])
        await operators.replay_until_all_end()
        missing = await operators.faults_in_the_books()
    verdict = await judged(town, crowd, cluster)
    verdict.lost += [*missing, *town.unexplained]
    verdict.lost += [f"nobody died {when} {point}" for point, when in walking.missed]
    return outcome_of(
        plan,
        crowd,
        town,
        verdict,
        points=len(walking.covered),
        parked=len(operators.parked),
        seconds=time.monotonic() - began,
    )
