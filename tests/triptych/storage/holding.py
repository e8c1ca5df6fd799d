"""A writer that keeps others waiting for as long as a test wants."""

import asyncio

from triptych.storage import Database


async def hold(database: Database, started: asyncio.Event, done: asyncio.Event) -> None:
    """Hold a write transaction open from `started` until `done`."""
    async with database.write():
        started.set()
        await done.wait()
