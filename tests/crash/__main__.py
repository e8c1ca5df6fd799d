"""Orders and purchases, while processes are killed with -9; what was lost or done twice is counted.

The exit code is 1 when anything was lost, done twice or out of order, or when nothing was killed.
"""

import argparse
import asyncio
import secrets
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from tests.crash.checkpoints import walk
from tests.crash.cluster import Cluster
from tests.crash.plan import SERVED, Outcome, Plan
from tests.crash.runs import run
from tests.crash.town import Town

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Data lies in memory where it can: processes are killed here, the machine is not."""
SHOWN = 20
"""Faults of each kind that are named."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it as the arguments say, and answer the exit code."""
    told = _parser().parse_args(arguments)
    databases = 2 if told.database == "both" else 1
    plan = Plan(
        orders=told.orders // databases,
        purchases=(told.orders // 5 if told.purchases is None else told.purchases) // databases,
        kills=told.kills // databases,
        every_point=bool(told.kills),
        seed=told.seed,
        trouble=told.trouble,
        failing=told.failing,
        blind=told.blind,
        attempts=told.attempts,
    )
    if told.checkpoints:
        plan = replace(plan, orders=0, purchases=0, kills=0, trouble=0.0)
    outcomes: list[Outcome] = []
    if told.database in ("sqlite", "both"):
        print(f"SQLite, one replica, seed {plan.seed}", flush=True)
        outcomes.append(_run(plan, told.keep, checkpoints=told.checkpoints))
        _print(outcomes[-1])
    if told.database in ("postgresql", "both"):
        replicas = 1 if told.checkpoints else told.replicas
        print(f"PostgreSQL, {replicas} replicas, seed {plan.seed}", flush=True)
        shared = replace(plan, replicas=replicas, restarts=told.restarts, stops=told.stops)
        outcomes.append(_run(shared, told.keep, checkpoints=told.checkpoints, postgresql=True))
        _print(outcomes[-1])
    good = all(outcome.verdict.good for outcome in outcomes)
    print("nothing was lost" if good else f"FAILED; the same again: --seed {plan.seed}")
    return 0 if good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make crash-test", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="over all databases (default 200)")
    parser.add_argument("--orders", type=int, default=1000, help="over all databases (default 1000)")
    parser.add_argument("--purchases", type=int, help="over all databases (default a fifth of the orders)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="of all chance")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument(
        "--replicas", type=int, default=3, help="of the process API, on PostgreSQL (default 3)"
    )
    parser.add_argument("--restarts", type=int, default=3, help="of PostgreSQL (default 3)")
    parser.add_argument(
        "--stops", type=int, default=2, help="SIGSTOPs of a replica, on PostgreSQL (default 2)"
    )
    parser.add_argument(
        "--trouble", type=float, default=0.04, help="share of writes that go wrong (default 0.04)"
    )
    parser.add_argument(
        "--failing", type=float, default=0.0, help="share of billing's calls that fail after 1 s"
    )
    parser.add_argument("--attempts", type=int, default=30, help="of each step (default 30)")
    parser.add_argument(
        "--checkpoints",
        action="store_true",
        help="no chance: the engine dies before and after all that it keeps of an order and a purchase",
    )
    parser.add_argument("--blind", action="store_true", help="repeat without looking: it has to fail")
    parser.add_argument("--keep", type=Path, help="folder for data and logs, which stays")
    return parser


def _run(plan: Plan, keep: Path | None, *, checkpoints: bool, postgresql: bool = False) -> Outcome:
    processes = {f"replica-{number + 1}": SERVED for number in range(plan.replicas)}
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster()) if postgresql else None
        if keep:
            folder = keep / ("postgresql" if postgresql else "sqlite")
        else:
            folder = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="triptych-crash-", dir=MEMORY))
            )
        url = cluster.url if cluster else None
        town = Town(
            folder, processes, seed=plan.seed, attempts=plan.attempts, database_url=url, blind=plan.blind
        )
        stack.enter_context(town)
        return asyncio.run((walk if checkpoints else run)(plan, town, cluster))


def _print(outcome: Outcome) -> None:
    verdict = outcome.verdict
    orders, bought = outcome.orders, outcome.purchases
    rows = {
        "kills": f"{outcome.kills}, at {outcome.points} points: before and after checkpoints and writes",
        "accepted": f"{outcome.accepted} orders, {outcome.bought} purchases",
        "ended": f"{sum(orders.values())} orders ({_ends(orders)}), "
        f"{sum(bought.values())} purchases ({_ends(bought)}) over {outcome.runs} payment runs",
        "parked": f"{outcome.parked}, replayed",
        "effects": verdict.effects,
        "lost": len(verdict.lost),
        "duplicated": len(verdict.duplicated),
        "wrong order": len(verdict.wrong_order),
        "seconds": round(outcome.seconds),
    }
    for what, found in rows.items():
        print(f"  {what:12} {found}")
    faults = {"lost": verdict.lost, "duplicated": verdict.duplicated, "wrong order": verdict.wrong_order}
    faults["nobody died"] = list(outcome.missed)
    for kind, found in faults.items():
        for fault in found[:SHOWN]:
            print(f"  {kind}: {fault}")
    sys.stdout.flush()


def _ends(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(counted.items())) or "none"


if __name__ == "__main__":
    sys.exit(main())
