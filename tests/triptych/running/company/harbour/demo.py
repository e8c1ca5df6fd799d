"""The demo company: one ship for each unit of scale."""

import asyncio

from triptych.assembly.platform import Platform
from triptych.context import idempotency_key
from triptych.running.front import DemoAccess, DemoClient, DemoUser, Progress
from triptych.settings import Settings

from .berths.contract import Berths, NewBerth


async def seed(platform: Platform, settings: Settings, progress: Progress) -> DemoAccess:
    """Let ships in; the slow ones last, so that a start can be killed half-way."""
    berths = platform.client(Berths)
    ships = int(settings.seed_scale)
    for number in range(ships):
        with idempotency_key(f"seed-{number}"):
            await berths.berths.create(NewBerth(ship=f"ship {number}"))
        progress("ships", number + 1, ships)
        if settings.seed_scale > 10:
            await asyncio.sleep(0.02)
    return DemoAccess(
        clients=[
            DemoClient("captain", ["client_credentials"], ["desk:read", "desk:write"], "partner"),
            DemoClient(
                "window",
                ["authorization_code"],
                ["desk:read"],
                "free",
                redirect_uris=["http://127.0.0.1:9000/"],
                public=True,
            ),
        ],
        users=[DemoUser("mate@example.com", "Mate", ["desk:*"], customer_id="cus_1")],
    )
