"""Processes that began under a former version, and go on under the sentence of today."""

import logging
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from triptych.engine.database import EngineDatabase
from triptych.engine.durable import Durable
from triptych.engine.histories import History, difference, take_down
from triptych.engine.saga import Saga
from triptych.engine.sentence import wait_named

log = logging.getLogger(__name__)


class Upgrades:
    """Moves processes that wait, where their former version says `upgrade=True`.

    While it waits no run has it, and what is kept of it ends with its wait. If the sentence of today, told
    that, comes to the same wait, then it goes on from there; so nothing is done twice, left out or done in an
    order that neither version has. Who waits elsewhere stays, and is looked at again after its next step.
    """

    def __init__(self, database: EngineDatabase, durable: Durable, sagas: Iterable[Saga[Any]]) -> None:
        self._database = database
        self._durable = durable
        self._today = {flow: saga for saga in sagas for flow in saga.upgrades}
        self._stay: dict[str, set[tuple[str, int]]] = {flow: set() for flow in self._today}
        """Those of each flow that would have come another way, and when they lay down."""

    async def move(self) -> int:
        """Move those that wait at this moment: how many."""
        moved = 0
        for flow, saga in self._today.items():
            for process, since in await self._durable.ask(self._waiting, flow):
                history = await self._durable.ask(take_down, self._durable, self._database, process)
                if differs := await _differs(history, saga):
                    self._stay[flow].add((process, since))
                    log.info("process %s stays with %s: %s", process, flow, differs)
                elif await self._durable.ask(self._move, process, flow, since, saga.flow):
                    moved += 1
                    log.info("process %s, which began under %s, goes on under %s", process, flow, saga.flow)
        return moved

    def _waiting(self, flow: str) -> list[tuple[str, int]]:
        rows = self._database.workflows.c
        lying = sa.select(rows.workflow_uuid, rows.updated_at).where(
            rows.name == flow, rows.status == "DELAYED"
        )
        rows_found = self._database.transact(lambda connection: connection.execute(lying).all())
        found = {(process, since) for process, since in rows_found}
        self._stay[flow] &= found
        return sorted(found - self._stay[flow])

    def _move(self, process: str, flow: str, since: int, today: str) -> bool:
        """Whether it still lay there as it was looked at, and lies under today's sentence now."""
        rows = self._database.workflows.c
        as_seen = rows.workflow_uuid == process, rows.name == flow, rows.status == "DELAYED"
        moving = (
            sa.update(self._database.workflows)
            .where(*as_seen, rows.updated_at == since)
            .values(name=today, queue_name=today)
        )
        return bool(self._database.transact(lambda connection: connection.execute(moving).rowcount))


async def _differs(history: History, saga: Saga[Any]) -> str | None:
    """Why a process that waits cannot go on under this sentence; None where it can."""
    wait = history.records[-1].step if history.records else ""
    if wait_named(saga.sentence, wait) is None:
        return f"its sentence now has no wait named {wait}"
    return await difference(history, saga)
