"""What is told of dead letters and of the books, and what is said to deal with them."""

from datetime import date
from typing import Annotated

from pydantic import Field

from triptych.canonical.base import Extensions, Model, Timestamp, example, the_example
from triptych.contract import Filter
from triptych.engine.books import Account
from triptych.engine.letters import Change, DeadLetter, Intervention, LetterQuery
from triptych.engine.outline import Outline
from triptych.engine.status import StepStatus
from triptych.engine.versions import VersionUse

A_LETTER = "order-to-fulfillment.fulfil:ord_01jd3k7m9vq8x2c4n6b8d0f2hg"
Text = Annotated[str, Field(min_length=1, max_length=200)]
Reason = Annotated[str, Field(min_length=3, max_length=500)]
LetterId = Annotated[str, Field(min_length=1, max_length=300)]


class LetterFilter(Filter):
    """Which dead letters to list; each filter narrows them further."""

    service: Text | None = None
    """Of one service: `order-to-fulfillment`."""
    flow: Text | None = None
    """Of one kind: `order-to-fulfillment.fulfil`."""
    step: Text | None = None
    """Which failed at this step."""
    error: Text | None = None
    """Which failed with an error of this class: `Unavailable`."""
    since: Timestamp | None = None
    """Which died at this moment or later."""
    text: Text | None = None
    """Whose id or problem has this text in it, in capitals or not."""

    @property
    def query(self) -> LetterQuery:
        """Without what is only about pages."""
        return LetterQuery.model_validate(self.model_dump(exclude={"cursor", "limit"}))


class LetterDetail(Model):
    """A dead letter, what was done before it died, and what operators did to it since."""

    model_config = example(
        letter=the_example(DeadLetter),
        state="reserved",
        timeline=[the_example(StepStatus)],
        interventions=[the_example(Intervention)],
    )

    letter: DeadLetter
    """What died, where and why."""
    state: str
    """Where it stands in the business's words."""
    timeline: tuple[StepStatus, ...]
    """What was done and undone, in order."""
    interventions: tuple[Intervention, ...]
    """What operators did to it, in order."""


class Payload(Model):
    """What a dead letter goes on with. It may hold personal data."""

    model_config = example(payload={"order_id": "ord_01jd3k7m9vq8x2c4n6b8d0f2hg", "payment_id": None})

    payload: Extensions
    """Its state as JSON: what it was begun with, and what its steps added."""


class EditLetter(Model):
    """How to mend a payload."""

    model_config = example(patch={"payment": {"token": "tok_mastercard"}}, reason="The card had expired.")

    patch: Extensions
    """A JSON merge patch (RFC 7396): absent leaves a field, null clears it."""
    reason: Annotated[str, Field(max_length=500)] = ""
    """Why."""
    dry_run: bool = False
    """Whether to tell only what would change."""


class Edited(Model):
    """What an edit changes."""

    model_config = example(changes=[the_example(Change)])

    changes: tuple[Change, ...]
    """Every value that differs."""


class DiscardLetter(Model):
    """Why a dead letter is given up."""

    model_config = example(reason="Settled by phone.", undo=False)

    reason: Reason
    """Kept with it."""
    undo: bool = False
    """Whether everything that was done for it is undone first; otherwise it stays."""


class ReplayLetters(Model):
    """Which dead letters to have go on, and how fast."""

    model_config = example(service="order-to-fulfillment", error="Unavailable", per_second=20, limit=100)

    ids: Annotated[tuple[LetterId, ...], Field(max_length=200)] | None = None
    """These; by default the oldest that the filters mean."""
    service: Text | None = None
    """Of one service."""
    flow: Text | None = None
    """Of one kind."""
    step: Text | None = None
    """Which failed at this step."""
    error: Text | None = None
    """Which failed with an error of this class."""
    since: Timestamp | None = None
    """Which died at this moment or later."""
    text: Text | None = None
    """Whose id or problem has this text in it."""
    per_second: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] | None = None
    """How many begin in a second; by default all at once. What waits for its moment survives a restart."""
    limit: Annotated[int, Field(ge=1, le=200)] = 100
    """How many at most."""
    dry_run: bool = False
    """Whether to tell only which they are."""

    @property
    def query(self) -> LetterQuery:
        """The filters."""
        return LetterQuery.model_validate(self.model_dump(exclude={"ids", "per_second", "limit", "dry_run"}))


class NotReplayed(Model):
    """A dead letter that could not be replayed."""

    model_config = example(id=A_LETTER, reason="process … cannot be retried: it is running")

    id: str
    reason: str
    """Why not."""


class Replayed(Model):
    """Which dead letters go on."""

    model_config = example(ids=[A_LETTER], refused=[], remaining=0)

    ids: tuple[str, ...]
    """Those that go on, or would."""
    refused: tuple[NotReplayed, ...] = ()
    """Those that could not."""
    remaining: int
    """How many dead letters the filters still mean."""


class Balance(Model):
    """Whether everything that came in is somewhere."""

    model_config = example(balanced=True, accounts=[the_example(Account)], missing=[])

    balanced: bool
    """Whether the sums are right, and nothing is missing."""
    accounts: tuple[Account, ...]
    """By kind of process, and by stream."""
    missing: tuple[str, ...]
    """Ids of what was accepted and is nowhere, oldest first: a hundred at most."""


class ArchiveProcesses(Model):
    """Which processes are archived."""

    model_config = example(days=90)

    days: Annotated[int, Field(ge=1, le=36_500)]
    """Those that have been over for so many days."""


class Archived(Model):
    """How many were archived."""

    model_config = example(archived=50, more=True)

    archived: int
    more: bool
    """Whether there are more of them."""


class ArchiveFilter(Filter):
    """Which archived processes to show."""

    month: Annotated[date, Field(description="Any day of the month in which they ended.")]


class VersionList(Model):
    """Every version of every kind of process that somebody follows or knows."""

    model_config = example(items=[the_example(VersionUse)])

    items: tuple[VersionUse, ...]
    """By kind, oldest version first."""


class OutlineList(Model):
    """The sentences of all kinds of processes."""

    model_config = example(items=[the_example(Outline)])

    items: tuple[Outline, ...]
    """By kind, oldest version first."""
