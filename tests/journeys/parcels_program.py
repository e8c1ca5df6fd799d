"""A company that sends orders in parts and takes goods back, to be killed at any moment and started again.

Each act has an idempotency key of its own, so whoever is started again does what it did before, and goes on.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from tests.journeys.parts import ENDS, Depot, Here
from tests.journeys.test_in_parts import Patient, hasty
from triptych.context import Context, entered
from triptych.problems import IdempotencyKeyInFlight

T = TypeVar("T")


async def act(key: str, do: Callable[[], Awaitable[T]]) -> T:
    """Do it under this key, once whoever was killed while doing it has lost its claim."""
    while True:
        with entered(Context(idempotency_key=key)), suppress(IdempotencyKeyInFlight):
            return await do()
        await asyncio.sleep(0.2)


async def main(folder: Path, orders: int) -> None:
    """Have each order come to its end, and half of it come back."""
    async with hasty(folder / "data", Patient) as platform:
        depot = Depot(Here(platform))
        opened = folder / "depot.json"
        if opened.exists():
            depot.__dict__.update(json.loads(opened.read_text()))
        else:
            await depot.open(tea=0, cups=0)
            names = ("tea", "cup", "customer_id", "location_id")
            half = folder / f"depot.{uuid4()}"
            half.write_text(json.dumps({name: depot.__dict__[name] for name in names}))
            half.rename(opened)
        (folder / "ready").touch()
        await asyncio.gather(*(life(depot, folder, number) for number in range(orders)))
    (folder / "done").touch()


async def life(depot: Depot, folder: Path, number: int) -> None:
    """One order: four teas, of which two are there at first, and of which two come back."""
    await act(f"first-{number}", lambda: depot.comes(depot.tea, 2))
    order = await act(f"order-{number}", lambda: depot.order(tea=4))
    (folder / f"order-{number}").write_text(order.id)
    await act(f"rest-{number}", lambda: depot.comes(depot.tea, 2))
    await depot.until(order, lambda now: now.status in ENDS)
    asked = await act(f"return-{number}", lambda: depot.asks(order, tea=2))
    if asked.status not in ENDS:
        await act(f"settle-{number}", lambda: depot.settled(asked, good=1))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
