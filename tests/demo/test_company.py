"""The company is the same each time, however often, how large and in how many pieces it is seeded."""

import pytest

from demo.company import STAGES
from demo.seeder import Seeder
from demo.sizes import at_least, scaled
from tests.demo.conftest import Company, Founding
from triptych.context import current
from triptych.problems import IdempotencyKeyInFlight, InvalidState


async def test_two_companies_of_one_size_are_the_same(small: Company, found: Founding) -> None:
    async with found(0.2) as twin:
        await twin.seed()
        assert await twin.books() == await small.books()


async def test_a_larger_company_has_what_a_smaller_one_has_and_more(
    small: Company, meridian: Company
) -> None:
    few, many = small.kept, meridian.kept
    for collection, key in KEYED.items():
        smaller = {item[key]: item for item in few[collection]}
        larger = {item[key]: item for item in many[collection]}
        assert smaller.keys() < larger.keys()
        for number, item in smaller.items():
            assert {name: item[name] for name in TERMS & item.keys()} == {
                name: larger[number][name] for name in TERMS & item.keys()
            }


KEYED = {
    "crm.customers": "external_id",
    "crm.leads": "external_id",
    "erp.products": "sku",
    "commerce.catalogue": "sku",
    "support.tickets": "external_id",
    "hr.employees": "external_id",
    "marketplace.listings": "external_id",
}
TERMS = {"name", "email", "phone", "price", "description", "subject", "status", "gtin", "tags"}


async def test_seeding_again_changes_nothing(found: Founding) -> None:
    async with found(0.1) as company:
        await company.seed()
        before, access = await company.records(), company.access
        await company.seed()
        assert await company.records() == before
        assert company.access == access


@pytest.mark.parametrize("pieces", [20, 70])
async def test_a_start_that_was_cut_off_is_finished_by_the_next_one(
    found: Founding, small: Company, pieces: int
) -> None:
    def cut_off(what: str, done: int, total: int) -> None:
        if done == pieces:
            raise InterruptedError(what)

    async with found(0.2) as company:
        with pytest.raises(InterruptedError):
            await company.seed(progress=cut_off)
        await company.seed()
        assert await company.books() == await small.books()


async def test_a_start_that_was_cut_off_may_be_finished_in_a_larger_size(
    found: Founding, small: Company
) -> None:
    def cut_off(what: str, done: int, total: int) -> None:
        if what == "quotes":  # campaigns come after them, and are sent to as many as there are then
            raise InterruptedError(what)

    async with found(0.1) as company:
        with pytest.raises(InterruptedError):
            await company.seed(progress=cut_off)
        await company.seed(scale=0.2)
        assert await company.books() == await small.books()


def unheard(what: str, done: int, total: int) -> None:
    """Progress that nobody listens to."""


async def test_a_write_that_comes_too_early_is_tried_again_with_the_same_key(small: Company) -> None:
    keys: list[str | None] = []

    async def write(number: int) -> int:
        keys.append(current().idempotency_key)
        if len(keys) == 1:
            raise IdempotencyKeyInFlight("A killed process has claimed the key.")
        return number

    assert await Seeder(small.platform, unheard, 1).each("odd things", 1, write) == [0]
    assert keys == ["demo/odd-things/0"] * 2


async def test_a_write_that_is_wrong_ends_the_seeding_with_what_was_wrong(small: Company) -> None:
    async def write(number: int) -> int:
        raise InvalidState(f"{number} cannot be")

    with pytest.raises(InvalidState, match="0 cannot be"):
        await Seeder(small.platform, unheard, 9).each("things", 9, write)


async def test_the_smallest_company_is_whole(found: Founding) -> None:
    async with found(0.001) as company:
        await company.seed()
        records = await company.records()
    assert len(records["crm.customers"]) == 3
    assert [item["sku"] for item in records["erp.products"]] == ["TEA-CHAI-10"]
    assert [item["status"] for item in records["erp.orders"]] == ["fulfilled"]
    known = {client.client_id: client.customer_id for client in company.access.clients}
    assert known["partner-acme"] == records["crm.customers"][0]["id"]


async def test_progress_is_told_from_the_first_thing_to_the_last(meridian: Company) -> None:
    total = sum(part.count(1) for stage in STAGES for part in stage if part.what != "partner orders")
    assert [done for _, done, _ in meridian.told] == list(range(1, total + 1))
    assert {whole for _, _, whole in meridian.told} == {total}
    assert {what for what, _, _ in meridian.told} == meridian.access.facts.keys()


async def test_the_facts_count_what_is_there(meridian: Company) -> None:
    records = meridian.kept
    facts = meridian.access.facts
    assert int(facts["customers"]) == len(records["crm.customers"]) == 60
    assert int(facts["products"]) == len(records["erp.products"]) == 40
    assert int(facts["orders"]) == len(records["erp.orders"]) == 24
    assert int(facts["tickets"]) == len(records["support.tickets"])


@pytest.mark.parametrize(
    ("only", "kept"),
    [
        (["hr", "crm"], {"hr.employees", "hr.positions", "crm.customers", "crm.leads", "crm.quotes"}),
        (["erp"], {"erp.products", "erp.suppliers", "erp.purchase_orders", "erp.goods_receipts"}),
        (["crm", "erp", "billing"], {"erp.orders", "billing.invoices", "billing.payments"}),
        (["crm", "erp", "warehouse"], {"erp.orders", "warehouse.shipments", "warehouse.inventory"}),
        (["support", "marketing"], {"support.tickets", "marketing.campaigns", "marketing.consents"}),
        (["commerce", "marketplace"], {"commerce.catalogue", "marketplace.listings"}),
    ],
)
async def test_services_that_do_not_run_are_left_out(
    found: Founding, only: list[str], kept: set[str]
) -> None:
    async with found(0.2, only) as company:
        await company.seed()
        records = await company.records()
    assert kept <= {collection for collection, items in records.items() if items}
    known = {client.client_id: client.customer_id for client in company.access.clients}
    assert (known["partner-acme"] is not None) == ("crm" in only)


@pytest.mark.parametrize("scale", [0.001, 0.1, 0.3, 0.7, 1, 1.1, 3.3, 17.09, 1000])
@pytest.mark.parametrize(("each", "of"), [(30, 60), (12, 60), (10, 30), (8, 40), (3, 40), (60, 40)])
def test_what_a_thing_refers_to_exists_in_every_company_that_has_the_thing(
    scale: float, each: int, of: int
) -> None:
    last = scaled(each, scale) - 1
    assert 1 <= at_least(of, number=last, each=each) <= scaled(of, scale)
