"""Events reach whoever subscribed: once in effect, in the order of each subject, whatever fails."""

import asyncio
from collections import Counter

import pytest

from systems.crm.contract import Crm
from systems.support.contract import Support
from systems.support.service import SupportService
from tests.triptych.events.conftest import running, until
from tests.triptych.events.welcome import DeafService, WelcomeService, greetings
from triptych.assembly.discovery import AssemblyError
from triptych.assembly.platform import Platform
from triptych.canonical.party import Customer, NewCustomer
from triptych.contract import Happened, Patch, on
from triptych.events.desk import DeliveryDesk
from triptych.problems import Conflict, InvalidState, NotFound, Unavailable
from triptych.settings import Settings

LANDSCAPE = ("crm", "support")


def desk_of(platform: Platform) -> DeliveryDesk:
    assert platform.log is not None
    return DeliveryDesk(platform.log.database, platform.log.bell)


async def logged(platform: Platform, customer: Customer) -> None:
    """Wait until the log has an event of the customer."""
    log = platform.log
    assert log is not None

    async def seen() -> bool:
        return bool(await log.of_customer(customer.id, after=0))

    await until(seen)


async def entered(platform: Platform, *names: str) -> list[Customer]:
    """New customers."""
    crm = platform.client(Crm)
    return [await crm.customers.create(NewCustomer(name=name)) for name in names]


async def renamed(platform: Platform, customer: Customer, name: str) -> Customer:
    customers = platform.client(Crm).customers
    return await customers.update(customer.id, Patch[NewCustomer]({"name": name}), "*")


async def greeted(platform: Platform, customer: Customer, *expected: str) -> None:
    """Wait for these effects; any other order, or one more, is wrong."""
    support = platform.client(Support)

    async def seen() -> bool:
        return len(await greetings(support, customer.id)) >= len(expected)

    await until(seen)
    assert await greetings(support, customer.id) == list(expected)


async def test_what_is_told_has_its_effect_once_and_in_order(settings: Settings) -> None:
    async with running(settings, *LANDSCAPE, hears=WelcomeService) as platform:
        ada, bob = await entered(platform, "Ada", "Bob")
        for name in ("Ada L", "Ada Lovelace"):
            await renamed(platform, ada, name)
        await greeted(platform, ada, "version 1", "version 2", "version 3")
        await greeted(platform, bob, "version 1")


async def test_what_is_told_from_another_process_is_heard(settings: Settings) -> None:
    async with (
        running(settings, "support", hears=WelcomeService, replica="here") as hears,
        running(settings, "crm", replica="there") as tells,
    ):
        (ada,) = await entered(tells, "Ada")
        await greeted(hears, ada, "version 1")


async def test_who_was_away_is_told_afterwards_and_who_came_later_is_not(settings: Settings) -> None:
    async with running(settings, *LANDSCAPE, hears=DeafService) as platform:
        (early,) = await entered(platform, "Early")
        await logged(platform, early)
    async with running(settings, *LANDSCAPE, hears=WelcomeService):
        pass
    async with running(settings, "crm") as platform:
        (ada,) = await entered(platform, "Ada")
    async with running(settings, *LANDSCAPE, hears=WelcomeService) as platform:
        await greeted(platform, ada, "version 1")
        assert await greetings(platform.client(Support), early.id) == []


async def test_what_fails_for_a_while_is_tried_again_and_only_its_own_subject_waits(
    settings: Settings,
) -> None:
    tried = Counter[str]()
    lifted = asyncio.Event()

    class Flaky(WelcomeService):
        async def before(self, happened: Happened[Customer]) -> None:
            tried[happened.data.name] += 1
            if happened.data.name == "Ada" and not lifted.is_set():
                raise Unavailable("not now")

    async with running(settings, *LANDSCAPE, hears=Flaky, step_attempts=1000) as platform:
        ada, bob = await entered(platform, "Ada", "Bob")
        await renamed(platform, ada, "Ada Lovelace")
        await greeted(platform, bob, "version 1")

        async def tried_often() -> bool:
            return tried["Ada"] >= 3

        await until(tried_often)
        assert tried["Ada Lovelace"] == 0
        lifted.set()
        await greeted(platform, ada, "version 1", "version 2")


async def test_what_is_refused_is_a_dead_letter_that_holds_its_own_subject_until_it_is_replayed(
    settings: Settings,
) -> None:
    refusing = [True]

    class Refusing(WelcomeService):
        async def before(self, happened: Happened[Customer]) -> None:
            if happened.data.name == "Ada" and refusing[0]:
                raise Conflict("We have another Ada.")

    async with running(settings, *LANDSCAPE, hears=Refusing) as platform:
        desk = desk_of(platform)
        ada, bob = await entered(platform, "Ada", "Bob")
        await renamed(platform, ada, "Ada Lovelace")
        await greeted(platform, bob, "version 1")

        async def waits_behind() -> bool:
            return any(one.event.subject == ada.id and one.behind == 1 for one in await desk.list("dead"))

        await until(waits_behind)
        (dead,) = [one for one in await desk.list("dead") if one.event.subject == ada.id]
        assert (dead.subscriber, dead.attempts) == ("welcome.greet", 1)
        assert dead.trouble is not None
        assert (dead.trouble.status, dead.trouble.detail) == (409, "We have another Ada.")
        assert dead.event.type == Crm.customer_created.type
        assert await greetings(platform.client(Support), ada.id) == []

        refusing[0] = False
        await desk.replay(dead.id)
        await greeted(platform, ada, "version 1", "version 2")
        assert (await desk.show(dead.id)).state == "done"
        with pytest.raises(InvalidState, match="is done"):
            await desk.replay(dead.id)


async def test_a_dead_letter_that_is_discarded_lets_the_next_one_go(settings: Settings) -> None:
    class Failing(WelcomeService):
        async def before(self, happened: Happened[Customer]) -> None:
            if happened.data.name == "Ada":
                raise Unavailable("never")

    async with running(settings, *LANDSCAPE, hears=Failing) as platform:
        desk = desk_of(platform)
        (ada,) = await entered(platform, "Ada")

        async def dead() -> bool:
            return any(one.event.subject == ada.id for one in await desk.list("dead"))

        await until(dead)
        await renamed(platform, ada, "Ada Lovelace")
        (letter,) = [one for one in await desk.list("dead") if one.event.subject == ada.id]
        assert letter.attempts == settings.step_attempts
        discarded = await desk.discard(letter.id, "She was greeted by hand.")
        assert (discarded.state, discarded.reason) == ("discarded", "She was greeted by hand.")
        await greeted(platform, ada, "version 2")
        with pytest.raises(NotFound, match="no delivery"):
            await desk.discard("evt_none:welcome.greet", "?")


async def test_an_effect_whose_end_was_not_heard_of_is_not_done_twice(settings: Settings) -> None:
    told = Counter[str]()

    class Forgetful(WelcomeService):
        async def after(self, happened: Happened[Customer]) -> None:
            told[happened.id] += 1
            if told[happened.id] < 3:
                raise Unavailable("the answer was lost")

    async with running(settings, *LANDSCAPE, hears=Forgetful) as platform:
        (ada,) = await entered(platform, "Ada")
        await greeted(platform, ada, "version 1")

        async def done() -> bool:
            return max(told.values()) == 3

        await until(done)
        assert await greetings(platform.client(Support), ada.id) == ["version 1"]


async def test_an_event_that_two_relays_move_is_logged_and_delivered_once(settings: Settings) -> None:
    async with running(settings, *LANDSCAPE, hears=WelcomeService) as platform:
        assert platform.log is not None
        (ada,) = await entered(platform, "Ada")
        await greeted(platform, ada, "version 1")
        logged = (await platform.log.of_customer(ada.id, after=0))[0]  # her tickets are told of later
        assert await platform.log.append([logged.event, logged.event]) == 0
        (bob,) = await entered(platform, "Bob")
        await greeted(platform, bob, "version 1")
        await greeted(platform, ada, "version 1")


async def test_two_couriers_share_the_work_and_keep_the_order(settings: Settings) -> None:
    async with (
        running(settings, *LANDSCAPE, hears=WelcomeService, replica="one") as first,
        running(settings, *LANDSCAPE, hears=WelcomeService, replica="two"),
    ):
        customers = await entered(first, *(f"Customer {number}" for number in range(6)))
        for version in range(2, 6):
            await asyncio.gather(*(renamed(first, one, f"Name {version}") for one in customers))
        for customer in customers:
            await greeted(first, customer, *(f"version {version}" for version in range(1, 6)))


async def test_a_subscription_that_ends_is_told_nothing_new_and_loses_nothing(settings: Settings) -> None:
    async with running(settings, *LANDSCAPE, hears=WelcomeService):
        pass
    async with running(settings, "crm") as platform:
        (ada,) = await entered(platform, "Ada")
        await logged(platform, ada)
    async with running(settings, *LANDSCAPE, hears=DeafService) as platform:
        (bob,) = await entered(platform, "Bob")
        await logged(platform, bob)
        waiting = [one.event.subject for one in await desk_of(platform).list("waiting")]
        assert ada.id in waiting
        assert bob.id not in waiting


def test_a_system_does_not_hear_another_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    class Listening(SupportService):
        @on(Crm.customer_created)
        async def greet(self, happened: Happened[Customer]) -> None:
            """It should not."""

    async def assembled() -> None:
        settings = Settings(data=tmp_path_factory.mktemp("data"))
        async with Platform(settings, {"support": Listening}):
            pass

    with pytest.raises(AssemblyError, match="system APIs hear only the tiers below them"):
        asyncio.run(assembled())
