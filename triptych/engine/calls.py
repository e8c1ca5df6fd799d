"""What the calls of a step asked and were answered: kept packed in the step's record, masked when shown."""

import asyncio
import logging
import zlib
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from time import perf_counter
from typing import Any, cast

import orjson
from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from triptych.canonical.base import Extensions, Model, Timestamp, example, is_personal, thaw
from triptych.context import Context
from triptych.contract import Operation, Patch
from triptych.engine.masking import LARGEST, MASK, Document, bounded, mask, unmask
from triptych.engine.status import Trouble, now
from triptych.problems import DeadlineExceeded

MOST = 20
"""Calls that are kept of one step: of more, the first ones and the last."""
NOTHING = {"omitted": "It cannot be shown."}
log = logging.getLogger(__name__)


class Call(Model):
    """One call that a step made: what it asked, and what it was answered."""

    model_config = example(
        operation="warehouse.reservations.create",
        method="POST",
        started="2026-07-01T09:29:58Z",
        seconds=0.012,
        sent=1,
        status=201,
        key="order-to-fulfillment.fulfil:ord_01jd3k7m9vq8x2c4n6b8d0f2hg/reserve/warehouse.reservations.create",
        trace="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        request={"new": {"order_id": "ord_01jd3k7m9vq8x2c4n6b8d0f2hg"}},
        answer={"id": "rsv_01jd3k7m9vq8x2c4n6b8d0f2hg"},
    )

    operation: str
    """What was asked for: `warehouse.reservations.create`."""
    method: str
    """The HTTP method that it has on the wire."""
    started: Timestamp
    seconds: float
    """How long it took, with its repeats."""
    sent: int
    """How often it was sent; 0 where it was refused before."""
    status: int
    """The HTTP status of the answer, or of the problem."""
    key: str | None = None
    """The idempotency key that it had, if it writes."""
    trace: str = ""
    """The trace that it belongs to (W3C `traceparent`)."""
    request: Extensions
    """Its arguments by name, as JSON. What is large is kept in part, and personal data is `***`."""
    answer: Extensions | None = None
    """What it was answered, the same way."""
    problem: Trouble | None = None
    """What it was answered instead."""


class Calls:
    """The calls of one run of a process since its last record: the observer of its steps."""

    def __init__(self, hears: Callable[[Any], object]) -> None:
        """`hears` is told every document, request or answer, as it was."""
        self._hears = hears
        self._kept: list[Document] = []

    async def observe(
        self,
        operation: Operation,
        arguments: Mapping[str, Any],
        call: Callable[[Operation, Callable[[Context], Awaitable[Any]]], Awaitable[Any]],
        send: Callable[[Context], Awaitable[Any]],
    ) -> Any:
        """Have it called, and keep what was asked and answered."""
        started, began = now(), perf_counter()
        noted: Document = {"operation": operation.full_name, "method": operation.method, "sent": 0}

        async def sent(context: Context) -> Any:
            noted.update(sent=noted["sent"] + 1, key=context.idempotency_key, trace=context.traceparent)
            return await send(context)

        answer, trouble = None, None
        try:
            answer = await call(operation, sent)
        except asyncio.CancelledError:
            trouble = Trouble.of(DeadlineExceeded("Nobody waited for the answer any longer."))
            raise
        except Exception as error:
            trouble = Trouble.of(error)
            raise
        finally:
            noted.update(started=started, seconds=round(perf_counter() - began, 6))
            noted["status"] = trouble.status if trouble else operation.declared.status
            if trouble:
                noted["problem"] = trouble.model_dump(mode="json")
            self._keep(noted, operation, arguments, answer)
        return answer

    def _keep(self, noted: Document, operation: Operation, arguments: Mapping[str, Any], answer: Any) -> None:
        personal: Document = {}
        try:
            self._show(noted, "request", arguments, personal, _personal_arguments(operation))
            if answer is not None:
                self._show(noted, "answer", answer, personal)
            if personal:
                noted["personal"] = personal if len(orjson.dumps(personal)) <= LARGEST else {}
        except Exception:  # the step goes on whatever it was answered, be it no JSON at all
            log.warning("%s asked or answered what cannot be kept", operation.full_name, exc_info=True)
            noted = {**noted, "request": NOTHING, "answer": NOTHING, "personal": {}}
        self._kept.append(noted)
        if len(self._kept) > MOST:
            del self._kept[MOST // 2]

    def _show(
        self,
        noted: Document,
        name: str,
        value: Any,
        personal: Document,
        marked: frozenset[str] = frozenset(),
    ) -> None:
        document: Any = to_jsonable_python(value, by_alias=False, fallback=_plain)
        if not isinstance(document, dict):  # no model: an answer that is a list or a text
            value, document = {"value": value}, {"value": document}
        self._hears(document)
        mask(value, document, f"/{name}", personal, marked)
        noted[name] = bounded(cast("Document", document))

    def take(self) -> str:
        """Those since the last time, packed; "" where there were none."""
        kept, self._kept = self._kept, []
        return b64encode(zlib.compress(orjson.dumps(kept), 1)).decode() if kept else ""


def read_calls(packed: str, *, unmasked: bool = False) -> tuple[Call, ...]:
    """The calls that a record keeps; `unmasked` with the personal data in them."""
    if not packed:
        return ()
    found: list[Document] = orjson.loads(zlib.decompress(b64decode(packed)))
    return tuple(_read(noted, unmasked=unmasked) for noted in found)


def _read(noted: Document, *, unmasked: bool) -> Call:
    personal = noted.pop("personal", {})
    for pointer, value in personal.items() if unmasked else ():
        unmask(noted, pointer, value)
    try:
        return Call.model_validate_json(orjson.dumps(noted))
    except ValidationError:  # another system's answer may be JSON that we do not take in
        return Call.model_validate_json(orjson.dumps({**noted, "request": NOTHING, "answer": NOTHING}))


@cache
def _personal_arguments(operation: Operation) -> frozenset[str]:
    return frozenset(found.name for found in operation.parameters if is_personal(found.annotation))


def _plain(value: Any) -> Any:
    """The JSON of what pydantic does not know: of a patch what it changes, of anything else nothing."""
    return thaw(cast("Patch[Any]", value).changes) if isinstance(value, Patch) else MASK
