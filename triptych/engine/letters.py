"""What is kept of dead letters beside their processes: an index to find them by, and what operators did."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, cast

import sqlalchemy as sa

from triptych.canonical.base import Extensions, Model, Timestamp, example, the_example
from triptych.engine.books import DEAD
from triptych.engine.database import EngineDatabase, service_of, version_of
from triptych.engine.status import StepStatus, Trouble
from triptych.validation import pointer

Action = Literal["edit", "replay", "discard", "cancel"]


class LetterQuery(Model):
    """Which dead letters are meant; each filter narrows them further."""

    service: str | None = None
    """Of one service: `order-to-fulfillment`."""
    flow: str | None = None
    """Of one kind: `order-to-fulfillment.fulfil`."""
    step: str | None = None
    """Which failed at this step."""
    error: str | None = None
    """Which failed with an error of this class: `Unavailable`."""
    since: Timestamp | None = None
    """Which died at this moment or later."""
    text: str | None = None
    """Whose id or problem has this text in it, in capitals or not."""


class DeadLetter(Model):
    """Something that used up its attempts, and waits for an operator."""

    model_config = example(
        id="order-to-fulfillment.fulfil:ord_01jd3k7m9vq8x2c4n6b8d0f2hg",
        flow="order-to-fulfillment.fulfil",
        version=1,
        step="ship",
        attempts=8,
        error="Unavailable",
        problem=the_example(Trouble),
        code="0.1.0",
        request_id="req_01jd3k7m9vq8x2c4n6b8d0f2hg",
        trace="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        died="2026-07-01T09:30:00Z",
    )

    id: str
    """Id of the process, `order-to-fulfillment.fulfil:ord_…`, or of the delivery."""
    flow: str
    version: int
    """Version of the sentence that it follows."""
    step: str = ""
    """Where it failed; empty where the engine itself gave up."""
    undo: bool = False
    """Whether that was the undoing of the step."""
    attempts: int = 0
    """How often it was tried."""
    error: str = ""
    """Class of the error: `Unavailable`, `KeyError`."""
    problem: Trouble | None = None
    """What it answered."""
    code: str = ""
    """Version of the code that tried it."""
    request_id: str = ""
    """Of the request that began it all."""
    trace: str = ""
    """The trace that its attempts belong to (W3C `traceparent`)."""
    died: Timestamp
    """When it was given up."""


class Change(Model):
    """What became of one value of a payload."""

    model_config = example(pointer="/payment/token", before="tok_visa", after="tok_mastercard")

    pointer: str
    """Where (RFC 6901)."""
    before: Any = None
    after: Any = None


class Intervention(Model):
    """What an operator did to a dead letter."""

    model_config = example(
        at="2026-07-01T10:15:00Z",
        actor="usr_01jd3k7m9vq8x2c4n6b8d0f2hg",
        client="console",
        action="edit",
        reason="The card had expired.",
        changes=[the_example(Change)],
    )

    at: Timestamp
    actor: str
    """Who: the subject of the token, or `operator` at the command line."""
    client: str
    """Through which client."""
    action: Action
    reason: str = ""
    changes: tuple[Change, ...] = ()
    """What an edit changed."""


class OpenedLetter(Model):
    """A dead letter with everything that is known of it."""

    letter: DeadLetter
    state: str
    """Where it stands in the business's words."""
    payload: Extensions
    """What it goes on with."""
    timeline: tuple[StepStatus, ...] = ()
    """What was done and undone, in order."""
    interventions: tuple[Intervention, ...] = ()
    """What operators did to it, in order."""


class Letters:
    """The index of dead letters, and the record of interventions. All methods block."""

    def __init__(self, database: EngineDatabase) -> None:
        self._database = database
        metadata = database.metadata
        text, number = sa.Text, sa.BigInteger().with_variant(sa.Integer(), "sqlite")
        self._letters = sa.Table(
            "triptych_dead_letters",
            metadata,
            sa.Column("id", text, primary_key=True),
            sa.Column("service", text, nullable=False),
            sa.Column("flow", text, nullable=False),
            sa.Column("step", text, nullable=False),
            sa.Column("error_class", text, nullable=False),
            sa.Column("detail", text, nullable=False),
            sa.Column("died", sa.Float, nullable=False, index=True),
            sa.Column("letter", text, nullable=False),
        )
        self._interventions = sa.Table(
            "triptych_interventions",
            metadata,
            sa.Column("number", number, primary_key=True, autoincrement=True),
            sa.Column("id", text, nullable=False, index=True),
            sa.Column("intervention", text, nullable=False),
        )
        self._workflows = database.workflows

    def keep(self, letter: DeadLetter) -> None:
        """Enter what has just died; dying again replaces what was known."""
        detail = f"{letter.problem.title}: {letter.problem.detail}" if letter.problem else ""
        values = {
            "id": letter.id,
            "service": service_of(letter.flow),
            "flow": letter.flow,
            "step": letter.step,
            "error_class": letter.error,
            "detail": detail,
            "died": letter.died.timestamp(),
            "letter": letter.model_dump_json(),
        }

        def replace(connection: sa.Connection) -> None:
            connection.execute(sa.delete(self._letters).where(self._letters.c.id == letter.id))
            connection.execute(sa.insert(self._letters).values(values))

        self._database.transact(replace)

    def find(
        self, query: LetterQuery, limit: int, after: tuple[float, str] | None = None
    ) -> Sequence[DeadLetter]:
        """Those that wait, oldest first; `after` the one that died then and has that id."""
        died, letter = self._died(), self._letters.c.letter
        rows, meant = self._workflows.c, self._meant(query)
        if after is not None:
            meant.append(sa.tuple_(died, rows.workflow_uuid) > sa.tuple_(*after))
        chosen = (
            sa.select(rows.workflow_uuid, rows.name, died.label("died"), letter)
            .select_from(self._joined())
            .where(*meant)
            .order_by(died, rows.workflow_uuid)
            .limit(limit)
        )
        return [_read(row) for row in self._database.transact(lambda found: found.execute(chosen).all())]

    def of(self, process: str) -> DeadLetter | None:
        """One of them, by its id."""
        rows = self._workflows.c
        chosen = (
            sa.select(rows.workflow_uuid, rows.name, self._died().label("died"), self._letters.c.letter)
            .select_from(self._joined())
            .where(rows.workflow_uuid == process, rows.status.in_(DEAD))
        )
        row = self._database.transact(lambda found: found.execute(chosen).first())
        return _read(row) if row else None

    def count(self, query: LetterQuery) -> tuple[int, datetime | None]:
        """How many wait, and since when the oldest does."""
        asked = sa.select(sa.func.count(), sa.func.min(self._died())).select_from(self._joined())
        count, oldest = self._database.transact(
            lambda found: found.execute(asked.where(*self._meant(query))).one()
        )
        return count, None if oldest is None else _moment(oldest)

    def note(self, connection: sa.Connection, process: str, what: Intervention) -> None:
        """Record what an operator does, in the same transaction."""
        values = {"id": process, "intervention": what.model_dump_json()}
        connection.execute(sa.insert(self._interventions).values(values))

    def interventions(self, process: str) -> Sequence[Intervention]:
        """What operators did to a process, in order."""
        table = self._interventions.c
        asked = sa.select(table.intervention).where(table.id == process).order_by(table.number)
        rows = self._database.transact(lambda found: found.execute(asked).all())
        return [Intervention.model_validate_json(row.intervention) for row in rows]

    def _joined(self) -> sa.FromClause:
        same = self._letters.c.id == self._workflows.c.workflow_uuid
        return self._workflows.outerjoin(self._letters, same)

    def _died(self) -> sa.ColumnElement[Any]:
        # what DBOS gave up without us has no entry
        return sa.func.coalesce(self._letters.c.died, self._workflows.c.updated_at / 1000.0)

    def _meant(self, query: LetterQuery) -> list[sa.ColumnElement[bool]]:
        found, name = self._letters.c, self._workflows.c.name
        meant = [self._workflows.c.status.in_(DEAD), name.contains(".v")]
        if query.service is not None:
            meant.append(name.startswith(f"{query.service}.", autoescape=True))
        if query.flow is not None:
            meant.append(name.startswith(f"{query.flow}.v", autoescape=True))
        if query.step is not None:
            meant.append(found.step == query.step)
        if query.error is not None:
            meant.append(found.error_class == query.error)
        if query.since is not None:
            meant.append(self._died() >= query.since.timestamp())
        if query.text is not None:
            text = query.text
            id_has_it = self._workflows.c.workflow_uuid.icontains(text, autoescape=True)
            meant.append(sa.or_(id_has_it, found.detail.icontains(text, autoescape=True)))
        return meant


def differences(before: Any, after: Any, at: str = "") -> tuple[Change, ...]:
    """Every value that differs between two JSON documents, with where it is."""
    if isinstance(before, dict) and isinstance(after, dict):
        old, new = cast("dict[str, Any]", before), cast("dict[str, Any]", after)
        names = [*old, *(name for name in new if name not in old)]
        pairs = [(pointer([name]), old.get(name), new.get(name)) for name in names]
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):  # pyright: ignore[reportUnknownArgumentType]
        items = zip(cast("list[Any]", before), cast("list[Any]", after), strict=True)
        pairs = [(pointer([number]), *pair) for number, pair in enumerate(items)]
    else:
        return () if before == after else (Change(pointer=at, before=before, after=after),)
    return tuple(change for name, one, other in pairs for change in differences(one, other, at + name))


def _read(row: Any) -> DeadLetter:
    if row.letter is not None:
        return DeadLetter.model_validate_json(row.letter)
    flow, version = version_of(row.name)
    return DeadLetter(id=row.workflow_uuid, flow=flow, version=version, died=_moment(row.died))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
