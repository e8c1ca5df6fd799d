"""Inbound webhooks: what another system tells us, at a door of the gateway, for a method of a service."""

import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from triptych.canonical.base import Model
from triptych.contract.apis import Api
from triptych.contract.events import ORIGIN, EventType, Subscription, heard

M = TypeVar("M", bound=Model)
H = TypeVar("H", bound=Callable[..., Awaitable[None]])

HOOK = "__triptych_hook__"


@dataclass(frozen=True, eq=False, slots=True)
class Hook:
    """One source of webhooks of a service: `POST /hooks/crm/v1/leads`."""

    source: str
    subscription: Subscription

    @property
    def name(self) -> str:
        """What settings call it: `crm/leads`."""
        return f"{self.subscription.service}/{self.source}"


def hook(source: str, payload: type[Model], *, subject: str | None = None) -> Callable[[H], H]:
    """Have a service's method told what another system posts to `/hooks/<service>/v<n>/<source>`.

    The door checks the signature and that the body is a `payload`, stores it, and answers; the method is
    told afterwards, like a subscriber to an event, so `happened.data` is the body. Bodies with the same
    `subject`, a field of theirs, are told in their order.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,40}", source):
        raise TypeError(f"a source of webhooks is a word of a URL, not {source!r}")

    def mark(method: H) -> H:
        setattr(method, HOOK, (source, payload, subject))
        return method

    return mark


def hooks(service: type[Api]) -> tuple[Hook, ...]:
    """The sources whose webhooks a service takes. Raises TypeError for a method that takes no event."""
    found: list[Hook] = []
    for name, member in inspect.getmembers(service, inspect.iscoroutinefunction):
        if (marked := getattr(member, HOOK, None)) is not None:
            source, payload, subject = marked
            named = f"{ORIGIN}.{service.name}.hook.{source}.v1"
            kind: EventType[Any] = EventType(payload, f"{source} was posted.", subject=subject, named=named)
            kind.__set_name__(service.promised(), name)
            found.append(Hook(source, heard(service, name, member, kind)))
    return tuple(found)
