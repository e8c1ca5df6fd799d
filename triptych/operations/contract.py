"""What the operations API promises."""

from typing import Annotated

from fastapi import Body, Path, Query

from triptych.contract import ExperienceApi, Page, delete, get, post
from triptych.engine.archive import ArchivedProcess
from triptych.engine.letters import DeadLetter
from triptych.operations.alerts.views import (
    AlertList,
    AlertTest,
    AlertTested,
    NewSilence,
    SilenceList,
    SilenceView,
)
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
    OutlineList,
    Payload,
    Replayed,
    ReplayLetters,
    VersionList,
)
from triptych.problems import InvalidInput, InvalidState, NotFound

READ, WRITE, REPLAY, PAYLOADS = "operations:read", "operations:write", "operations:replay", "pii:read"
Silence = Annotated[str, Path(max_length=64, description="The silence's id, `sil_…`.")]
Letter = Annotated[str, Path(max_length=300, description="The dead letter's id.")]


class Operations(ExperienceApi, version=1, owner="platform"):
    """For those who keep the installation running: what got stuck, what is missing, and what is alarming.

    `operations:read` sees, `operations:replay` has dead letters go on, `operations:write` mends and discards
    them and silences alerts; their payloads, which may hold personal data, ask for `pii:read`. Who did what
    is kept with the letter and in the audit log. Everything here can be repeated, so nothing takes an
    Idempotency-Key: what was done already is refused as a conflict, or changes nothing.
    """

    @get("/dead-letters", scope=READ)
    async def dead_letters(self, filter: Annotated[LetterFilter, Query()]) -> Page[DeadLetter]:
        """What used up its attempts and waits for an operator, oldest first."""
        ...

    @get("/dead-letters/{letter_id}", scope=READ, raises=[NotFound])
    async def dead_letter(self, letter_id: Letter) -> LetterDetail:
        """One dead letter: what was done before, where it died, and what operators did."""
        ...

    @get("/dead-letters/{letter_id}/payload", scope=PAYLOADS, raises=[NotFound])
    async def payload(self, letter_id: Letter) -> Payload:
        """What it goes on with."""
        ...

    @post(
        "/dead-letters/{letter_id}/edit",
        scope=WRITE,
        keyed=False,
        raises=[NotFound, InvalidInput, InvalidState],
    )
    async def edit_dead_letter(self, letter_id: Letter, edit: Annotated[EditLetter, Body()]) -> Edited:
        """Mend its payload; what its process could not have is refused, with a pointer. Answers the diff."""
        ...

    @post("/dead-letters/{letter_id}/replay", scope=REPLAY, keyed=False, raises=[NotFound, InvalidState])
    async def replay_dead_letter(self, letter_id: Letter) -> Replayed:
        """Have it go on from the step that failed, under the idempotency keys that it had."""
        ...

    @post("/dead-letters/{letter_id}/discard", scope=WRITE, keyed=False, raises=[NotFound, InvalidState])
    async def discard_dead_letter(
        self, letter_id: Letter, discard: Annotated[DiscardLetter, Body()]
    ) -> Balance:
        """Give it up, with a reason. Also for what is missing in the books."""
        ...

    @post("/dead-letters/replay", scope=REPLAY, keyed=False, timeout=60)
    async def replay_dead_letters(self, which: Annotated[ReplayLetters, Body()]) -> Replayed:
        """Have many go on, at a rate; or tell which ones that would be."""
        ...

    @get("/balance", scope=READ)
    async def balance(self) -> Balance:
        """Whether everything that came in is done, dead, filtered out or running."""
        ...

    @post("/archive", scope=WRITE, keyed=False, timeout=60)
    async def archive_processes(self, which: Annotated[ArchiveProcesses, Body()]) -> Archived:
        """Archive processes that have long been over: some of them; ask again while there are more."""
        ...

    @get("/archive", scope=PAYLOADS, raises=[InvalidInput])
    async def archive(self, filter: Annotated[ArchiveFilter, Query()]) -> Page[ArchivedProcess]:
        """What became of the processes that ended in a month, and were archived since."""
        ...

    @get("/where", scope=READ, raises=[InvalidInput])
    async def where(self, filter: Annotated[WhereFilter, Query()]) -> Page[TracedProcess]:
        """Every process that had to do with an order, a person or a vendor's record, step by step.

        With what each step asked and was answered; personal data is `***`.
        """
        ...

    @get("/where/unmasked", scope=PAYLOADS, raises=[InvalidInput])
    async def where_unmasked(self, filter: Annotated[WhereFilter, Query()]) -> Page[TracedProcess]:
        """The same with personal data."""
        ...

    @get("/versions", scope=READ)
    async def versions(self) -> VersionList:
        """Which versions of processes are followed, and which replicas have their code."""
        ...

    @get("/outlines", scope=READ)
    async def outlines(self) -> OutlineList:
        """What is done in each kind of process, line by line, and as a Mermaid diagram."""
        ...

    @get("/alerts", scope=READ)
    async def alerts(self) -> AlertList:
        """What holds now and should not, and what is still to be told of it."""
        ...

    @get("/alerts/silences", scope=READ)
    async def silences(self) -> SilenceList:
        """Of what nobody is told at the moment."""
        ...

    @post("/alerts/silences", scope=WRITE, status=201, keyed=False)
    async def silence_alerts(self, silence: Annotated[NewSilence, Body()]) -> SilenceView:
        """Tell nobody of some alerts for a while. What still holds then is told."""
        ...

    @delete("/alerts/silences/{silence_id}", scope=WRITE, status=204, raises=[NotFound])
    async def end_silence(self, silence_id: Silence) -> None:
        """End a silence at once."""
        ...

    @post("/alerts/test", scope=WRITE, keyed=False, raises=[InvalidInput])
    async def test_alerts(self, test: Annotated[AlertTest, Body()]) -> AlertTested:
        """Send a test to one channel, or to all."""
        ...
