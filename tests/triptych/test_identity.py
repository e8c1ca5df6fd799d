"""The cross-reference: which native records are one thing, under concurrent writers and after mistakes."""

import asyncio
import random
import secrets
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from pydantic import SecretStr

from triptych.identity import MIGRATIONS, CrossReference, Native
from triptych.problems import Conflict
from triptych.secrets import Secrets
from triptych.settings import Settings
from triptych.storage import Storage

pytestmark = pytest.mark.xdist_group("crowds")  # one at a time: PostgreSQL takes 100 connections


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings that place storage on each of the two."""
    url = SecretStr(request.getfixturevalue("postgres_url")) if request.param == "postgresql" else None
    return Settings(data=tmp_path, database_url=url)


@pytest.fixture
async def references(settings: Settings) -> AsyncGenerator[list[CrossReference]]:
    """The same cross-reference, as two processes have it."""
    service = f"identity-{secrets.token_hex(5)}"
    async with Storage(settings, Secrets(settings)) as one, Storage(settings, Secrets(settings)) as two:
        yield [CrossReference(await storage.open(service, MIGRATIONS)) for storage in (one, two)]


@pytest.fixture
def reference(references: list[CrossReference]) -> CrossReference:
    return references[0]


async def test_a_linked_record_is_found_both_ways(reference: CrossReference) -> None:
    await reference.link("salesforce", "003A", "cus_1")
    await reference.link("stripe", "cus_x", "cus_1")
    assert await reference.canonical("salesforce", "003A") == "cus_1"
    assert await reference.natives("cus_1") == [Native("salesforce", "003A"), Native("stripe", "cus_x")]
    assert await reference.canonical("salesforce", "cus_x") is None
    assert await reference.natives("cus_2") == []


async def test_a_link_is_made_once_and_never_turned_silently(reference: CrossReference) -> None:
    await reference.link("erp", "1", "cus_1")
    await reference.link("erp", "1", "cus_1")
    with pytest.raises(Conflict, match="'1' in erp is linked to cus_1") as caught:
        await reference.link("erp", "1", "cus_2")
    assert caught.value.extra["canonical_id"] == "cus_1"
    assert await reference.claim("erp", "1", "cus_2") == "cus_1"


async def test_whoever_claims_a_record_at_the_same_time_gets_the_same_answer(
    references: list[CrossReference],
) -> None:
    claims = (references[number % 2].claim("erp", "1", f"cus_{number}") for number in range(20))
    answers = set(await asyncio.gather(*claims))
    assert len(answers) == 1
    assert await references[0].natives(answers.pop()) == [Native("erp", "1")]


async def test_after_a_merge_the_winner_stands_for_both(reference: CrossReference) -> None:
    await reference.link("crm", "a", "cus_a")
    await reference.link("erp", "b", "cus_b")
    assert await reference.merge("cus_a", "cus_b") == "cus_b"
    assert await reference.resolve("cus_a") == "cus_b"
    assert await reference.canonical("crm", "a") == "cus_b"
    assert await reference.natives("cus_a") == await reference.natives("cus_b")
    assert len(await reference.natives("cus_b")) == 2
    await reference.link("shop", "c", "cus_a")
    assert await reference.canonical("shop", "c") == "cus_b"
    assert await reference.claim("shop", "d", "cus_a") == "cus_b"


async def test_chains_of_merges_end_at_the_last_winner_in_one_step(reference: CrossReference) -> None:
    for number in range(5):
        await reference.link("erp", str(number), f"cus_{number}")
    for number in range(4):
        assert await reference.merge(f"cus_{number}", f"cus_{number + 1}") == f"cus_{number + 1}"
    assert {await reference.resolve(f"cus_{number}") for number in range(5)} == {"cus_4"}
    assert {await reference.canonical("erp", str(number)) for number in range(5)} == {"cus_4"}
    assert len(await reference.natives("cus_2")) == 5


async def test_merging_into_a_loser_means_its_winner(reference: CrossReference) -> None:
    await reference.merge("cus_a", "cus_b")
    assert await reference.merge("cus_c", "cus_a") == "cus_b"
    assert await reference.resolve("cus_c") == "cus_b"


async def test_merging_again_changes_nothing(reference: CrossReference) -> None:
    await reference.merge("cus_a", "cus_b")
    assert await reference.merge("cus_a", "cus_b") == "cus_b"


async def test_a_circle_is_refused(reference: CrossReference) -> None:
    with pytest.raises(Conflict, match="circle"):
        await reference.merge("cus_a", "cus_a")
    await reference.merge("cus_a", "cus_b")
    await reference.merge("cus_b", "cus_c")
    for loser, winner in (("cus_b", "cus_c"), ("cus_a", "cus_c"), ("cus_a", "cus_b")):
        assert await reference.merge(loser, winner) == "cus_c"
    for winner in ("cus_a", "cus_b"):
        with pytest.raises(Conflict, match="circle"):
            await reference.merge("cus_c", winner)
    assert await reference.resolve("cus_c") == "cus_c"


async def test_a_split_gives_records_to_another(reference: CrossReference) -> None:
    for native in "abc":
        await reference.link("erp", native, "cus_1")
    await reference.split("cus_1", [("erp", "b"), ("erp", "c")], "cus_2")
    assert await reference.natives("cus_1") == [Native("erp", "a")]
    assert await reference.natives("cus_2") == [Native("erp", "b"), Native("erp", "c")]


async def test_a_split_takes_a_wrong_merge_back(reference: CrossReference) -> None:
    await reference.link("crm", "a", "cus_a")
    await reference.link("erp", "a", "cus_a")
    await reference.link("erp", "b", "cus_b")
    await reference.merge("cus_a", "cus_b")
    await reference.split("cus_b", [("crm", "a")], "cus_a")
    assert await reference.resolve("cus_a") == "cus_a"
    assert await reference.natives("cus_a") == [Native("crm", "a")]
    assert await reference.natives("cus_b") == [Native("erp", "a"), Native("erp", "b")]
    assert await reference.merge("cus_b", "cus_a") == "cus_a"


async def test_a_split_that_makes_no_sense_changes_nothing(reference: CrossReference) -> None:
    await reference.link("erp", "a", "cus_1")
    await reference.link("erp", "b", "cus_2")
    await reference.merge("cus_3", "cus_2")
    with pytest.raises(Conflict, match="'b' in erp is not linked to cus_1"):
        await reference.split("cus_1", [("erp", "a"), ("erp", "b")], "cus_9")
    with pytest.raises(Conflict, match="it stands for cus_1"):
        await reference.split("cus_1", [("erp", "a")], "cus_1")
    with pytest.raises(Conflict, match="it stands for cus_2"):
        await reference.split("cus_1", [("erp", "a")], "cus_3")
    assert await reference.natives("cus_1") == [Native("erp", "a")]
    assert await reference.natives("cus_2") == [Native("erp", "b")]


async def test_merges_that_meet_never_make_a_circle(references: list[CrossReference]) -> None:
    """Everybody merges everything with everything; all agree in the end, and no record is lost."""
    names = [f"cus_{letter}" for letter in "abcdefg"]
    for name in names:
        await references[0].link("erp", name, name)
    pairs = [(loser, winner) for loser in names for winner in names if loser != winner]
    random.Random(3).shuffle(pairs)

    async def merge(number: int, loser: str, winner: str) -> None:
        try:
            await references[number % 2].merge(loser, winner)
        except Conflict as problem:
            assert "circle" in problem.detail  # noqa: PT017 - both outcomes are right

    await asyncio.gather(*(merge(number, *pair) for number, pair in enumerate(pairs)))
    winners = {await references[0].resolve(name) for name in names}
    assert len(winners) == 1
    assert len(await references[1].natives(winners.pop())) == len(names)


async def test_claims_and_merges_that_meet_agree(references: list[CrossReference]) -> None:
    one, two = references
    answers = await asyncio.gather(
        *(one.claim("erp", str(number), "cus_old") for number in range(10)),
        two.merge("cus_old", "cus_new"),
        *(two.claim("erp", str(number), "cus_old") for number in range(10)),
    )
    assert set(answers) <= {"cus_old", "cus_new"}
    assert {await one.canonical("erp", str(number)) for number in range(10)} == {"cus_new"}
