"""Companies that enter and rename customers, greet them by events, and may be killed at any time.

Run as a program it forks one for each line `[folder, first, last]`. One whose events have all had their
effects ends by itself, and leaves a file `ended`.
"""

import asyncio
import time
from pathlib import Path

from systems.crm.contract import Crm
from systems.support.contract import Support
from tests.killing import fork_for_each_line
from tests.triptych.events.welcome import WelcomeService, greetings
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.canonical.party import CustomerFilter, NewCustomer
from triptych.context import idempotency_key
from triptych.contract import Patch, every
from triptych.settings import Settings

VERSIONS = 3
SECONDS = 60


async def company(folder: Path, first: int, last: int) -> None:
    """Enter these customers and rename each twice; then wait until all that there are were greeted."""
    services = {**installed({"crm", "support"}), "welcome": WelcomeService}
    async with Platform(Settings(data=folder, step_delay=0.05), services) as platform:
        crm, support = platform.client(Crm), platform.client(Support)
        (folder / "ready").touch()
        for number in range(first, last):
            with idempotency_key(f"enter {number}"):
                made = await crm.customers.create(NewCustomer(name=f"Customer {number}"))
            (folder / f"accepted-{number}").touch()
            for version in range(2, VERSIONS + 1):
                patch = Patch[NewCustomer]({"name": f"Customer {number}, {version}"})
                await crm.customers.update(made.id, patch, "*")
        ends = time.monotonic() + SECONDS
        async for customer in every(crm.customers, CustomerFilter(limit=200)):
            while len(await greetings(support, customer.id)) < customer.version:
                assert time.monotonic() < ends, f"{customer.id} is not greeted"
                await asyncio.sleep(0.02)
    (folder / "ended").touch()


if __name__ == "__main__":
    fork_for_each_line(company)
