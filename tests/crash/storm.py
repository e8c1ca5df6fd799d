"""One run: buyers place orders while processes are killed, stopped and robbed of their database."""

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from processes.order_to_fulfillment.contract import OrderState
from tests.crash.books import Verdict, judge, of_vendors
from tests.crash.cluster import Cluster
from tests.crash.operators import Operators
from tests.crash.orders import Buyers, callers
from tests.crash.town import SYSTEMS, UNKIND, VENDORS, Place, Town
from tests.crash.warehouse_books import effects

SERVED = ("order-to-fulfillment", "operations")
"""What runs in each replica of the process API."""
STANDS_STILL = 34.0
"""Seconds for which a replica is stopped: longer than the others wait for it."""
MEETS_ITS_END = 6.0
"""Seconds within which a process may come to the point at which it is to die."""
GROWN_UP = 1.0
"""Seconds after its birth for which a process is left alone, as far as there are others."""


@dataclass(frozen=True)
class Plan:
    """What a run does."""

    orders: int
    kills: int
    seed: int
    replicas: int = 1
    trouble: float = 0.04
    """The share of writes that go wrong in every system."""
    failing: float = 0.0
    """The share of the billing vendor's calls that fail after a second, as long as there are kills."""
    pause: float = 3.0
    """Seconds between two kills at most; they come sooner when the orders come along."""
    restarts: int = 0
    """How often the database is restarted."""
    stops: int = 0
    """How often a replica is stopped, and goes on when others have taken its work."""
    blind: bool = False
    """Whether nothing is looked for before it is repeated, to see that this test would notice."""
    every_point: bool = True
    """Whether a process has to die before and after every checkpoint and write."""
    attempts: int = 30
    """How often a step is tried."""


@dataclass
class Outcome:
    """What came of it."""

    plan: Plan
    accepted: int = 0
    ended: Mapping[OrderState, int] = field(default_factory=dict[OrderState, int])
    parked: int = 0
    kills: int = 0
    points: int = 0
    missed: Sequence[str] = ()
    verdict: Verdict = field(default_factory=Verdict)
    seconds: float = 0.0


class Storm:
    """Kills, and what else befalls the processes of a town."""

    def __init__(self, plan: Plan, town: Town, buyers: Buyers, cluster: Cluster | None) -> None:
        self._plan = plan
        self._buyers = buyers
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
        wanted = self._plan.orders * self._town.kills / max(1, self._plan.kills)
        await asyncio.sleep(self._chance.uniform(0, 0.4))
        while self._buyers.progress() < wanted and time.monotonic() < until:  # noqa: ASYNC110 - it has two sides
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
        now = time.monotonic()
        grown = [one for one in places if now - one.born_at > (MEETS_ITS_END if one.dies else GROWN_UP)]
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
                place in self._town.engines
                if point[0].startswith("checkpoint")
                else point[0].removeprefix("write ").partition(".")[0] in services
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


async def run(plan: Plan, town: Town, cluster: Cluster | None = None) -> Outcome:
    """Do what the plan says, and see what came of it."""
    began = time.monotonic()
    async with callers(town) as made:
        buyers = Buyers(town, made, plan.seed)
        storm = Storm(plan, town, buyers, cluster)
        await _open(plan, town, buyers)
        watching = asyncio.create_task(_watch(plan, town, buyers))
        buying = asyncio.create_task(buyers.buy(range(plan.orders)))
        await storm.rage()
        reviving = asyncio.create_task(storm.revive())
        await buying
        reviving.cancel()
        await asyncio.wait([reviving])
        operators = Operators(made, buyers, town.engines[0])
        if plan.failing:
            await operators.until_all_rest()
        await _finish(town, operators)
        missing = await operators.faults_in_the_books()
        watching.cancel()
        await asyncio.wait([watching])
    ledger = of_vendors(town.ledger())
    for name in (*town.engines, *SYSTEMS):
        if town.places[name].is_alive():
            os.kill(town.places[name].pid, signal.SIGKILL)
    stock, faults = await effects(town, cluster.url if cluster else None)
    verdict = judge(buyers.accepted, buyers.ended, [*ledger, *stock])
    verdict.lost += [*missing, *faults]
    if cluster is None:  # nothing can start while its database does
        verdict.lost += town.unexplained
    counted = {state: list(buyers.ended.values()).count(state) for state in set(buyers.ended.values())}
    missed = [f"{when} {point}" for point, when in storm.missed()]
    return Outcome(
        plan,
        len(buyers.accepted),
        counted,
        len(operators.parked),
        town.kills,
        len(storm.points()) - len(missed),
        missed,
        verdict,
        time.monotonic() - began,
    )


async def _open(plan: Plan, town: Town, buyers: Buyers) -> None:
    names = [*SYSTEMS, *town.engines]
    for name in names:
        town.born(name)
    await asyncio.to_thread(town.until_ready, *names)
    await buyers.open_shop()
    town.seen.unlink()  # what is only done here will not be done again
    town.trouble = plan.trouble
    town.vendors(trouble=plan.trouble, failing=plan.failing)
    for name in SYSTEMS:
        if name not in UNKIND and plan.trouble:  # it begins to misbehave
            town.kill(name)
            town.kills -= 1
            town.born(name)


async def _watch(plan: Plan, town: Town, buyers: Buyers) -> None:
    """Say how far it has come, and look how far the orders have."""
    began = time.monotonic()
    while True:
        await asyncio.sleep(1)
        await buyers.look()
        line = (
            f"{time.monotonic() - began:5.0f} s  kills {town.kills}/{plan.kills}"
            f"  accepted {len(buyers.accepted)}/{plan.orders}  ended {len(buyers.ended)}"
        )
        print(
            f"\r{line}" if sys.stderr.isatty() else line,
            end="" if sys.stderr.isatty() else "\n",
            file=sys.stderr,
        )


async def _finish(town: Town, operators: Operators) -> None:
    """Lift every fault, have every process born again without any, and replay what is dead."""
    town.trouble = 0.0
    town.vendors(trouble=0.0, failing=0.0)
    names = (*town.engines, *SYSTEMS)
    stopped = max(town.places[name].stopped_until for name in names)
    await asyncio.sleep(max(0.0, stopped - time.monotonic()))
    for name in names:
        town.kill(name)
        town.kills -= 1  # it is only to forget its troubles
        town.born(name)
    await asyncio.to_thread(town.until_ready, *names)
    await operators.replay_until_all_end()
