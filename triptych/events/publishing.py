"""How a service tells of what happened: one line in the transaction that made it happen."""

from typing import Any, TypeVar

from triptych.canonical.base import Model
from triptych.context import current
from triptych.contract import Api, EventType
from triptych.events.feeds import Changing, Watched
from triptych.ids import fixed_id
from triptych.storage import Database, Event

M = TypeVar("M", bound=Model)


class Events:
    """The events of one service, to be asked for in its constructor: `events: Events`.

    With `foreign` the service stands on another system, where things change behind our back: its stores are
    watched, and what is found there is what is told.
    """

    def __init__(self, api: type[Api], database: Database, *, foreign: bool = False) -> None:
        self._api = api.promised()
        self._database = database
        self.foreign = foreign
        self.watched: list[Watched] = []

    def watch(self, store: Changing, **kinds: Any) -> None:
        """Have a store of another system watched, and these events made of its changes."""
        self.watched.append(Watched(store, self._api.base_path(), **kinds))

    async def publish(self, kind: EventType[M], data: M) -> Event:
        """Tell of something: `await self._events.publish(Erp.order_confirmed, order)`.

        Within a write transaction of the service the event is told if and only if that commits. Where the
        effect was in another system, the event is written by itself, under an id made of the idempotency
        key: a repeat of the call then tells of it once.
        Raises TypeError when the contract of the service does not declare the event.
        """
        if kind.api is not self._api:
            raise TypeError(f"{kind.type} is declared by {kind.api.name}, so {self._api.name} cannot tell it")
        if self._database.writing:
            return await self._database.emit(self._event(kind, data))
        key = current().derived_key(kind.type)
        event = self._event(kind, data)
        if key is not None:
            event = event.model_copy(update={"id": fixed_id("evt", self._api.name, key)})
        async with self._database.write():
            return await self._database.emit(event)

    def _event(self, kind: EventType[M], data: M) -> Event:
        here = current()
        return Event(
            type=kind.type,
            source=self._api.base_path(),
            subject=kind.subject_of(data),
            customer=kind.customer_of(data),
            initiator=here.caller.subject or None,
            requestid=here.request_id or None,
            traceparent=here.traceparent or None,
            data=data.model_dump(mode="json"),
        )
