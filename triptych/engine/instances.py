"""The processes of one saga, as a contract offers them: `Instances` over the engine."""

from collections.abc import AsyncIterator
from typing import Generic, TypeVar

from triptych.contract.progress import Asked, Instance
from triptych.engine.saga import Saga
from triptych.engine.shown import told
from triptych.engine.status import ProcessStatus
from triptych.problems import Conflict

S = TypeVar("S", bound=Asked)


class Carried(Generic[S]):
    """Implements `triptych.contract.Instances` for a saga whose state is what was asked, and what steps add.

    Steps add to the state; they do not change what was asked, by which a repeat is told from another wish.
    """

    def __init__(self, saga: Saga[S]) -> None:
        self._saga = saga

    async def begin(self, new: Asked) -> Instance[S]:
        asked = new.model_dump()
        found = self._shown(await self._saga.start(new.id, self._saga.state_type.model_validate(asked)))
        if type(new).model_validate(found.data.model_dump(include=set(asked))) != new:
            raise Conflict(f"{new.id} was begun for something else before; it goes on as it was begun.")
        return found

    async def get(self, id: str) -> Instance[S]:
        return self._shown(await self._saga.status(id))

    async def follow(self, id: str, last_event_id: str = "") -> AsyncIterator[Instance[S]]:
        async for status in self._saga.follow(id):
            if str((found := self._shown(status)).event_id) != last_event_id:
                yield found

    async def cancel(self, id: str) -> Instance[S]:
        return self._shown(await self._saga.cancel(id))

    def _shown(self, status: ProcessStatus) -> Instance[S]:
        data = self._saga.read(status)
        return Instance[self._saga.state_type](**told(status, str), phase=status.phase, data=data)
