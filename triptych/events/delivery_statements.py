"""What is said to the table of deliveries, compiled once."""

from functools import cached_property
from typing import Any

from sqlalchemy import MetaData, and_, bindparam, func, literal, or_, select, tuple_, update

from triptych.events import tables
from triptych.storage import Database, Moment
from triptych.storage.queries import Query

_EVENTS = tables.events_v1(MetaData())
_DELIVERIES = tables.deliveries_v1(MetaData())
_D, _E = _DELIVERIES.c, _EVENTS.c
_THIS = and_(_D.event == bindparam("the_event"), _D.subscriber == bindparam("the_subscriber"))


class DeliveryStatements:
    """The statements of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @cached_property
    def due(self) -> Query:
        return self._compiled(select(_D.event).where(_may_be_claimed()).limit(bindparam("how_many")))

    @cached_property
    def claim(self) -> Query:
        first = select(_D.event, _D.subscriber).where(_may_be_claimed()).order_by(_D.event)
        if self._database.dialect == "postgresql":
            first = first.with_for_update(skip_locked=True)
        statement = (
            update(_DELIVERIES)
            .where(tuple_(_D.event, _D.subscriber).in_(first.limit(bindparam("how_many"))))
            .values(
                claim=bindparam("the_claim"),
                holder=bindparam("the_holder"),
                leased_until=bindparam("lasts", type_=Moment),
                attempts=_D.attempts + 1,
            )
        )
        return self._compiled(statement.returning(_D.event, _D.subscriber, _D.attempts))

    @cached_property
    def payload(self) -> Query:
        return self._compiled(select(_E.payload).where(_E.number == bindparam("number")))

    @cached_property
    def finish(self) -> Query:
        now = bindparam("now", type_=Moment)
        values: dict[str, Any] = {
            "state": bindparam("to"),
            "ended_at": now,
            "due": now,
            "claim": None,
            "leased_until": None,
        }
        mine = and_(_THIS, _D.claim == bindparam("the_claim"))
        return self._compiled(update(_DELIVERIES).where(mine).values(values).returning(_D.event))

    @cached_property
    def promote(self) -> Query:
        """Let the first one that waits behind go, if nothing is before it."""
        of_subject = and_(
            _D.subscriber == bindparam("the_subscriber"), _D.subject == bindparam("the_subject")
        )
        before = _DELIVERIES.alias("before")
        first = select(func.min(before.c.event)).where(
            before.c.subscriber == bindparam("the_subscriber"),
            before.c.subject == bindparam("the_subject"),
            before.c.state.in_([literal("waiting"), literal("behind"), literal("dead")]),
        )
        statement = update(_DELIVERIES).where(
            of_subject, _D.state == literal("behind"), _D.event == first.scalar_subquery()
        )
        return self._compiled(statement.values(state=literal("waiting")))

    @cached_property
    def fail(self) -> Query:
        mine = and_(_THIS, _D.claim == bindparam("the_claim"))
        values: dict[str, Any] = {
            "state": bindparam("to"),
            "due": bindparam("due", type_=Moment),
            "trouble": bindparam("trouble"),
            "claim": None,
            "leased_until": None,
        }
        return self._compiled(update(_DELIVERIES).where(mine).values(values))

    @cached_property
    def release(self) -> Query:
        theirs = and_(
            _D.holder == bindparam("the_holder"), _D.state == literal("waiting"), _D.claim.is_not(None)
        )
        statement = update(_DELIVERIES).where(theirs).values(claim=None, leased_until=None)
        return self._compiled(statement.returning(_D.event))

    @cached_property
    def resolve(self) -> Query:
        dead = and_(_THIS, _D.state == literal("dead"))
        values: dict[str, Any] = {
            "state": bindparam("to"),
            "attempts": literal(0),
            "due": bindparam("now", type_=Moment),
            "reason": bindparam("reason"),
            "ended_at": bindparam("ended", type_=Moment),
        }
        return self._compiled(update(_DELIVERIES).where(dead).values(values).returning(_D.subject))

    @cached_property
    def list(self) -> Query:
        chosen = _shown_columns().where(_D.state == bindparam("the_state")).order_by(_D.event, _D.subscriber)
        return self._compiled(chosen.limit(bindparam("how_many")).offset(bindparam("passed")))

    @cached_property
    def one(self) -> Query:
        this = and_(_E.id == bindparam("event_id"), _D.subscriber == bindparam("the_subscriber"))
        return self._compiled(_shown_columns().where(this))

    @cached_property
    def number(self) -> Query:
        return self._compiled(select(_E.number).where(_E.id == bindparam("event_id")))

    @cached_property
    def behind(self) -> Query:
        theirs = and_(
            _D.subscriber == bindparam("the_subscriber"),
            _D.subject == bindparam("the_subject"),
            _D.state == literal("behind"),
        )
        return self._compiled(select(func.count()).select_from(_DELIVERIES).where(theirs))

    @cached_property
    def count(self) -> Query:
        return self._compiled(select(_D.subscriber, _D.state, func.count()).group_by(_D.subscriber, _D.state))

    def _compiled(self, statement: Any) -> Query:
        return self._database.compiled(statement)


def _may_be_claimed() -> Any:
    now = bindparam("now", type_=Moment)
    return and_(
        _D.service == bindparam("the_service"),
        _D.state == literal("waiting"),
        _D.due <= now,
        or_(_D.leased_until.is_(None), _D.leased_until <= now),
    )


def _shown_columns() -> Any:
    shown = (
        _D.subscriber, _D.subject, _D.state, _D.attempts, _D.due, _D.trouble, _D.reason, _E.payload
    )  # fmt: skip
    return select(*shown).where(_E.number == _D.event)
