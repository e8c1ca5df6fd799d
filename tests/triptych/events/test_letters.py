"""Deliveries that nobody could take are dead letters among all others, for operators and their commands."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest

from systems.crm.contract import Crm
from systems.support.contract import Support
from tests.triptych.events.conftest import running, until
from tests.triptych.events.welcome import WelcomeService, greetings
from triptych.assembly.platform import Platform
from triptych.canonical.party import Customer, NewCustomer
from triptych.contract import Happened
from triptych.engine.letters import LetterQuery
from triptych.events.letters import DeliveryLetters
from triptych.operations.contract import Operations
from triptych.operations.views import DiscardLetter, EditLetter, LetterFilter, ReplayLetters
from triptych.problems import Conflict, InvalidState, NotFound, Unavailable
from triptych.settings import Settings

FAULTS: dict[str, Exception] = {}
"""What goes wrong for whom, as tests say."""


class Troubled(WelcomeService):
    """Refuses some."""

    async def before(self, happened: Happened[Customer]) -> None:
        if (fault := FAULTS.get(happened.data.name)) is not None:
            raise fault


@pytest.fixture
async def platform(settings: Settings) -> AsyncGenerator[Platform]:
    """Everything that operators need, and nothing wrong yet."""
    FAULTS.clear()
    async with running(settings, "crm", "support", "operations", hears=Troubled) as platform:
        yield platform


async def dead(platform: Platform, *names: str) -> list[Customer]:
    """Customers whose welcome is a dead letter."""
    customers = [await platform.client(Crm).customers.create(NewCustomer(name=name)) for name in names]
    assert platform.log is not None
    letters = DeliveryLetters(platform.log)

    async def all_dead() -> bool:
        found = await letters.find(LetterQuery(flow="welcome.greet"), limit=1000)
        subjects = [(await letters.show(letter.id)).payload["id"] for letter in found]
        return all(customer.id in subjects for customer in customers)

    await until(all_dead)
    return customers


async def test_a_dead_delivery_is_found_shown_and_replayed_like_a_dead_process(platform: Platform) -> None:
    FAULTS.update(Grace=Conflict("We have another Grace."), Alan=Unavailable("The post is on strike."))
    began = datetime.now(UTC) - timedelta(seconds=1)
    grace, alan = await dead(platform, "Grace", "Alan")
    operations = platform.client(Operations)

    async def found(**query: object) -> list[str]:
        asked = LetterFilter.model_validate({"since": began, **query})
        return [letter.error for letter in (await operations.dead_letters(asked)).items]

    assert sorted(await found()) == ["Conflict", "Unavailable"]
    assert await found(service="welcome", step=Crm.customer_created.type, error="Conflict") == ["Conflict"]
    assert await found(text="ON STRIKE") == ["Unavailable"]
    assert await found(flow="welcome.other") == await found(service="crm") == []
    (letter,) = (await operations.dead_letters(LetterFilter(since=began, error="Unavailable"))).items
    assert (letter.attempts, letter.flow) == (3, "welcome.greet")
    assert (await operations.payload(letter.id)).payload["id"] == alan.id

    FAULTS.clear()
    again = await operations.replay_dead_letters(ReplayLetters(since=began))
    assert len(again.ids) == 2
    support = platform.client(Support)

    async def greeted() -> bool:
        return [await greetings(support, one.id) for one in (grace, alan)] == [["version 1"]] * 2

    await until(greeted)
    assert await found() == []


async def test_a_dead_delivery_is_not_mended_but_discarded_with_a_reason(platform: Platform) -> None:
    FAULTS["Eve"] = Conflict("No.")
    (eve,) = await dead(platform, "Eve")
    operations = platform.client(Operations)
    (letter,) = (await operations.dead_letters(LetterFilter(text="no."))).items
    with pytest.raises(InvalidState, match="says what has happened"):
        await operations.edit_dead_letter(letter.id, EditLetter(patch={"name": "Adam"}, reason="A mistake."))
    with pytest.raises(InvalidState, match="could be undone"):
        await operations.discard_dead_letter(letter.id, DiscardLetter(reason="Known to us.", undo=True))
    await operations.discard_dead_letter(letter.id, DiscardLetter(reason="Known to us."))
    with pytest.raises(NotFound):
        await operations.dead_letter(letter.id)
    assert await greetings(platform.client(Support), eve.id) == []


async def test_dead_deliveries_are_listed_page_by_page(platform: Platform) -> None:
    FAULTS.update({f"Customer {number}": Conflict(f"Page {number}.") for number in range(5)})
    await dead(platform, *FAULTS)
    operations, cursor, seen = platform.client(Operations), None, list[str]()
    while True:
        page = await operations.dead_letters(LetterFilter(text="page", limit=2, cursor=cursor))
        seen += [letter.problem.detail for letter in page.items if letter.problem]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == [f"Page {number}." for number in range(5)]
