"""Processes of one kind, as a contract offers them: over the wire's own shapes, without words of its own."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from triptych.assembly.platform import Platform
from triptych.contract import Asked, Instances, ProcessApi, flow, operations, settled
from triptych.engine import Carried, ProcessEngine, Step
from triptych.problems import Conflict, InvalidState, NotFound
from triptych.settings import Settings


class NewLoan(Asked):
    """A book that somebody wants."""

    title: str


class Loan(NewLoan):
    """What is known of a loan."""

    shelf: str | None = None


class Library(ProcessApi, version=1, owner="library"):
    """Loans, from the shelf to the counter."""

    loans: Instances[Loan, NewLoan]
    lent = flow(
        "Books are lent.",
        pace="near-real-time",
        owner="library",
        failure="A reader waits.",
        within=timedelta(minutes=5),
    )


@dataclass
class Stacks:
    """Where the books are; nobody is let in until the door is open."""

    door: asyncio.Event = field(default_factory=asyncio.Event)
    fetched: list[str] = field(default_factory=list[str])


STACKS = Stacks()


class LibraryService(Library):
    """Fetches the book, and hands it out."""

    def __init__(self, engine: ProcessEngine) -> None:
        steps = [
            Step("fetch", self.fetch, undo=self.put_back, reaches="fetched"),
            Step("hand-out", self.hand_out, final=True),
        ]
        self.loans = Carried(engine.saga("library.loan", version=1, steps=steps, state=Loan))

    async def fetch(self, loan: Loan) -> dict[str, str]:
        """From its shelf."""
        if loan.title == "Nowhere":
            raise NotFound("There is no such book.")
        await STACKS.door.wait()
        STACKS.fetched.append(loan.title)
        return {"shelf": "A 7"}

    async def put_back(self, loan: Loan) -> None:
        """Onto its shelf."""
        STACKS.fetched.remove(loan.title)

    async def hand_out(self, loan: Loan) -> None:
        """At the counter."""


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncGenerator[Platform]:
    """A library with nobody in it."""
    STACKS.door, STACKS.fetched = asyncio.Event(), []
    async with Platform(Settings(data=tmp_path), {"library": LibraryService}) as platform:
        yield platform


async def test_a_loan_is_begun_once_followed_and_seen_at_its_end(platform: Platform):
    loans = platform.client(Library).loans
    begun = await loans.begin(NewLoan(id="l1", title="Emma"))
    seen = asyncio.create_task(follow(loans, "l1"))
    STACKS.door.set()
    ended = await settled(loans, "l1")
    again = await loans.begin(NewLoan(id="l1", title="Emma"))
    assert (begun.phase, begun.status, begun.data.shelf) == ("running", "accepted", None)
    assert (ended.phase, ended.status, ended.data.shelf) == ("completed", "fetched", "A 7")
    assert [line.step for line in ended.timeline] == ["fetch", "hand-out"]
    assert again == ended == await loans.get("l1") == (await seen)[-1]
    assert STACKS.fetched == ["Emma"]


async def follow(loans: Instances[Loan, NewLoan], id: str) -> list[object]:
    """Everything that is told of a loan."""
    return [found async for found in loans.follow(id)]


async def test_the_same_id_for_something_else_is_refused_and_the_first_goes_on(platform: Platform):
    loans = platform.client(Library).loans
    STACKS.door.set()
    await loans.begin(NewLoan(id="l1", title="Emma"))
    with pytest.raises(Conflict, match="begun for something else"):
        await loans.begin(NewLoan(id="l1", title="Persuasion"))
    assert (await settled(loans, "l1")).data.title == "Emma"


async def test_a_loan_that_is_called_off_puts_the_book_back_and_one_refused_says_why(platform: Platform):
    loans = platform.client(Library).loans
    await loans.begin(NewLoan(id="l1", title="Emma"))
    called_off = await loans.cancel("l1")
    STACKS.door.set()
    assert called_off.cancelling
    assert (await settled(loans, "l1")).phase == "cancelled"
    assert STACKS.fetched == []
    await loans.begin(NewLoan(id="l2", title="Nowhere"))
    refused = await settled(loans, "l2")
    assert refused.problem
    assert (refused.phase, refused.problem.detail) == ("rejected", "There is no such book.")
    with pytest.raises(InvalidState):
        await loans.cancel("l2")
    with pytest.raises(NotFound):
        await loans.get("l3")


def test_its_operations_are_those_of_one_resource():
    found = {each.name: (each.method, each.path, each.location, each.summary) for each in operations(Library)}
    assert found == {
        "loans.begin": ("POST", "/loans", "/loans/{id}", "Begin loans"),
        "loans.get": ("GET", "/loans/{id}", "", "Get loans"),
        "loans.follow": ("GET", "/loans/{id}/events", "", "Follow loans"),
        "loans.cancel": ("POST", "/loans/{id}/cancel", "/loans/{id}", "Cancel loans"),
    }
