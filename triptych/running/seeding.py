"""The first start: fills an empty installation with the demo company, and finishes that if it was cut off."""

import asyncio
import time
from pathlib import Path

from triptych.assembly.discovery import DEMO, single
from triptych.assembly.platform import Platform
from triptych.problems import IdempotencyKeyInFlight
from triptych.running import demo_file
from triptych.running.data_folder import DataFolder
from triptych.running.demo_file import DemoFile
from triptych.running.front import Demo, DemoAccess, Front, Progress
from triptych.settings import Settings

UNFINISHED = "seeding"
"""A file in the data folder as long as seeding is not over."""
HELD = 60.0
"""Seconds that a killed write's key is waited for; its lease is shorter."""


class Seeding:
    """Whether this start has to seed, decided before anything is written; and the seeding."""

    def __init__(self, settings: Settings, folder: DataFolder) -> None:
        self._data: Path = folder.path
        self._due = settings.seed and (folder.empty() or (folder.path / UNFINISHED).exists())

    def begin(self) -> None:
        """Leave a mark, so that a start that is killed from here on is made up for by the next one."""
        if self._due:
            (self._data / UNFINISHED).touch()

    async def run(
        self, platform: Platform, front: Front, settings: Settings, progress: Progress
    ) -> DemoFile | None:
        """Seed if that is due; answers what demo.json says, or None where there is no demo company."""
        if self._due:
            demo: Demo | None = single(DEMO)
            if demo is not None:
                access = await _seeded(demo, platform, settings, progress)
                found = await demo_file.register(access, front, settings.base_url)
                await asyncio.to_thread(demo_file.write, self._data, found)
            await asyncio.to_thread((self._data / UNFINISHED).unlink)
        return await asyncio.to_thread(self._up_to_date, settings.base_url)

    def _up_to_date(self, issuer: str) -> DemoFile | None:
        """demo.json, with the issuer's address as it is today."""
        found = demo_file.read(self._data)
        if found is not None and found.issuer != issuer:
            found = found.model_copy(update={"issuer": issuer})
            demo_file.write(self._data, found)
        return found


async def _seeded(demo: Demo, platform: Platform, settings: Settings, progress: Progress) -> DemoAccess:
    """Seed; again while writes of a start that was killed hold their keys, since seeding repeats safely.

    Such a key is free when its lease ends. Raises IdempotencyKeyInFlight when it is held for longer.
    """
    until = time.monotonic() + HELD
    while True:
        try:
            return await demo.seed(platform, settings, progress)
        except IdempotencyKeyInFlight as problem:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(problem.retry_after or 1.0)
