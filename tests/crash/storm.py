"""Kills, and what else befalls the processes of a town while somebody wants something of them."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable, Sequence

from tests.crash.cluster import Cluster
from tests.crash.plan import Plan
from tests.crash.town import VENDORS, Place, Town

STANDS_STILL = 34.0
"""Seconds for which a replica is stopped: longer than the others wait for it."""
MEETS_ITS_END = 6.0
"""Seconds within which a process may come to the point at which it is to die."""
GROWN_UP = (0.0, 0.5, 1.0, 1.5)
"""Seconds of service for which a process is left alone, as far as there are others."""


class Storm:
    """Kills, and what else befalls the processes of a town."""

    def __init__(
        self, plan: Plan, town: Town, progress: Callable[[], float], cluster: Cluster | None
    ) -> None:
        self._plan = plan
        self._progress = progress
        self._town = town
        self._cluster = cluster
        self._chance = random.Random(plan.seed)
        self._covered = set[tuple[str, str]]()

    def points(self) -> list[tuple[str, str]]:
        """Every point at which a process can be killed on purpose: as far as one has been reached."""
        names = sorted(set(self._town.seen.read_text().split("\n"))) if self._town.seen.exists() else []
        return [(name, when) for name in names if name for when in ("before", "after")]

    def missed(self) -> list[tuple[str, str]]:
        """Those at which no process has died yet, and one should."""
        return (
            []
            if not self._plan.every_point
            else [point for point in self.points() if point not in self._covered]
        )

    async def rage(self) -> None:
        """Kill until there have been enough: on purpose before and after each checkpoint, or anywhere."""
        happenings, most = self._happenings(), int(self._plan.kills * 1.25)
        while self._town.kills < self._plan.kills or (self.missed() and self._town.kills < most):
            await self._meanwhile()
            if self._town.kills in happenings:
                await happenings.pop(self._town.kills)()
            self._strike()
        for happening in happenings.values():
            await happening()

    async def _meanwhile(self) -> None:
        """Wait until the orders have come as far as the kills, or have had their time."""
        until = time.monotonic() + self._plan.pause
        wanted = self._town.kills / max(1, self._plan.kills)
        await asyncio.sleep(self._chance.uniform(0, 0.4))
        while self._progress() < wanted and time.monotonic() < until:  # noqa: ASYNC110 - it has two sides
            await asyncio.sleep(0.05)

    async def revive(self) -> None:
        """Have whoever still dies at a point be born again, until this is cancelled."""
        while True:
            await asyncio.sleep(0.2)
            for place in self._town.places.values():
                if not place.is_alive():
                    self._strike(place)

    def _happenings(self) -> dict[int, Callable[[], asyncio.Future[None]]]:
        """What happens when there have been so many kills."""
        what = [self._restart] * self._plan.restarts + [self._stop] * self._plan.stops
        self._chance.shuffle(what)
        apart = max(1, self._plan.kills // (len(what) + 1))
        return {(number + 1) * apart: happening for number, happening in enumerate(what)}  # pyright: ignore[reportReturnType]

    def _strike(self, fallen: Place | None = None) -> None:
        places = [
            place for place in self._town.places.values() if place.name != VENDORS and not place.stopped_until
        ]
        died = [place for place in places if not place.is_alive()]
        grown = [
            one
            for one in places
            if self._town.grown_up(one.name) > (MEETS_ITS_END if one.dies else self._chance.choice(GROWN_UP))
        ]
        grown = grown or places
        weights = [2 if place.name in self._town.engines else 1 for place in grown]
        victim = fallen or (died[0] if died else self._chance.choices(grown, weights)[0])
        if self._town.kill(victim.name) and victim.dies:
            self._covered.add(victim.dies)
        self._town.born(victim.name, None if fallen else self._next(victim.name, victim.services))

    def _next(self, place: str, services: Sequence[str]) -> tuple[str, str] | None:
        """A point of this process at which none has died yet, mostly."""
        taken = {found.dies for found in self._town.places.values() if found.is_alive()}
        own = [
            point
            for point in self.missed()
            if point not in taken
            and (
                point[0].removeprefix("write ").partition(".")[0] in services
                if point[0].startswith("write ")
                else place in self._town.engines
            )
        ]
        return self._chance.choice(own) if own and self._chance.random() < 0.8 else None

    async def _restart(self) -> None:
        assert self._cluster
        await asyncio.to_thread(self._cluster.restart)

    async def _stop(self) -> None:
        """Have a replica stand still, and let it go on when others have done its work."""
        alive = [self._town.places[name] for name in self._town.engines if self._town.places[name].is_alive()]
        if not alive:
            return
        place = self._chance.choice(alive)
        place.stopped_until = time.monotonic() + STANDS_STILL
        os.kill(place.pid, signal.SIGSTOP)
        asyncio.get_running_loop().call_later(STANDS_STILL, self._goes_on, place.name)

    def _goes_on(self, name: str) -> None:
        place = self._town.places[name]
        if place.is_alive():
            os.kill(place.pid, signal.SIGCONT)
        place.stopped_until = 0.0
