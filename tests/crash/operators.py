"""What an operator does after a storm: looks at the dead letters, replays them all, and reads the books."""

import asyncio
import sys
import time

from tests.crash.callers import Callers
from tests.crash.orders import Buyers
from tests.crash.purchases import Purchasers
from triptych.operations.contract import Operations
from triptych.operations.views import LetterFilter, ReplayLetters
from triptych.problems import Problem

PATIENCE = 240.0
"""Seconds within which everything comes to its end."""


class Operators:
    """Over the operations API of one replica."""

    def __init__(self, made: Callers, buyers: Buyers, purchasers: Purchasers, place: str) -> None:
        self._operations = made.client(Operations, place)
        self._buyers = buyers
        self._purchasers = purchasers
        self.parked = set[str]()
        """The ids of all dead letters that there ever were."""

    async def until_all_rest(self) -> None:
        """Wait until every order has ended, or is a dead letter, while the faults go on."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            self.parked |= await self._letters()
            if len(self._buyers.ended) + len(self.parked) >= len(self._buyers.accepted):
                return
            await asyncio.sleep(1)

    async def replay_until_all_end(self) -> None:
        """Replay whatever is dead, all at once, until every order and every purchase has ended."""
        until = time.monotonic() + PATIENCE
        while not self._all_ended() and time.monotonic() < until:
            letters = await self._letters()
            self.parked |= letters
            if letters:
                try:
                    await self._operations.replay_dead_letters(ReplayLetters(ids=tuple(letters)))
                except Problem as problem:
                    print(f"dead letters cannot be replayed now: {problem}", file=sys.stderr)
            await asyncio.sleep(1)

    def _all_ended(self) -> bool:
        return len(self._buyers.ended) >= len(self._buyers.accepted) and self._purchasers.all_rest()

    async def faults_in_the_books(self) -> list[str]:
        """What the platform itself says is nowhere."""
        until = time.monotonic() + 30
        while True:
            balance = await self._operations.balance()
            if (balance.balanced and not balance.missing) or time.monotonic() > until:
                accounts = [] if balance.balanced else [repr(account) for account in balance.accounts]
                return [*accounts, *(f"{missing} is nowhere" for missing in balance.missing)]
            await asyncio.sleep(1)

    async def _letters(self) -> set[str]:
        try:
            return {
                letter.id for letter in (await self._operations.dead_letters(LetterFilter(limit=200))).items
            }
        except Problem as problem:
            print(f"dead letters cannot be seen now: {problem}", file=sys.stderr)
            return set()
