"""Finds the records that rows refer to by a key of theirs, and remembers the last ones found."""

from typing import Any, cast

from pydantic import ValidationError

from triptych.loading.formulas import Reference
from triptych.loading.mapping import Mapping
from triptych.loading.shapes import Unreadable
from triptych.loading.targets import Ambiguous, Clients, Target, target
from triptych.validation import invalid_input

REMEMBERED = 20_000


class Missing(Unreadable):
    """A reference leads to no record, or to none yet."""

    def __init__(self, pointer: str, reference: Reference, by: str) -> None:
        self.target = reference.target
        super().__init__(pointer, f"{reference.target} has no record with {by} {reference.value}")


class References:
    """Puts ids in the place of references."""

    def __init__(self, mapping: Mapping, clients: Clients) -> None:
        self._mapping = mapping
        self._clients = clients
        self._targets: dict[str, Target | None] = {}
        self._ids: dict[tuple[str, str, str], str] = {}

    def remember(self, into: str, key: dict[str, Any], id: str) -> None:
        """A record was just made or found under this key."""
        if len(key) == 1:
            ((by, value),) = key.items()
            self._keep((into, by, str(value)), id)

    async def resolved(self, value: Any, pointer: str = "") -> Any:
        """The same value with ids for references; lists without what refers to nothing.

        Raises Missing for a reference that leads nowhere.
        """
        if isinstance(value, Reference):
            return await self._id(value, pointer)
        if isinstance(value, dict):
            parts = cast("dict[str, Any]", value)
            return {name: await self.resolved(part, f"{pointer}/{name}") for name, part in parts.items()}
        if isinstance(value, list):
            listed = cast("list[Any]", value)
            return [await self.resolved(part, f"{pointer}/{at}") for at, part in enumerate(listed)]
        return value

    async def _id(self, reference: Reference, pointer: str) -> str:
        by = reference.by or self._mapping.key_of(reference.target)
        known = (reference.target, by, reference.value)
        if found := self._ids.get(known):
            return found
        if reference.target not in self._targets:
            self._targets[reference.target] = target(reference.target, self._clients)
        collection = cast(Target, self._targets[reference.target])  # the mapping was checked
        try:
            record = await collection.find({by: reference.value})
        except Ambiguous as error:
            raise Unreadable(pointer, str(error)) from error
        except ValidationError as error:
            raise Unreadable(pointer, invalid_input(error).detail) from error
        if record is None:
            raise Missing(pointer, reference, by)
        self._keep(known, record.id)
        return record.id

    def _keep(self, known: tuple[str, str, str], id: str) -> None:
        if len(self._ids) >= REMEMBERED:
            del self._ids[next(iter(self._ids))]
        self._ids[known] = id
