"""Three vendors' systems in one process that is never killed: an ERP, a billing and a marketing system.

They ignore idempotency keys and versions. Now and then they fail before an effect, and now and then they
have the effect and never answer; what they have not answered can be read five seconds later. Their ledger
says what they really did.
"""

import asyncio
import random
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

SHOWN_AFTER = 5.0
"""Seconds after which an effect can be read that nobody was told of."""
NEVER_ANSWERED = 30.0
HAPPENINGS = ("before", "error", "silence")


@dataclass
class Kept:
    """One thing, in the versions in which it was, each with the moment from which on it can be read."""

    versions: list[tuple[float, dict[str, Any]]] = field(default_factory=list[tuple[float, dict[str, Any]]])

    def readable(self) -> dict[str, Any] | None:
        """As it can be read now."""
        now = time.time()
        return next((one for since, one in reversed(self.versions) if since <= now), None)

    def tell(self) -> None:
        """Its last version was told to somebody, and can be read from now on."""
        _, last = self.versions[-1]
        self.versions[-1] = (time.time(), last)


class Vendors:
    """What the three keep, and how they misbehave."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.trouble = 0.0
        """The share of writes that go wrong."""
        self.failing = 0.0
        """The share of all calls of the billing system that fail after a second, with no effect."""
        self.kept: defaultdict[str, dict[str, Kept]] = defaultdict(dict)
        self.changed: defaultdict[str, list[Kept]] = defaultdict(list)
        """What was made or changed, in that order; of some of it the change cannot be read yet."""
        self.settled: dict[str, str] = {}
        """The settlement that each paid invoice of a supplier stands under."""
        self.ledger: list[dict[str, Any]] = []
        self.numbers = 0

    async def behave(self, request: Request) -> Response:
        """Take `trouble`, `failing`."""
        told = await request.json()
        self.trouble, self.failing = told.get("trouble", self.trouble), told.get("failing", self.failing)
        return JSONResponse({})

    async def books(self, request: Request) -> Response:
        """Everything that was ever done, in its order."""
        return JSONResponse(self.ledger)

    async def number(self, request: Request) -> Response:
        """The next number of an invoice."""
        self.numbers += 1
        return JSONResponse({"number": f"R-{self.numbers}"})

    async def settle(self, request: Request) -> Response:
        """Enter invoices into the ledger of what is paid, all of them or none."""
        told = await request.json()
        invoices, settlement = told["invoices"], told["settlement"]
        for paid in invoices:
            if self.settled.get(paid, settlement) != settlement:
                return JSONResponse({"paid": paid}, 409)
        self.settled |= dict.fromkeys(invoices, settlement)
        return JSONResponse({}, 503 if self.chance.random() < self.trouble else 200)

    async def changes(self, request: Request) -> Response:
        """What was made or changed after a position, as far as it can be read."""
        await self._slow()
        since, limit = int(request.query_params["since"]), int(request.query_params["limit"])
        changed = self.changed[_noun(request)]
        page = changed[since : since + limit]
        found = {id(kept): kept.readable() for kept in page}
        position = since + len(page)
        return JSONResponse(
            {
                "items": [one for one in found.values() if one],
                "position": position,
                "more": position < len(changed),
            }
        )

    async def find(self, request: Request) -> Response:
        """Those that can be read and have these values."""
        await self._slow()
        if self._fails(request):
            return await self._late()
        wanted = dict(request.query_params)
        readable = (kept.readable() for kept in self.kept[_noun(request)].values())
        found = [one for one in readable if one and all(str(one.get(key)) == wanted[key] for key in wanted)]
        return JSONResponse(found[:200])

    async def get(self, request: Request) -> Response:
        """One, if it can be read."""
        await self._slow()
        if self._fails(request):
            return await self._late()
        kept = self.kept[_noun(request)].get(request.path_params["id"])
        found = kept.readable() if kept else None
        return JSONResponse(found or {}, 200 if found else 404)

    async def create(self, request: Request) -> Response:
        """Make one, whatever was asked before."""
        given = await request.json()
        noun = _noun(request)

        def effect() -> Kept:
            now = _moment()
            made = {**given, "id": f"{given['id']}_{len(self.kept[noun]) + 1:026d}"}
            made |= {"version": 1, "created_at": now, "updated_at": now}
            kept = self.kept[noun][made["id"]] = Kept([(time.time() + SHOWN_AFTER, made)])
            self._enter(request, "create", made, kept)
            return kept

        return await self._done(request, effect)

    async def change(self, request: Request) -> Response:
        """Change one, whatever it is by now."""
        changes = await request.json()
        kept = self.kept[_noun(request)].get(request.path_params["id"])
        if kept is None:
            return JSONResponse({}, 404)

        def effect() -> Kept:
            _, last = kept.versions[-1]
            following = {**last, **changes, "version": last["version"] + 1, "updated_at": _moment()}
            kept.versions.append((time.time() + SHOWN_AFTER, following))
            self._enter(request, "change", following, kept)
            return kept

        return await self._done(request, effect)

    async def _done(self, request: Request, effect: Any) -> Response:
        await self._slow()
        if self._fails(request):
            return await self._late()
        happens = self.chance.choice(HAPPENINGS) if self.chance.random() < self.trouble else ""
        if happens == "before":
            return JSONResponse({}, 503)
        kept: Kept = effect()
        answer = kept.versions[-1][1]
        if happens == "error":
            return JSONResponse({}, 503)
        if happens == "silence":
            await asyncio.sleep(NEVER_ANSWERED)
            return JSONResponse({}, 504)
        await self._slow()
        if not await request.is_disconnected():
            kept.tell()
        return JSONResponse(answer)

    def _enter(self, request: Request, verb: str, document: dict[str, Any], kept: Kept) -> None:
        noun = _noun(request)
        self.changed[noun].append(kept)
        order = document["id"] if noun == "erp/orders" else document.get("order_id", "")
        bought = document["id"] if noun == "erp/purchase_orders" else document.get("purchase_order_id", "")
        money: dict[str, Any] = (
            document.get("captured") or document.get("total") or document.get("amount") or {}
        )
        self.ledger.append(
            {
                "at": time.time(),
                "what": f"{noun} {document.get('status', '')}".strip()
                if verb == "change"
                else f"{noun} made",
                "id": document["id"],
                "order": order,
                "purchase": bought,
                "settles": document.get("invoice_ids", []),
                "lines": document.get("lines", []),
                "reference": document.get("reference") or document.get("external_id") or "",
                "amount": money.get("amount_minor", 0),
            }
        )

    async def _slow(self) -> None:
        await asyncio.sleep(self.chance.uniform(0, 0.01))

    def _fails(self, request: Request) -> bool:
        return request.path_params["system"] == "billing" and self.chance.random() < self.failing

    async def _late(self) -> Response:
        await asyncio.sleep(1.0)
        return JSONResponse({}, 503)


def _noun(request: Request) -> str:
    return f"{request.path_params['system']}/{request.path_params['noun']}"


def _moment() -> str:
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}Z"


def application(seed: int) -> Starlette:
    """The three, as one application."""
    vendors = Vendors(seed)
    return Starlette(
        routes=[
            Route("/behave", vendors.behave, methods=["POST"]),
            Route("/ledger", vendors.books),
            Route("/number", vendors.number, methods=["POST"]),
            Route("/settle", vendors.settle, methods=["POST"]),
            Route("/changes/{system}/{noun}", vendors.changes),
            Route("/{system}/{noun}", vendors.find),
            Route("/{system}/{noun}", vendors.create, methods=["POST"]),
            Route("/{system}/{noun}/{id}", vendors.get),
            Route("/{system}/{noun}/{id}", vendors.change, methods=["PUT"]),
        ]
    )
