"""Events: what a service tells of, declared in its contract as an operation is, and who wants to hear it."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar, cast

from pydantic import TypeAdapter

from triptych.canonical.base import Model
from triptych.contract.apis import Api

M = TypeVar("M", bound=Model)
M_co = TypeVar("M_co", bound=Model, covariant=True)

Contract = type[Api]
HEARS = "__triptych_hears__"
ORIGIN = "io.triptych"
"""What the types of events begin with, unless their declaration says otherwise: ours, in reverse."""


class EventType(Generic[M]):
    """One kind of event of a contract: `order_confirmed = event(Order, "An order is binding.")`.

    Its type in CloudEvents is made of where it stands, `io.triptych.erp.order-confirmed.v1`, and changes by
    addition only; a change that would break who hears it is another attribute, with another version.
    """

    def __init__(
        self,
        payload: type[M],
        summary: str,
        *,
        subject: str | None = "id",
        customer: str | None = None,
        version: int = 1,
        named: str = "",
    ) -> None:
        self.payload = payload
        self.summary = summary
        self.version = version
        self._subject = subject
        self._customer = customer
        self._named = named
        self._owner: Any = None
        self._attribute = ""
        for field in (subject, customer):
            if field is not None and field not in payload.model_fields:
                raise TypeError(f"an event of {payload.__name__} needs its field {field!r}, which it has not")

    def __set_name__(self, owner: Any, name: str) -> None:
        self._owner, self._attribute = owner, name

    @property
    def api(self) -> "Contract":
        """The contract that declares it."""
        if self._owner is None:
            raise TypeError("an event is declared as an attribute of a contract")
        return cast("Contract", self._owner)

    @property
    def name(self) -> str:
        """Its name within the contract: `order_confirmed`."""
        return self._attribute

    @property
    def type(self) -> str:
        """Its type in CloudEvents: `io.triptych.erp.order-confirmed.v1`."""
        stem = self._attribute.removesuffix(f"_v{self.version}").replace("_", "-")
        return self._named or f"{ORIGIN}.{self.api.name}.{stem}.v{self.version}"

    @property
    def data(self) -> TypeAdapter[M]:
        """Reads and writes the payload as JSON."""
        return _adapter(self.payload)

    def subject_of(self, data: M) -> str | None:
        """What it happened to: events of one subject are delivered in their order."""
        found = getattr(data, self._subject) if self._subject is not None else None
        return None if found is None else str(found)

    def customer_of(self, data: M) -> str | None:
        """Whose it is, where it is a customer's."""
        found = getattr(data, self._customer) if self._customer is not None else None
        return None if found is None else str(found)

    def __repr__(self) -> str:
        return f"<event {self.type if self._owner else self.payload.__name__}>"


@cache
def _adapter(payload: Any) -> TypeAdapter[Any]:
    return TypeAdapter(payload)


def event(
    payload: type[M],
    summary: str,
    *,
    subject: str = "id",
    customer: str | None = None,
    version: int = 1,
    named: str = "",
) -> EventType[M]:
    """Declare an event in a contract; `summary` is a sentence that says what has happened.

    `subject` and `customer` name the fields of the payload that say what it happened to, and whose that is.
    `named` is its type, for a company whose events begin otherwise: `"com.acme.loyalty.card-lost.v1"`.
    """
    if named and not named.endswith(f".v{version}"):
        raise TypeError(f"the type of an event ends in its version: {named!r} does not end in .v{version}")
    return EventType(payload, summary, subject=subject, customer=customer, version=version, named=named)


def events(api: type[Api]) -> tuple[EventType[Any], ...]:
    """Every event of a contract, in the order in which they are written."""
    found: dict[str, EventType[Any]] = {}
    for base in reversed(api.promised().__mro__):
        found |= {name: kind for name, kind in vars(base).items() if isinstance(kind, EventType)}
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Happened(Generic[M_co]):
    """One event, as whoever subscribed to it is told."""

    id: str
    """Unique, and the same whenever it is told again."""
    type: str
    subject: str
    """What it happened to."""
    time: datetime
    """When."""
    data: M_co
    """What is told of it."""


H = TypeVar("H", bound=Callable[..., Awaitable[None]])


def on(*kinds: EventType[Any]) -> Callable[[H], H]:
    """Have a service's method told of events: `@on(Erp.order_confirmed)`.

    Each event reaches it once in effect, however often it is told: the writes that it makes carry keys made
    of the event's id and the subscriber's name. Events of one subject come in order. A method that refuses
    one (a problem that trying again cannot help), or fails time and again, leaves a dead letter.
    """
    if not kinds:
        raise TypeError("say which events: @on(Erp.order_confirmed)")

    def mark(method: H) -> H:
        setattr(method, HEARS, kinds)
        return method

    return mark


@dataclass(frozen=True, eq=False, slots=True)
class Subscription:
    """That a service's method is told of one kind of event."""

    service: str
    method: str
    kind: EventType[Any]

    @property
    def subscriber(self) -> str:
        """Its durable name: `inventory-availability.note_stock`."""
        return f"{self.service}.{self.method}"


def subscriptions(service: type[Api]) -> tuple[Subscription, ...]:
    """What the methods of a service are told of.

    Raises TypeError for a method that takes no event.
    """
    found: list[Subscription] = []
    for name in dict.fromkeys(name for base in reversed(service.__mro__) for name in vars(base)):
        member = getattr(service, name, None)
        found += [heard(service, name, member, kind) for kind in getattr(member, HEARS, ())]
    return tuple(found)


def heard(service: type[Api], name: str, method: Any, kind: EventType[Any]) -> Subscription:
    """That a method is told of an event. Raises TypeError where it takes none."""
    if not inspect.iscoroutinefunction(method) or len(inspect.signature(method).parameters) != 2:
        raise TypeError(f"{service.__name__}.{name} hears events: async def {name}(self, happened)")
    return Subscription(service.name, name, kind)
