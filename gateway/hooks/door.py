"""Takes webhooks in: proved, checked, stored, answered; the service is told of them afterwards."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from pydantic import ValidationError
from starlette.types import Receive, Scope

from gateway.answer import Answer
from gateway.exchange import Exchange, Reply, refusal
from gateway.hooks.signatures import proved
from gateway.house import json_reply, nothing
from triptych.assembly.discovery import AssemblyError
from triptych.contract import Api, Hook, Subscription, hooks
from triptych.events.log import EventLog
from triptych.hook_keys import HookKeys
from triptych.ids import fixed_id
from triptych.problems import BadRequest, MethodNotAllowed, PayloadTooLarge, Problem
from triptych.storage import Event
from triptych.validation import invalid_input

Clock = Callable[[], float]


class HookDoor:
    """Everything under `/hooks`. What settings do not name is not there, for anybody.

    Raises AssemblyError for settings that name a source which no service has.
    """

    def __init__(
        self,
        services: Iterable[type[Api]],
        keys: Mapping[str, HookKeys],
        log: EventLog,
        most: int,
        now: Clock | None = None,
    ) -> None:
        known = {found.name: (made, found) for made in services for found in hooks(made)}
        if unknown := sorted(keys.keys() - known.keys()):
            there = ", ".join(sorted(known)) or "none"
            raise AssemblyError(
                [
                    f"TRIPTYCH_HOOKS names {name}, which nothing here takes; there is {there}"
                    for name in unknown
                ]
            )
        self._doors: dict[str, tuple[Hook, HookKeys]] = {}
        for name, found in keys.items():
            made, hook = known[name]
            self._doors[f"/hooks{made.base_path()}/{hook.source}"] = hook, found
        self._log = log
        self._most = most
        self._now = now

    @property
    def subscriptions(self) -> list[Subscription]:
        """Who is told of what comes in here."""
        return [hook.subscription for hook, _ in self._doors.values()]

    async def page(self, exchange: Exchange, scope: Scope, receive: Receive, answer: Answer) -> None:
        """Answer one request below `/hooks`."""
        found = self._doors.get(exchange.path)
        if found is None:
            return await answer.reply(nothing(exchange))
        if exchange.method != "POST":
            problem = MethodNotAllowed("Webhooks are posted.")
            return await answer.reply(refusal(exchange, problem, (b"allow", b"POST")))
        try:
            reply = await self._taken(*found, exchange, await self._body(receive))
        except Problem as problem:
            reply = refusal(exchange, problem)
        return await answer.reply(reply)

    async def _taken(self, hook: Hook, keys: HookKeys, exchange: Exchange, body: bytes) -> Reply:
        delivery = proved(keys, exchange.named, body, self._now() if self._now else None)
        kind = hook.subscription.kind
        try:
            data = kind.data.validate_json(body)
        except ValidationError as error:
            if error.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid":
                raise BadRequest("The body is not JSON.") from error
            raise invalid_input(error) from error
        event = Event(
            id=fixed_id("evt", "hook", hook.name, delivery),
            type=kind.type,
            source=exchange.path,
            subject=kind.subject_of(data),
            time=datetime.now(UTC),
            initiator=f"hook:{hook.name}",
            requestid=exchange.request_id,
            traceparent=exchange.traceparent or None,
            data=kind.data.dump_python(data, mode="json"),
        )
        fresh = await self._log.append([event])
        document = {"id": event.id, "repeated": not fresh}
        return json_reply(202, document, [(b"cache-control", b"no-store")])

    async def _body(self, receive: Receive) -> bytes:
        """The whole body. Raises PayloadTooLarge once it is too much, BadRequest where it breaks off."""
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise BadRequest("The request ended before its body did.")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._most:
                raise PayloadTooLarge(f"A webhook has {self._most} bytes at most.")
            if not message.get("more_body", False):
                return b"".join(parts)
