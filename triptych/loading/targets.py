"""Where records go: a collection of a system API, as its contract describes it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic import BaseModel

from triptych.canonical.base import Entity
from triptych.contract import Api, Filter, Operation, Page, Patch, operations

Clients = Mapping[str, Api]
"""A client for each service that can be reached, by name: `{"crm": platform.client(Crm, "loader")}`."""


class Ambiguous(Exception):
    """Several records have a key that only one should have."""


@dataclass(frozen=True, slots=True)
class Target:
    """A collection: what it takes, and the operations on it."""

    name: str
    """`crm.customers`."""
    new: type[BaseModel]
    filter: type[Filter]
    changeable: bool
    """Whether what is there can be changed field by field; otherwise it moves through named operations."""
    client: Api
    operations: Mapping[str, Operation]
    """Those of the whole service, by name."""

    async def find(self, key: Mapping[str, Any]) -> Entity | None:
        """The record with these values, or None. Raises Ambiguous when there are several."""
        asked = {name: [value] if self._takes_several(name) else value for name, value in key.items()}
        page = cast(
            "Page[Entity]", await self._call("find", self.filter.model_validate({**asked, "limit": 2}))
        )
        if len(page.items) > 1:
            raise Ambiguous(f"{self.name} has several records with {shown_key(key)}")
        return page.items[0] if page.items else None

    async def get(self, id: str) -> Entity:
        """The record with this id. Raises NotFound."""
        return cast(Entity, await self._call("get", id))

    async def create(self, new: BaseModel) -> Entity:
        """Make a record."""
        return cast(Entity, await self._call("create", new))

    async def update(self, present: Entity, changes: Mapping[str, Any]) -> Entity:
        """Change the fields of a record, unless it was changed since it was read."""
        patch = Patch[Any](changes)
        return cast(Entity, await self._call("update", present.id, patch, str(present.version)))

    async def move(self, operation: str, id: str) -> Entity:
        """Call a named operation that takes nothing but the record's id."""
        return cast(Entity, await self.operations[operation].of(self.client)(id))

    def moves(self) -> list[str]:
        """The named operations that take one id and answer with a record of this collection."""
        answered = self.operations[f"{self._collection}.get"].returns
        return [
            name
            for name, found in self.operations.items()
            if len(found.attribute) == 1
            and found.returns == answered
            and [parameter.where for parameter in found.parameters] == ["path"]
        ]

    @property
    def _collection(self) -> str:
        return self.name.partition(".")[2]

    def _call(self, verb: str, *arguments: Any) -> Awaitable[Any]:
        method: Callable[..., Awaitable[Any]] = self.operations[f"{self._collection}.{verb}"].of(self.client)
        return method(*arguments)

    def _takes_several(self, name: str) -> bool:
        return any(get_origin(kind) is tuple for kind in kinds(self.filter.model_fields[name].annotation))


def target(into: str, clients: Clients) -> Target | None:
    """The collection of that name, or None when the service has none that records can be made in."""
    service, _, collection = into.partition(".")
    found = {operation.name: operation for operation in operations(type(clients[service]))}
    create, find = found.get(f"{collection}.create"), found.get(f"{collection}.find")
    body = create.body() if create else None
    if find is None or body is None:
        return None
    return Target(
        name=into,
        new=_model(body.annotation),
        filter=cast("type[Filter]", _model(find.parameters[0].annotation)),
        changeable=f"{collection}.update" in found,
        client=clients[service],
        operations=found,
    )


def collections(client: Api) -> list[str]:
    """The names of a service's collections that records can be made in."""
    names = [operation.attribute for operation in operations(type(client))]
    return [name[0] for name in names if len(name) == 2 and name[1] == "create"]


def kinds(annotation: Any) -> list[Any]:
    """What a value of this annotation can be, without None and without `Annotated`."""
    if get_origin(annotation) is Annotated:
        return kinds(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [kind for part in get_args(annotation) if part is not NoneType for kind in kinds(part)]
    return [annotation]


def models(annotation: Any) -> list[type[BaseModel]]:
    """The models that a value of this annotation can be, or that a list of this annotation holds."""
    found: list[type[BaseModel]] = []
    for kind in kinds(annotation):
        if isinstance(kind, type) and issubclass(cast("type[Any]", kind), BaseModel):
            found.append(kind)
        elif get_origin(kind) in (tuple, list):
            found += models(get_args(kind)[0])
    return found


def shown_key(key: Mapping[str, Any]) -> str:
    """A key in words: `external_id ALFKI`."""
    return ", ".join(f"{name} {value}" for name, value in key.items())


def _model(annotation: Any) -> type[BaseModel]:
    (found,) = models(annotation)
    return found
