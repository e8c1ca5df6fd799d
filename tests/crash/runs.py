"""One run: orders and purchases come in while processes are killed, stopped and robbed of their database."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.crash.books import Verdict, judge, of_vendors
from tests.crash.callers import callers
from tests.crash.cluster import Cluster
from tests.crash.operators import Operators
from tests.crash.orders import Buyers
from tests.crash.plan import Outcome, Plan
from tests.crash.purchase_books import judge_purchases
from tests.crash.purchases import Purchasers
from tests.crash.storm import Storm
from tests.crash.town import SYSTEMS, UNKIND, Town
from tests.crash.warehouse_books import warehouse_books


@dataclass
class Crowd:
    """Those who want something of the town, and are promised it."""

    plan: Plan
    buyers: Buyers
    purchasers: Purchasers

    def progress(self) -> float:
        """Which part of what is planned has come along, what has not ended by half."""
        counted = (self.buyers.accepted, self.buyers.ended, self.purchasers.accepted, self.purchasers.ended)
        return sum(map(len, counted)) / 2 / max(1, self.plan.orders + self.plan.purchases)

    async def open(self) -> None:
        """What both need."""
        await self.buyers.open_shop()
        await self.purchasers.open_office()


async def run(plan: Plan, town: Town, cluster: Cluster | None = None) -> Outcome:
    """Do what the plan says, and see what came of it."""
    began = time.monotonic()
    async with callers(town, plan.seed) as made:
        crowd = Crowd(plan, Buyers(made, plan.seed), Purchasers(made))
        storm = Storm(plan, town, crowd.progress, cluster)
        await open_town(plan, town, crowd)
        watching = asyncio.create_task(_watch(plan, town, crowd))
        buying = asyncio.create_task(crowd.buyers.buy(range(plan.orders)))
        purchasing = asyncio.create_task(crowd.purchasers.bring_home(range(plan.purchases)))
        await storm.rage()
        reviving = asyncio.create_task(storm.revive())
        await buying
        while len(crowd.purchasers.accepted) < plan.purchases and not purchasing.done():  # noqa: ASYNC110 - it ends either way
            await asyncio.sleep(0.2)
        reviving.cancel()
        await asyncio.wait([reviving])
        operators = Operators(made, crowd.buyers, crowd.purchasers, town.engines[0])
        if plan.failing:
            await operators.until_all_rest()
        await _finish(town, operators)
        missing = await operators.faults_in_the_books()
        for task in (watching, purchasing):
            task.cancel()
        await asyncio.wait([watching, purchasing])
    verdict = await judged(town, crowd, cluster)
    verdict.lost += missing
    if cluster is None:  # nothing can start while its database does
        verdict.lost += town.unexplained
    return outcome_of(
        plan,
        crowd,
        town,
        verdict,
        points=len(storm.points()) - len(storm.missed()),
        missed=[f"{when} {point}" for point, when in storm.missed()],
        parked=len(operators.parked),
        seconds=time.monotonic() - began,
    )


def outcome_of(plan: Plan, crowd: Crowd, town: Town, verdict: Verdict, **counted: Any) -> Outcome:
    """What came of all that the crowd wanted."""
    return Outcome(
        plan,
        orders=Counter(str(state) for state in crowd.buyers.ended.values()),
        purchases=Counter(str(state) for state in crowd.purchasers.ended.values()),
        accepted=len(crowd.buyers.accepted),
        bought=len(crowd.purchasers.accepted),
        runs=len(crowd.purchasers.runs),
        kills=town.kills,
        verdict=verdict,
        **counted,
    )


async def judged(town: Town, crowd: Crowd, cluster: Cluster | None) -> Verdict:
    """What the systems' own books say."""
    ledger, buyers, purchasers = town.ledger(), crowd.buyers, crowd.purchasers
    for name in (*town.engines, *SYSTEMS):
        if town.places[name].is_alive():
            os.kill(town.places[name].pid, signal.SIGKILL)
    warehouse = await warehouse_books(town, cluster.url if cluster else None)
    verdict = judge(buyers.accepted, buyers.ended, [*of_vendors(ledger), *warehouse.effects])
    verdict.add(judge_purchases(purchasers.accepted, purchasers.ended, ledger, warehouse.on_hand))
    verdict.lost += [*warehouse.faults, *purchasers.faults]
    return verdict


async def open_town(plan: Plan, town: Town, crowd: Crowd) -> None:
    names = [*SYSTEMS, *town.engines]
    for name in names:
        town.born(name)
    await asyncio.to_thread(town.until_ready, *names)
    await crowd.open()
    town.seen.unlink()  # what is only done here will not be done again
    town.trouble = plan.trouble
    town.vendors(trouble=plan.trouble, failing=plan.failing)
    for name in SYSTEMS:
        if name not in UNKIND and plan.trouble:  # it begins to misbehave
            town.kill(name)
            town.kills -= 1
            town.born(name)


async def _watch(plan: Plan, town: Town, crowd: Crowd) -> None:
    """Say how far it has come, and look how far the orders have."""
    began, buyers, purchasers = time.monotonic(), crowd.buyers, crowd.purchasers
    while True:
        await asyncio.sleep(1)
        await buyers.look()
        line = (
            f"{time.monotonic() - began:5.0f} s  kills {town.kills}/{plan.kills}"
            f"  orders {len(buyers.ended)}/{len(buyers.accepted)}/{plan.orders}"
            f"  purchases {len(purchasers.ended)}/{len(purchasers.accepted)}/{plan.purchases}"
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
