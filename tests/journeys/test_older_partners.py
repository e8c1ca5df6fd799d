"""Partners that built against an earlier version: what they send and get today is what they got then."""

import re
from datetime import date, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

from experiences.partner.contract import Partner
from systems.crm.contract import Crm
from systems.erp.contract import Erp
from systems.warehouse.contract import Warehouse
from tests.landscape import Landscape
from triptych.canonical.inventory import NewInventoryLevel, NewLocation
from triptych.canonical.money import Money
from triptych.canonical.party import NewCustomer
from triptych.canonical.product import NewProduct

REPLAYS = Path(__file__).with_name("replays")
ABSENT = "nothing"
Json = dict[str, Any]
DAYS = [day.isoformat() for day in Partner.dated.dates]


class Replay:
    """One recording, with what it was filled in with."""

    def __init__(self, **made: str) -> None:
        self._made = made
        self._bound: dict[str, Any] = {}

    def filled(self, value: Any) -> Any:
        """What is sent, with everything in its place."""
        match value:
            case dict():
                return {key: self.filled(one) for key, one in cast("Json", value).items()}
            case list():
                return [self.filled(one) for one in cast("list[Any]", value)]
            case str():
                text = re.sub(r"\{(\w+)\}", lambda found: self._made[found[1]], value)
                return re.sub(r"<(\w+)>", lambda found: str(self._bound[found[1]]), text)
            case _:
                return value

    def differences(self, recorded: Any, got: Any, at: str = "") -> list[str]:
        """Where an answer is other than it was recorded."""
        match recorded, got:
            case dict(), dict():
                then, now = cast("Json", recorded), cast("Json", got)
                pairs = [(key, then.get(key, ABSENT), now.get(key, ABSENT)) for key in {**then, **now}]
            case list(), list() if len(cast("list[Any]", recorded)) == len(cast("list[Any]", got)):
                both = zip(cast("list[Any]", recorded), cast("list[Any]", got), strict=True)
                pairs = [(str(index), one, other) for index, (one, other) in enumerate(both)]
            case str(), _:
                return self._told(recorded, got, at)
            case _:
                return [] if recorded == got else [f"{at}: {got!r}, but it was {recorded!r}"]
        return [found for key, one, other in pairs for found in self.differences(one, other, f"{at}/{key}")]

    def _told(self, recorded: str, got: Any, at: str) -> list[str]:
        if recorded == "<any>" and got != ABSENT:
            return []
        if name := re.fullmatch(r"<(\w+)>", recorded):
            wanted = self._bound.setdefault(name[1], got)
        else:
            wanted = self.filled(recorded)
        return [] if wanted == got else [f"{at}: {got!r}, but it was {wanted!r}"]


async def replay(landscape: Landscape, recording: str, headers: dict[str, str], version: str) -> None:
    """Send everything that was recorded, and compare what comes."""
    client, sku = landscape.client, f"TEA-{token_hex(4)}".upper()
    await client(Erp).products.create(NewProduct(sku=sku, name="Chai", price=Money.of("18.00", "EUR")))
    location = await client(Warehouse).locations.create(NewLocation(code=token_hex(4), name="Berlin"))
    level = NewInventoryLevel(sku=sku, location_id=location.id, on_hand=50)
    await client(Warehouse).inventory.create(level)
    replaying = Replay(sku=sku, unique=token_hex(4))
    for step in yaml.safe_load((REPLAYS / f"partner.{recording}.yaml").read_text(encoding="utf-8")):
        method, path = replaying.filled(step["request"]).split(" ")
        key = {"idempotency-key": token_hex(8)} if method == "POST" else {}
        body = replaying.filled(step["body"]) if "body" in step else None
        answer = await landscape.http.request(method, path, json=body, headers={**headers, **key})
        found = answer.json()
        what = f"{step['does']}: {answer.status_code} {found}"
        assert answer.status_code == step["status"], what
        assert answer.headers["triptych-version"] == version, what
        assert replaying.differences(step.get("answer", "<any>"), found) == [], what
        assert [error["pointer"] for error in found.get("errors", ())] == step.get("errors", []), what
        if "link" in step:
            assert _parts(answer.links["next"]["url"]) == _parts(replaying.filled(step["link"]))


def _parts(url: str) -> tuple[str, list[tuple[str, str]]]:
    """Path and parameters; in which order these come means nothing."""
    parts = urlsplit(url)
    return parts.path, sorted(parse_qsl(parts.query))


async def partner(landscape: Landscape, pinned: str = "") -> dict[str, str]:
    """The token of a client that may order."""
    customer = await landscape.client(Crm).customers.create(NewCustomer(name="Acme Tea House"))
    return await landscape.token("partner:read", "partner:order", customer_id=customer.id, pinned=pinned)


def test_every_version_is_recorded() -> None:
    assert sorted(path.name for path in REPLAYS.iterdir()) == [f"partner.{day}.yaml" for day in DAYS]


@pytest.mark.parametrize("day", DAYS)
async def test_what_was_recorded_is_answered_to_whoever_asks_for_that_version(
    landscape: Landscape, day: str
) -> None:
    headers = await partner(landscape)
    await replay(landscape, day, {**headers, "triptych-version": day}, day)


@pytest.mark.parametrize("day", DAYS)
async def test_what_was_recorded_is_answered_to_whoever_is_pinned_to_a_day_of_that_version(
    landscape: Landscape, day: str
) -> None:
    later = (date.fromisoformat(day) + timedelta(days=10)).isoformat()
    await replay(landscape, day, await partner(landscape, pinned=later), day)


async def test_a_new_partner_gets_the_newest_version(landscape: Landscape) -> None:
    await replay(landscape, DAYS[-1], await partner(landscape), DAYS[-1])
