"""How the operations API keeps its promise: over the engine, and every other source of dead letters."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from triptych.context import current
from triptych.contract import Page
from triptych.engine import ProcessEngine
from triptych.engine.archive import AT_ONCE, ArchivedProcess
from triptych.engine.letters import DeadLetter, LetterQuery
from triptych.events.letters import DeliveryLetters
from triptych.events.log import EventLog
from triptych.operations.alerts.desk import AlertDesk, watch_of
from triptych.operations.alerts.measuring import Measures
from triptych.operations.alerts.views import (
    AlertList,
    AlertTest,
    AlertTested,
    NewSilence,
    SilenceList,
    SilenceView,
)
from triptych.operations.contract import Operations
from triptych.operations.deeds import Deeds
from triptych.operations.sources import LetterSource
from triptych.operations.tracing.desk import TracingDesk
from triptych.operations.tracing.inquiry import Inquiry
from triptych.operations.tracing.views import TracedProcess, WhereFilter
from triptych.operations.views import (
    Archived,
    ArchiveFilter,
    ArchiveProcesses,
    Balance,
    DiscardLetter,
    Edited,
    EditLetter,
    LetterDetail,
    LetterFilter,
    NotReplayed,
    OutlineList,
    Payload,
    Replayed,
    ReplayLetters,
    VersionList,
)
from triptych.operations.vitals import Vitals
from triptych.problems import NotFound, Problem
from triptych.secrets import Secrets
from triptych.settings import Settings
from triptych.storage import Database
from triptych.storage.cursors import Cursors

MIGRATIONS = Path(__file__).parent / "migrations"
T = TypeVar("T")


class OperationsService(Operations):
    """What operators do; each change is told to the audit log, with who made it."""

    def __init__(
        self,
        engine: ProcessEngine,
        log: EventLog,
        database: Database,
        settings: Settings,
        secrets: Secrets,
        deeds: Deeds,
        vitals: Vitals,
        inquiry: Inquiry,
    ) -> None:
        self._engine = engine
        self._deliveries = DeliveryLetters(log)
        self._deeds = deeds
        self._cursors = Cursors(secrets.key("cursors"), "dead letters")
        self._watch = watch_of(settings, Measures(engine, lambda: self._sources, vitals), database)
        self._alerts = AlertDesk(self._watch)
        self._tracing = TracingDesk(engine, inquiry, secrets.key("cursors"))
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._running.enter_async_context(self._watch.running())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._running.aclose()

    async def dead_letters(self, filter: LetterFilter) -> Page[DeadLetter]:
        asked = filter.query.model_dump_json().encode()
        after = _second(self._cursors.read(filter.cursor, asked)) if filter.cursor else None
        found = await self._find(filter.query, filter.limit + 1, after)
        items, more = found[: filter.limit], len(found) > filter.limit
        cursor = self._cursors.made((items[-1].died, items[-1].id), asked) if more else None
        return Page[DeadLetter](items=tuple(items), next_cursor=cursor)

    async def dead_letter(self, letter_id: str) -> LetterDetail:
        found = await self._first(lambda source: source.show(letter_id))
        return LetterDetail(
            letter=found.letter,
            state=found.state,
            timeline=found.timeline,
            interventions=found.interventions,
        )

    async def payload(self, letter_id: str) -> Payload:
        found = await self._first(lambda source: source.show(letter_id))
        return Payload(payload=found.payload)

    async def edit_dead_letter(self, letter_id: str, edit: EditLetter) -> Edited:
        changes = await self._first(
            lambda source: source.edit(letter_id, edit.patch, edit.reason, dry_run=edit.dry_run)
        )
        if changes and not edit.dry_run:
            # where, and not what: the values are with the letter, and may be somebody's own
            places = " ".join(change.pointer for change in changes)
            await self._note("dead-letter-edited", letter_id, changed=places, reason=edit.reason)
        return Edited(changes=changes)

    async def replay_dead_letter(self, letter_id: str) -> Replayed:
        await self._first(lambda source: source.replay(letter_id))
        await self._note("dead-letter-replayed", letter_id)
        return Replayed(ids=(letter_id,), remaining=await self._count(LetterQuery()))

    async def discard_dead_letter(self, letter_id: str, discard: DiscardLetter) -> Balance:
        await self._first(lambda source: source.discard(letter_id, discard.reason, undo=discard.undo))
        await self._note("dead-letter-discarded", letter_id, reason=discard.reason, undone=discard.undo)
        return await self.balance()

    async def replay_dead_letters(self, which: ReplayLetters) -> Replayed:
        ids = which.ids
        if ids is None:
            ids = tuple(letter.id for letter in await self._find(which.query, which.limit))
        refused: list[NotReplayed] = []
        replayed: list[str] = []
        for letter_id in ids[: which.limit]:
            delay = len(replayed) / which.per_second if which.per_second else 0.0
            try:
                await self._replay(letter_id, delay, dry_run=which.dry_run)
                replayed.append(letter_id)
            except Problem as problem:
                refused.append(NotReplayed(id=letter_id, reason=problem.detail))
        remaining = await self._count(which.query)
        return Replayed(ids=tuple(replayed), refused=tuple(refused), remaining=remaining)

    async def balance(self) -> Balance:
        accounts = tuple(await self._engine.accounts())
        missing = tuple(await self._engine.missing())
        balanced = not missing and all(account.missing == 0 for account in accounts)
        return Balance(balanced=balanced, accounts=accounts, missing=missing)

    async def archive_processes(self, which: ArchiveProcesses) -> Archived:
        archived = await self._engine.keeping.put_away(which.days)
        if archived:
            await self._note("processes-archived", "", days=which.days, archived=archived)
        return Archived(archived=archived, more=archived == AT_ONCE)

    async def archive(self, filter: ArchiveFilter) -> Page[ArchivedProcess]:
        asked = f"archive {filter.month:%Y-%m}".encode()
        after = self._cursors.read(filter.cursor, asked)[1] if filter.cursor else ""
        found = await self._engine.keeping.archived(filter.month, filter.limit + 1, after)
        items, more = found[: filter.limit], len(found) > filter.limit
        last = items[-1].status if more else None
        cursor = self._cursors.made((last.updated, last.id), asked) if last else None
        return Page[ArchivedProcess](items=tuple(items), next_cursor=cursor)

    async def where(self, filter: WhereFilter) -> Page[TracedProcess]:
        return await self._tracing.where(filter, unmasked=False)

    async def where_unmasked(self, filter: WhereFilter) -> Page[TracedProcess]:
        return await self._tracing.where(filter, unmasked=True)

    async def versions(self) -> VersionList:
        return VersionList(items=tuple(await self._engine.versions()))

    async def outlines(self) -> OutlineList:
        return OutlineList(items=tuple(await self._engine.keeping.outlines()))

    # --- alerts ---

    async def alerts(self) -> AlertList:
        return await self._alerts.alerts()

    async def silences(self) -> SilenceList:
        return await self._alerts.silences()

    async def silence_alerts(self, silence: NewSilence) -> SilenceView:
        made = await self._alerts.silence(silence, current().caller.subject)
        facts = {"rule": made.rule, "about": made.about, "until": made.until, "reason": made.reason}
        await self._note("alerts-silenced", made.id, **facts)
        return made

    async def end_silence(self, silence_id: str) -> None:
        await self._alerts.unsilence(silence_id)
        await self._note("silence-ended", silence_id)

    async def test_alerts(self, test: AlertTest) -> AlertTested:
        return await self._alerts.test(test)

    # --- with which ---

    @property
    def _sources(self) -> Sequence[LetterSource]:
        """Every source of dead letters, once the engine has started."""
        return (self._deliveries, self._engine.letters)

    async def _find(
        self, query: LetterQuery, limit: int, after: tuple[float, str] | None = None
    ) -> list[DeadLetter]:
        found = [letter for source in self._sources for letter in await source.find(query, limit, after)]
        return sorted(found, key=lambda letter: (letter.died, letter.id))[:limit]

    async def _count(self, query: LetterQuery) -> int:
        return sum([(await source.count(query))[0] for source in self._sources])

    async def _replay(self, letter_id: str, delay: float, *, dry_run: bool) -> None:
        if dry_run:
            await self._first(lambda source: source.show(letter_id))
            return
        await self._first(lambda source: source.replay(letter_id, delay))
        await self._note("dead-letter-replayed", letter_id)

    async def _first(self, ask: Callable[[LetterSource], Awaitable[T]]) -> T:
        """What the source answers whose letter it is. Raises NotFound where it is nobody's."""
        unknown = NotFound("There are no dead letters here.")
        for source in self._sources:
            try:
                return await ask(source)
            except NotFound as error:
                unknown = error
        raise unknown

    async def _note(self, event: str, what: str, **facts: Any) -> None:
        caller = current().caller
        await self._deeds(
            f"operations.{event}", subject=caller.subject, client=caller.client, object=what, **facts
        )


def _second(place: tuple[datetime, str]) -> tuple[float, str]:
    return place[0].astimezone(UTC).timestamp(), place[1]
