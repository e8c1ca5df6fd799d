"""Companies that buy, and may be killed at any time; the next one takes every purchase up where it stands.

Run as a program it forks one for each line `[folder, count]`. One whose purchases are all at their end leaves
a file `ended`.
"""

import asyncio
from pathlib import Path

from tests.killing import fork_for_each_line
from tests.purchasing import Purchasing
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.settings import Settings

SERVICES = {"erp", "warehouse", "procure-to-pay"}
MARK = "KILL"


def quantity(number: int) -> int:
    """So much is bought: every third purchase needs an approval, every ninth two."""
    return (4000 if number % 9 == 0 else 400 if number % 3 == 0 else 40) + number


async def company(folder: Path, count: int) -> None:
    """Bring so many purchases home, all at once."""
    async with Platform(Settings(data=folder, step_delay=0.05), installed(SERVICES)) as platform:
        (folder / "ready").touch()
        buying = await Purchasing(platform, MARK).open()
        await asyncio.gather(*(buying.bring_home(str(number), quantity(number)) for number in range(count)))
    (folder / "ended").touch()


if __name__ == "__main__":
    fork_for_each_line(company)
