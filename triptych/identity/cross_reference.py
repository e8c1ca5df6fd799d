"""The cross-reference (system, native id) ↔ canonical id, kept once for all systems.

A merge keeps the links where they are and writes a redirect from the loser to the winner, so that it can be
explained, and undone. Redirects are one step long: what led to the loser is turned to the winner.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Index,
    MetaData,
    Table,
    Text,
    bindparam,
    func,
    or_,
    select,
)
from sqlalchemy import delete as without
from sqlalchemy import update as changed
from sqlalchemy.dialects import postgresql, sqlite

from triptych.problems import Conflict
from triptych.storage import Database, Moment
from triptych.storage.queries import Query

MIGRATIONS = Path(__file__).parent / "migrations"

TABLES = MetaData()
LINKS = Table(
    "identity_links",
    TABLES,
    Column("system", Text, primary_key=True),
    Column("native_id", Text, primary_key=True),
    Column("canonical_id", Text, nullable=False),
    Column("linked_at", Moment, nullable=False),
)
REDIRECTS = Table(
    "identity_redirects",
    TABLES,
    Column("loser_id", Text, primary_key=True),
    Column("winner_id", Text, nullable=False),
    Column("merged_at", Moment, nullable=False),
)
Index("ix_identity_links_canonical_id", LINKS.c.canonical_id)
Index("ix_identity_redirects_winner_id", REDIRECTS.c.winner_id)
_REDIRECTED = LINKS.outerjoin(REDIRECTS, REDIRECTS.c.loser_id == LINKS.c.canonical_id)


class Native(NamedTuple):
    """A record as its own system knows it."""

    system: str
    native_id: str


class CrossReference:
    """Which native records stand for which canonical one. Ids that come in may have been merged away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def resolve(self, id: str) -> str:
        """The canonical id that stands for this one today: itself, unless it was merged into another."""
        rows = await self._database.fetch(self._redirect, id=id)
        return rows[0][0] if rows else id

    async def canonical(self, system: str, native_id: str) -> str | None:
        """The canonical id of a native record, or None when it is not linked."""
        rows = await self._database.fetch(self._canonical, system=system, native_id=native_id)
        return rows[0][0] if rows else None

    async def natives(self, canonical_id: str) -> list[Native]:
        """Every native record of a canonical id, those of the ids merged into it included."""
        here = await self.resolve(canonical_id)
        return [Native(*row) for row in await self._database.fetch(self._natives, id=here)]

    async def claim(self, system: str, native_id: str, candidate: str) -> str:
        """Link a native record to `candidate` unless it is linked already; answers what it is linked to.

        Whoever claims the same record at the same time gets the same answer.
        """
        async with self._database.write():
            now = datetime.now(UTC)
            await self._database.fetch(
                self._link, system=system, native_id=native_id, canonical_id=candidate, linked_at=now
            )
            rows = await self._database.fetch(self._canonical, system=system, native_id=native_id)
            return str(rows[0][0])

    async def link(self, system: str, native_id: str, canonical_id: str) -> None:
        """Link a native record to this canonical id. Raises Conflict when it is linked to another."""
        async with self._database.write():
            present = await self.claim(system, native_id, canonical_id)
            if present != await self.resolve(canonical_id):
                raise Conflict(
                    f"{native_id!r} in {system} is linked to {present}: merge the two, or split it off.",
                    canonical_id=present,
                )

    async def merge(self, loser: str, winner: str) -> str:
        """Let `winner` stand for `loser` too; answers the id that stands for both.

        Merging what is merged already changes nothing. Raises Conflict where it would go in a circle: when
        the winner is the loser, or was itself merged into it.
        """
        async with self._database.write():
            await self._one_at_a_time()
            lost, won = await self.resolve(loser), await self.resolve(winner)
            if lost == won:
                if loser == lost:
                    raise Conflict(f"{winner} is {loser}, or was merged into it: that would be a circle.")
                return won
            now = datetime.now(UTC)
            await self._database.fetch(self._turn, lost=lost, won=won)
            await self._database.fetch(self._lose, lost=lost, won=won, now=now)
            return won

    async def split(self, canonical_id: str, natives: Iterable[tuple[str, str]], new: str) -> None:
        """Give some native records of a canonical id to another one, `new`.

        When `new` had been merged into it, that merge is undone; what is not named here stays. Raises
        Conflict when a record is not one of this canonical id's, or `new` stands for something else.
        """
        moved = [Native(*native) for native in natives]
        async with self._database.write():
            await self._one_at_a_time()
            here, there = await self.resolve(canonical_id), await self.resolve(new)
            if here == new or there not in (new, here):
                raise Conflict(f"{new} cannot be split off {here}: it stands for {there}.")
            if foreign := set(moved) - set(await self.natives(here)):
                named = ", ".join(f"{native.native_id!r} in {native.system}" for native in sorted(foreign))
                raise Conflict(f"{named} is not linked to {here}.")
            if there == here:
                await self._database.fetch(self._stay, lost=new, won=here)
                await self._database.fetch(self._regain, lost=new)
            for system, native_id in moved:
                await self._database.fetch(self._move, system=system, native_id=native_id, to=new)

    async def _one_at_a_time(self) -> None:
        """Merges and splits read the redirects before they change them: one waits for the other."""
        await self._database.only_one("merge")

    @cached_property
    def _redirect(self) -> Query:
        return self._database.compiled(
            select(REDIRECTS.c.winner_id).where(REDIRECTS.c.loser_id == bindparam("id"))
        )

    @cached_property
    def _canonical(self) -> Query:
        return self._database.compiled(
            select(func.coalesce(REDIRECTS.c.winner_id, LINKS.c.canonical_id))
            .select_from(_REDIRECTED)
            .where(_this_native())
        )

    @cached_property
    def _natives(self) -> Query:
        stands_for = or_(LINKS.c.canonical_id == bindparam("id"), REDIRECTS.c.winner_id == bindparam("id"))
        query = select(LINKS.c.system, LINKS.c.native_id).select_from(_REDIRECTED).where(stands_for)
        return self._database.compiled(query.order_by(LINKS.c.system, LINKS.c.native_id))

    @cached_property
    def _link(self) -> Query:
        values: dict[str, Any] = {
            column.name: bindparam(column.name, type_=column.type) for column in LINKS.c
        }
        insert = (postgresql if self._database.dialect == "postgresql" else sqlite).insert(LINKS)
        return self._database.compiled(insert.values(values).on_conflict_do_nothing())

    @cached_property
    def _turn(self) -> Query:
        """Whatever was merged into the loser before."""
        losers = changed(REDIRECTS).where(REDIRECTS.c.winner_id == bindparam("lost"))
        return self._database.compiled(losers.values(winner_id=bindparam("won")))

    @cached_property
    def _lose(self) -> Query:
        values: dict[str, Any] = {
            "loser_id": bindparam("lost"),
            "winner_id": bindparam("won"),
            "merged_at": bindparam("now"),
        }
        return self._database.compiled(REDIRECTS.insert().values(values))

    @cached_property
    def _stay(self) -> Query:
        links = changed(LINKS).where(LINKS.c.canonical_id == bindparam("lost"))
        return self._database.compiled(links.values(canonical_id=bindparam("won")))

    @cached_property
    def _regain(self) -> Query:
        return self._database.compiled(without(REDIRECTS).where(REDIRECTS.c.loser_id == bindparam("lost")))

    @cached_property
    def _move(self) -> Query:
        return self._database.compiled(
            changed(LINKS).where(_this_native()).values(canonical_id=bindparam("to"))
        )


def _this_native() -> ColumnElement[bool]:
    return (LINKS.c.system == bindparam("system")) & (LINKS.c.native_id == bindparam("native_id"))
