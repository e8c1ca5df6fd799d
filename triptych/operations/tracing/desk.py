"""Finds every process that had to do with something, and tells what each did."""

import re

from triptych.contract import Page
from triptych.engine import ProcessEngine
from triptych.engine.archive import ArchivedProcess
from triptych.engine.calls import read_calls
from triptych.operations.tracing.inquiry import Inquiry
from triptych.operations.tracing.views import Hop, TracedProcess, WhereFilter
from triptych.problems import Unavailable
from triptych.storage.cursors import Cursors

CLOSE = 20
"""Processes found at first, of which what they are about is looked for too."""
AN_ID = re.compile(r"[a-z]{2,8}_[0-9a-z]{26}")
"""What canonical ids look like."""


class TracingDesk:
    """Answers where something is."""

    def __init__(self, engine: ProcessEngine, inquiry: Inquiry, key: bytes) -> None:
        self._engine = engine
        self._inquiry = inquiry
        self._cursors = Cursors(key, "where")

    async def where(self, filter: WhereFilter, *, unmasked: bool) -> Page[TracedProcess]:
        """The processes that had to do with it, by their ids; `unmasked` with personal data.

        Raises InvalidInput for a cursor of another question; Unavailable where nothing is found, and a system
        that may know the name does not answer.
        """
        asked = f"where {filter.term}".encode()
        after = self._cursors.read(filter.cursor, asked)[1] if filter.cursor else ""
        names = await self._names(filter.term.strip())
        found = await self._engine.keeping.found(names, filter.limit + 1, after)
        items, more = await self._engine.keeping.opened(found[: filter.limit]), len(found) > filter.limit
        last = items[-1].status if more and items else None
        cursor = self._cursors.made((last.created, last.id), asked) if last else None
        return Page[TracedProcess](
            items=tuple(_traced(one, unmasked=unmasked) for one in items), next_cursor=cursor
        )

    async def _names(self, term: str) -> list[str]:
        """What to look for: the term, what the systems know under it, and what its processes are about."""
        names = [term]
        first = await self._engine.keeping.found(names, CLOSE)
        if "@" in term or not first:
            known = await self._inquiry.ask(term)
            names += known.ids
            first = await self._engine.keeping.found(names, CLOSE)
            if not first and known.silent:
                services = ", ".join(known.silent)
                raise Unavailable(f"Nothing is noted under this, and {services} cannot be asked now.")
        about = [process.partition(":")[2] for process in first]
        return list(dict.fromkeys([*names, *(one for one in about if AN_ID.fullmatch(one))]))


def _traced(found: ArchivedProcess, *, unmasked: bool) -> TracedProcess:
    status = found.status
    kept = [read_calls(record.calls, unmasked=unmasked) for record in found.records]
    calls = [*kept, *(() for _ in status.timeline[len(kept) :])]  # what is at work has no record yet
    return TracedProcess(
        **{name: getattr(status, name) for name in TracedProcess.model_fields if hasattr(status, name)},
        hops=tuple(Hop(step=step, calls=made) for step, made in zip(status.timeline, calls, strict=False)),
        interventions=found.interventions,
        next=_mends(status.id) if status.phase == "parked" else (),
    )


def _mends(letter: str) -> tuple[str, ...]:
    """How a dead letter goes on: at once where the reason is gone, or with another payload."""
    return (
        f"triptych dead-letters replay {letter}",
        f"triptych dead-letters edit {letter} --set FIELD=VALUE",
    )
