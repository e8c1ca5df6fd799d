"""Processes that count as running here, and do not.

A run ends without its outcome where the database can take nothing, not even that: its disk is full. Nothing
else looks after its process then before this one is started again.
"""

import logging
import time
from collections.abc import Callable, Collection

import sqlalchemy as sa

from triptych.engine.database import EngineDatabase

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds in which a process that was just taken has to begin."""


class Strays:
    """Finds those of one engine, and puts them back into the queues of their flows."""

    def __init__(
        self,
        database: EngineDatabase,
        executor: str,
        flows: Collection[str],
        runs_here: Callable[[str], bool],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._executor = executor
        self._flows = list(flows)
        self._runs_here = runs_here
        self._now = now
        self._seen: dict[tuple[str, str | None], float] = {}
        """Process and the token of its run, and since when it has been missed."""

    def call_back(self) -> None:
        """Put back who has been missed for long enough. Blocks.

        Should its run begin after all, DBOS refuses what it writes: the run that comes out of the queue has
        another token.
        """
        rows, now = self._database.workflows.c, self._now()
        mine = sa.and_(
            rows.status == "PENDING", rows.executor_id == self._executor, rows.name.in_(self._flows)
        )
        asked = sa.select(rows.workflow_uuid, rows.owner_xid).where(mine)
        running = self._database.transact(lambda connection: connection.execute(asked).all())
        missed = [(process, token) for process, token in running if not self._runs_here(process)]
        self._seen = {one: self._seen.get(one, now) for one in missed}
        for process, token in [one for one, since in self._seen.items() if now - since >= PATIENCE]:
            back = (
                sa.update(self._database.workflows)
                .where(rows.workflow_uuid == process, rows.owner_xid.is_not_distinct_from(token), mine)
                .values(status="ENQUEUED", owner_xid=None, started_at_epoch_ms=None, queue_name=rows.name)
            )
            self._database.transact(lambda connection, say=back: connection.execute(say))
            log.warning("process %s ended without an outcome, and goes on from its last record", process)
