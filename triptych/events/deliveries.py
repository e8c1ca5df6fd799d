"""What is to be delivered to whom: claimed by one courier at a time, in the order of each subject."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Literal
from uuid import uuid4

from triptych.engine.status import Trouble
from triptych.events.bell import Bell
from triptych.events.delivery_statements import DeliveryStatements
from triptych.storage import Database, Event

State = Literal["waiting", "behind", "dead", "done", "discarded"]
"""`waiting` for its turn or the next attempt; `behind` an earlier one of its subject; `dead` until an
operator replays or discards it; then `done` or `discarded`."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process has in hand."""

    number: int
    subscriber: str
    claim: str
    attempts: int
    """Which attempt this is, from 1."""
    event: Event


class Deliveries:
    """Deliveries in the events' database."""

    def __init__(self, database: Database, bell: Bell) -> None:
        self._database = database
        self._bell = bell
        self._say = DeliveryStatements(database)

    async def claim(self, services: Sequence[str], holder: str, most: int, lease: float) -> list[Claimed]:
        """Take up to so many that are due, oldest first, for `lease` seconds; each the first of its subject.

        Looks before it writes: whoever asks in vain takes no lock.
        """
        found: list[Claimed] = []
        for service in services:
            now = datetime.now(UTC)
            asked = {"the_service": service, "now": now, "how_many": most - len(found)}
            if len(found) >= most or not await self._database.fetch(
                self._say.due, **{**asked, "how_many": 1}
            ):
                continue
            lasts, claim = now + timedelta(seconds=lease), uuid4().hex
            async with self._database.write():
                taken = await self._database.fetch(
                    self._say.claim, **asked, the_claim=claim, the_holder=holder, lasts=lasts
                )
                for event, subscriber, attempts in sorted(taken, key=itemgetter(0)):
                    rows = await self._database.fetch(self._say.payload, number=event)
                    told = Event.model_validate_json(rows[0][0])
                    found.append(Claimed(event, subscriber, claim, attempts, told))
        return found

    async def done(self, claimed: Claimed) -> None:
        """It has had its effect: the next one of its subject may go."""
        await self._end(claimed, "done")

    async def failed(self, claimed: Claimed, trouble: Trouble, again_in: float | None) -> None:
        """It was not taken: it is due again in so many seconds, or is a dead letter if that is None."""
        now = datetime.now(UTC)
        async with self._database.write():
            await self._database.fetch(
                self._say.fail,
                the_event=claimed.number,
                the_subscriber=claimed.subscriber,
                the_claim=claimed.claim,
                to="dead" if again_in is None else "waiting",
                due=now + timedelta(seconds=again_in or 0.0),
                trouble=trouble.model_dump_json(),
            )

    async def release(self, holder: str) -> int:
        """Give back what a process of that name had in hand when it ended. Answers how many those were."""
        async with self._database.write():
            return len(await self._database.fetch(self._say.release, the_holder=holder))

    async def counts(self) -> dict[str, dict[State, int]]:
        """How many deliveries each subscriber has in each state, of those that are still kept."""
        found: dict[str, dict[State, int]] = {}
        for subscriber, state, count in await self._database.fetch(self._say.count):
            found.setdefault(subscriber, {})[state] = count
        return found

    async def _end(self, claimed: Claimed, to: State) -> None:
        subject = claimed.event.subject or claimed.event.id
        async with self._database.write():
            await self._database.only_one(f"subject {subject}")
            ended = await self._database.fetch(
                self._say.finish,
                the_event=claimed.number,
                the_subscriber=claimed.subscriber,
                the_claim=claimed.claim,
                to=to,
                now=datetime.now(UTC),
            )
            if ended:  # else its lease was over, and another courier has it
                await self._database.fetch(
                    self._say.promote, the_subscriber=claimed.subscriber, the_subject=subject
                )
            self._database.after_commit(self._bell.ring)
