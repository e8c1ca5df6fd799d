"""Dead letters of deliveries: what an operator sees of them, and does about them."""

from datetime import UTC, datetime, timedelta

from triptych.canonical.base import Model, Timestamp
from triptych.engine.status import Trouble
from triptych.events.bell import Bell
from triptych.events.deliveries import State
from triptych.events.delivery_statements import DeliveryStatements
from triptych.problems import InvalidState, NotFound
from triptych.storage import Database, Event
from triptych.storage.queries import Row


class Delivery(Model):
    """One event for one subscriber, as an operator sees it."""

    id: str
    """`evt_…:inventory-availability.note_stock`: also the idempotency key of its effect."""
    subscriber: str
    state: State
    attempts: int
    due: Timestamp
    """When it is tried next, or was tried last."""
    behind: int
    """How many of the same subject wait for it."""
    trouble: Trouble | None = None
    """What the subscriber answered to the last attempt."""
    reason: str | None = None
    """Why it was discarded."""
    event: Event


class DeliveryDesk:
    """Deliveries as an operator has them on the desk: seen, replayed, discarded."""

    def __init__(self, database: Database, bell: Bell) -> None:
        self._database = database
        self._bell = bell
        self._say = DeliveryStatements(database)

    async def list(self, state: State = "dead", limit: int = 50, offset: int = 0) -> tuple[Delivery, ...]:
        """Deliveries in one state, oldest first."""
        rows = await self._database.fetch(self._say.list, the_state=state, how_many=limit, passed=offset)
        return tuple([await self._shown(row) for row in rows])

    async def show(self, id: str) -> Delivery:
        """One of them. Raises NotFound."""
        event, _, subscriber = id.partition(":")
        rows = await self._database.fetch(self._say.one, event_id=event, the_subscriber=subscriber)
        if not rows:
            raise NotFound(f"there is no delivery {id[:200]!r}")
        return await self._shown(rows[0])

    async def replay(self, id: str, delay: float = 0.0) -> Delivery:
        """Have a dead letter delivered again, `delay` seconds from now, under the same idempotency key.

        Raises NotFound; InvalidState when it is not dead.
        """
        return await self._resolved(id, "waiting", None, delay)

    async def discard(self, id: str, reason: str) -> Delivery:
        """Give a dead letter up, and say why; the next one of its subject may go.

        Raises NotFound; InvalidState when it is not dead.
        """
        return await self._resolved(id, "discarded", reason)

    async def _resolved(self, id: str, to: State, reason: str | None, delay: float = 0.0) -> Delivery:
        delivery, (event, subscriber) = await self.show(id), await self._key(id)
        now = datetime.now(UTC)
        async with self._database.write():
            await self._database.only_one(f"subject {delivery.event.subject or delivery.event.id}")
            values = {"the_event": event, "the_subscriber": subscriber, "to": to, "reason": reason}
            ended = now if to == "discarded" else None
            changed = await self._database.fetch(
                self._say.resolve, **values, now=now + timedelta(seconds=delay), ended=ended
            )
            if not changed:
                raise InvalidState(f"delivery {id} is {delivery.state}; only dead letters are resolved")
            if to == "discarded":
                await self._database.fetch(
                    self._say.promote, the_subscriber=subscriber, the_subject=changed[0][0]
                )
            self._database.after_commit(self._bell.ring)
        return await self.show(id)

    async def _key(self, id: str) -> tuple[int, str]:
        event, _, subscriber = id.partition(":")
        rows = await self._database.fetch(self._say.number, event_id=event)
        return rows[0][0], subscriber

    async def _shown(self, row: Row) -> Delivery:
        subscriber, subject, state, attempts, due, trouble, reason, payload = row
        behind = 0
        if state in ("waiting", "dead"):
            rows = await self._database.fetch(
                self._say.behind, the_subscriber=subscriber, the_subject=subject
            )
            behind = rows[0][0]
        event = Event.model_validate_json(payload)
        return Delivery(
            id=f"{event.id}:{subscriber}",
            subscriber=subscriber,
            state=state,
            attempts=attempts,
            due=datetime.fromisoformat(due) if isinstance(due, str) else due,
            behind=behind,
            trouble=Trouble.model_validate_json(trouble) if trouble else None,
            reason=reason,
            event=event,
        )
