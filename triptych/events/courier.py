"""Delivers events to the services of this process: each once in effect, in the order of each subject."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson

from triptych.context import Caller, Context
from triptych.contract import Happened, Subscription
from triptych.engine.sentence import Patience, is_refusal
from triptych.engine.status import Trouble
from triptych.events.bell import Bell
from triptych.events.deliveries import Claimed, Deliveries
from triptych.problems import NotFound, Problem
from triptych.storage import Event

log = logging.getLogger(__name__)

SECONDS = 30.0
"""How long a subscriber may take for one event."""
LEASE = 60.0
"""Seconds after which a delivery whose courier has not answered for it is another one's."""
AFTER_TROUBLE = 1.0

Tell = Callable[[Subscription, Context, Happened[Any]], Awaitable[None]]
"""Tells a service of one event, across its boundary; raises what the service answers."""


class Courier:
    """The courier of one process. `holder` is its name, which no other running process has."""

    def __init__(
        self,
        deliveries: Deliveries,
        bell: Bell,
        subscriptions: Sequence[Subscription],
        tell: Tell,
        *,
        holder: str,
        patience: Patience,
        at_once: int,
        look_again: float,
    ) -> None:
        self._deliveries = deliveries
        self._bell = bell
        self._known: Mapping[tuple[str, str], Subscription] = {
            (found.subscriber, found.kind.type): found for found in subscriptions
        }
        self._services = sorted({found.service for found in subscriptions})
        self._tell = tell
        self._holder = holder
        self._patience = patience
        self._at_once = at_once
        self._look_again = look_again
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Deliver what is due, until cancelled; what is in hand then goes back at once."""
        try:
            await self._deliveries.release(self._holder)  # what it had in hand when it was killed
            while True:
                heard = self._bell.listen()
                try:
                    await self._take()
                except Problem as problem:
                    log.warning("events wait to be delivered: %s", problem.detail)
                    await asyncio.sleep(AFTER_TROUBLE)
                await self._bell.wait(heard, self._look_again)
        finally:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def give_back(self) -> None:
        """Let other couriers have at once what this one had in hand when it stopped."""
        await self._deliveries.release(self._holder)

    async def _take(self) -> None:
        free = self._at_once - len(self._under_way)
        if free <= 0:
            return  # the end of one of them rings the bell
        for claimed in await self._deliveries.claim(self._services, self._holder, free, LEASE):
            task = asyncio.create_task(self._deliver(claimed), name=f"delivery {claimed.event.id}")
            self._under_way.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._bell.ring()
        if not task.cancelled() and (error := task.exception()) is not None:
            # it stays claimed until its lease is over, and is tried again
            log.warning("%s could not be noted: %s", task.get_name(), error)

    async def _deliver(self, claimed: Claimed) -> None:
        try:
            await self._told(claimed)
        except Exception as error:  # noqa: BLE001 - whatever went wrong is kept beside the delivery
            last = is_refusal(error) or claimed.attempts >= self._patience.attempts
            asked = error.retry_after or 0.0 if isinstance(error, Problem) else 0.0
            again_in = None if last else self._patience.pause(claimed.attempts, asked)
            trouble = Trouble.of(error)
            if last:
                log.error(
                    "event %s for %s is a dead letter: %s", claimed.event.id, claimed.subscriber, trouble
                )
            await self._deliveries.failed(claimed, trouble, again_in)
        else:
            await self._deliveries.done(claimed)

    async def _told(self, claimed: Claimed) -> None:
        event = claimed.event
        subscription = self._known.get((claimed.subscriber, event.type))
        if subscription is None:
            raise NotFound(f"{claimed.subscriber} is told of {event.type} no longer: discard it.")
        context = Context(
            caller=Caller(event.initiator or "events", "events", subscription.service),
            deadline=time.monotonic() + SECONDS,
            idempotency_key=f"{event.id}:{claimed.subscriber}",
            request_id=event.requestid or "",
            traceparent=event.traceparent or "",
        )
        await self._tell(subscription, context, happened(subscription, event))


def happened(subscription: Subscription, event: Event) -> Happened[Any]:
    """The event as the subscriber's method takes it. Raises ValidationError where it is not as declared."""
    data = subscription.kind.data.validate_json(orjson.dumps(event.data))
    return Happened(event.id, event.type, event.subject or event.id, event.time, data)
