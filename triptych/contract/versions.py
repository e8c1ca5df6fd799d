"""Dated versions inside a major one: what changed on which day, and how older clients are still served.

Services speak the latest version only. A client that is pinned to an earlier day is served through the
changes made since: its requests are upgraded, oldest change first, and the answers downgraded, newest first.
"""

import inspect
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from pydantic import BaseModel

Query = dict[str, list[str]]
"""The parameters of a query, each with all its values."""


class VersionChange:
    """One change that clients would notice. The first line of its docstring is its line in the changelog.

    What a change does not override passes untouched, and costs nothing::

        class ReferenceForPoNumber(
            VersionChange,
            on=date(2026, 11, 1),
            operations=["order"],
            before={Order: OrderUntilNovember},
        ):
            \"""What you call an order is its `reference`; until then it was its `po_number`.\"""

            def downgrade_response(self, body: Any) -> Any:
                body["po_number"] = body.pop("reference")
                return body

    Bodies and queries are the method's own: it may change them and answer the same object. They are valid
    when they come in, requests by the models of the older version and answers by those of the newer.
    """

    on: ClassVar[date]
    """The day from which on clients are pinned to the new version."""
    operations: ClassVar[tuple[str, ...]]
    """Names of the operations that it touches: `("place_order", "customers.get")`."""
    events: ClassVar[tuple[str, ...]]
    """Types of the events that it touches: `("order.rejected.v1",)`."""
    before: ClassVar[Mapping[type[BaseModel], type[BaseModel]]]
    """Each model that changed, and what it was until then; the documents are made from them.

    Where a part of a request changed, the models that hold it are named too, up to the whole.
    """

    def __init_subclass__(
        cls,
        *,
        on: date,
        operations: Sequence[str] = (),
        events: Sequence[str] = (),
        before: Mapping[type[BaseModel], type[BaseModel]] | None = None,
    ) -> None:
        cls.on, cls.operations, cls.events, cls.before = on, tuple(operations), tuple(events), before or {}
        if not vars(cls).get("__doc__"):
            raise TypeError(f"{cls.__name__} needs a docstring: its first line is what the changelog says")

    @classmethod
    def sentence(cls) -> str:
        """What the changelog says."""
        return (inspect.getdoc(cls) or "").split("\n\n", 1)[0].replace("\n", " ")

    def upgrade_request(self, body: Any) -> Any:
        """The body of an older request as a newer one."""
        return body

    def upgrade_query(self, query: Query) -> Query:
        """The query of an older request as a newer one."""
        return query

    def downgrade_query(self, query: Query) -> Query:
        """The query in a link that we answer with, such as that to the next page, as an older one."""
        return query

    def downgrade_response(self, body: Any) -> Any:
        """A newer answer as an older one; of a page, one item."""
        return body

    def downgrade_pointer(self, pointer: str) -> str:
        """Where a fault is in a newer request, `/reference`, as the place in the older one."""
        return pointer

    def downgrade_event(self, data: Any) -> Any:
        """The data of a newer event as an older one."""
        return data


@dataclass(frozen=True, slots=True)
class DatedVersions:
    """The dated versions of a contract: the day of the first one, and every change since, oldest first."""

    since: date | None = None
    changes: tuple[VersionChange, ...] = ()

    def __post_init__(self) -> None:
        days = [change.on for change in self.changes]
        if days and (self.since is None or days != sorted(days) or days[0] <= self.since):
            raise ValueError("changes come in the order of their days, all later than `since`")

    @property
    def dates(self) -> tuple[date, ...]:
        """The day of each version, oldest first; none where the contract has no dated versions."""
        return tuple(sorted({self.since, *(change.on for change in self.changes)})) if self.since else ()

    @property
    def latest(self) -> date | None:
        """The day of the version that the service speaks."""
        return self.dates[-1] if self.since else None

    def in_force(self, day: date) -> date:
        """The version that a client pinned to that day gets; one pinned to before the first gets the first.

        Raises ValueError where there are no dated versions.
        """
        dates = self.dates
        if not dates:
            raise ValueError("there are no dated versions")
        return dates[max(0, bisect_right(dates, day) - 1)]

    def after(self, day: date) -> tuple[VersionChange, ...]:
        """What has changed since the version of that day, oldest first."""
        return tuple(change for change in self.changes if change.on > day)

    def models(self, day: date) -> dict[type[BaseModel], type[BaseModel]]:
        """What each model that has changed since looked like on that day."""
        found: dict[type[BaseModel], type[BaseModel]] = {}
        for change in reversed(self.after(day)):
            for newer, older in change.before.items():
                latest = next((model for model, then in found.items() if then is newer), newer)
                found[latest] = older
        return found

    def downgraded_event(self, kind: str, data: Any, day: date) -> Any:
        """The data of an event of today as a client pinned to that day is told it."""
        for change in reversed(self.after(day)):
            if kind in change.events:
                data = change.downgrade_event(data)
        return data
