"""By which names processes are found: the ids, numbers and e-mail addresses that they had to do with.

What is kept of a name is a keyed hash, 16 bytes: equal names are found, and nobody can read any.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from typing import Any, cast

import sqlalchemy as sa

from triptych.context import Context
from triptych.engine.database import EngineDatabase

LONGEST = 300
"""Characters of a name; longer texts are none."""
FEW = 20
"""Items of a list that leave their names; a longer list is a look at everything, and no trace of each."""
MOST = 200
"""Names that are noted with one record."""
ENDINGS = ("_id", "_ids", "reference", "number", "email")
NO_NAMES = frozenset({"location_id"})
"""Fields that end so, and whose values half of all processes share."""


class Names:
    """The names that one run of a process has come across since its last record."""

    def __init__(self, key: bytes | None) -> None:
        self._key = key
        self._noted: set[bytes] = set()
        self._new: list[bytes] = []

    def begin(self, process: str, document: Mapping[str, Any], context: Context) -> None:
        """Note what a process begins with: what it is about, its request and its trace."""
        trace = context.traceparent.split("-")[1:2]
        self._note([process.partition(":")[2], context.request_id, *trace, *names_in(document)])

    def hear(self, document: Any) -> None:
        """Note the names in a request or an answer."""
        self._note(names_in(document))

    def _note(self, names: Iterable[str]) -> None:
        if self._key is None:
            return
        for name in names:
            term = hashed(name, self._key)
            if term not in self._noted and len(self._new) < MOST:
                self._noted.add(term)
                self._new.append(term)

    def take(self) -> list[bytes]:
        """Those that are new since the last time."""
        new, self._new = self._new, []
        return new


class Terms:
    """The index of names in an engine's database. All methods block."""

    def __init__(self, database: EngineDatabase) -> None:
        self._database = database
        term, process = database.terms.c
        self._page = (
            sa.select(process)
            .where(term == sa.bindparam("term"), process > sa.bindparam("after"))
            .order_by(process)
            .limit(sa.bindparam("limit"))
        )
        prefix = f'"{database.schema}".' if database.schema else ""
        self._flows = sa.text(f"SELECT DISTINCT flow FROM {prefix}triptych_books")  # noqa: S608 - our names
        self._there = [
            sa.text(f"SELECT {key} FROM {prefix}{table} WHERE {key} IN :ids").bindparams(  # noqa: S608
                sa.bindparam("ids", type_=sa.Text, expanding=True)
            )
            for table, key in (("workflow_status", "workflow_uuid"), ("triptych_archive", "id"))
        ]

    def find(self, names: Sequence[str], limit: int, after: str = "") -> list[str]:
        """The ids of processes that had to do with any of these, in order; those after one of them."""

        key = self._database.names_key or b""

        def look(connection: sa.Connection) -> list[str]:
            found: set[str] = set()
            flows = connection.execute(self._flows).scalars().all()
            for name in {hashed(name, key) for name in names}:
                page = {"term": name, "after": after, "limit": limit}
                found.update(connection.execute(self._page, page).scalars())
            # what is older than the index, or has not come to its first record, has its own name in its id
            own = [f"{flow}:{each}" for flow in flows for name in names for each in {name, name.lower()}]
            for there in self._there:
                found.update(connection.execute(there, {"ids": [*names, *own]}).scalars())
            return sorted(process for process in found if process > after)[:limit]

        return self._database.transact(look)


def hashed(name: str, key: bytes) -> bytes:
    """What is kept of a name, written in capitals or not."""
    return blake2b(name.strip().casefold().encode(errors="replace"), digest_size=16, key=key).digest()


def names_in(document: Any) -> Iterator[str]:
    """The names in a JSON value: the texts in its fields that identify something."""
    if isinstance(document, Mapping):
        for field, value in cast("Mapping[str, Any]", document).items():
            if isinstance(value, str):
                if _names(field) and 0 < len(value) <= LONGEST:
                    yield value
            elif isinstance(value, list | tuple) and _names(field):
                yield from (one for one in cast("Sequence[Any]", value) if isinstance(one, str))
            elif value is not None:
                yield from names_in(value)
    elif isinstance(document, list | tuple) and len(cast("Sequence[Any]", document)) <= FEW:
        for value in cast("Sequence[Any]", document):
            yield from names_in(value)


@cache
def _names(field: str) -> bool:
    return field == "id" or (field.endswith(ENDINGS) and field not in NO_NAMES)
