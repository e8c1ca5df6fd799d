"""The books of the company agree with each other: stock, invoices, payments, and the stories they tell."""

import re
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

import pytest

from demo import assortment, stock
from demo.countries import COUNTRIES
from demo.ideas import IDEAS
from tests.demo.conftest import Company, Records

Item = dict[str, Any]


@pytest.fixture
def records(meridian: Company) -> Records:
    """What is in the books once they are seeded."""
    return meridian.kept


def by_order(items: list[Item]) -> dict[str, list[Item]]:
    """The items of each order."""
    found: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        found[item["order_id"]].append(item)
    return found


async def test_stock_is_what_it_was_less_what_left_and_more_what_came_back(records: Records) -> None:
    places = {item["id"]: item["code"] for item in records["warehouse.locations"]}
    codes = [location.code for location in stock.LOCATIONS]
    expected = Counter[tuple[str, str]]()
    for number in range(40):
        for place, on_hand in stock.opening(number).items():
            expected[assortment.sku(number), codes[place]] = on_hand
    promised = Counter[tuple[str, str]]()
    for reservation in records["warehouse.reservations"]:
        for line in reservation["lines"]:
            where = line["sku"], places[line["location_id"]]
            expected[where] -= line["quantity"] * (reservation["status"] == "shipped")
            promised[where] += line["quantity"] * (reservation["status"] == "reserved")
    for returned in records["warehouse.returns"]:
        for line in returned["lines"]:
            expected[line["sku"], places[returned["location_id"]]] += line["quantity"]
    levels = {(item["sku"], places[item["location_id"]]): item for item in records["warehouse.inventory"]}
    assert {where: item["on_hand"] for where, item in levels.items()} == dict(expected)
    assert {where: item["reserved"] for where, item in levels.items() if item["reserved"]} == dict(+promised)


async def test_orders_leave_as_far_as_they_have_come(records: Records) -> None:
    shipments, held = by_order(records["warehouse.shipments"]), by_order(records["warehouse.reservations"])
    for order in records["erp.orders"]:
        sent = [shipment["status"] for shipment in shipments[order["id"]]]
        holds = [reservation["status"] for reservation in held[order["id"]]]
        assert (sent, holds) == {
            "fulfilled": (["delivered"], ["shipped"]),
            "shipped": (["delivered"], ["shipped"]),
            "confirmed": ([], ["reserved"]),
            "cancelled": ([], ["released"]),
        }[order["status"]], order


async def test_every_order_that_went_out_is_billed_once_and_to_the_cent(records: Records) -> None:
    invoices, payments = by_order(records["billing.invoices"]), by_order(records["billing.payments"])
    refunds = by_order(records["billing.refunds"])
    for order in records["erp.orders"]:
        lines = sum(line["line_total"]["amount_minor"] for line in order["lines"])
        assert order["total"]["amount_minor"] == lines + order["freight"]["amount_minor"]
        billed = [(bill["total"], bill["lines"], bill["status"]) for bill in invoices[order["id"]]]
        paid = [(payment["amount"], payment["status"]) for payment in payments[order["id"]]]
        back = sum(refund["amount"]["amount_minor"] for refund in refunds[order["id"]])
        total, status = order["total"], order["status"]
        if status == "fulfilled":
            assert billed == [(total, order["lines"], "paid")]
            assert paid == [(total, "partially_refunded" if back else "captured")]
        elif status == "shipped":
            assert billed == [(total, order["lines"], "open")]
            assert paid == [(total, "authorized")]
        else:
            assert billed == []
            assert [state for _, state in paid] == ["authorized" if status == "confirmed" else "voided"]
    numbers = sorted(invoice["number"] for invoice in records["billing.invoices"])
    assert [int(number[-6:]) for number in numbers] == list(range(1, len(numbers) + 1))


async def test_every_story_is_told(records: Records) -> None:
    def states(collection: str) -> set[str]:
        return {item["status"] for item in records[collection]}

    assert states("erp.orders") == {"fulfilled", "shipped", "confirmed", "cancelled"}
    assert states("billing.invoices") == {"open", "paid"}
    assert states("billing.payments") == {"authorized", "captured", "partially_refunded", "voided"}
    assert states("crm.leads") == {"new", "qualified", "disqualified"}
    assert states("crm.quotes") == {"draft", "sent", "accepted", "declined"}
    assert states("erp.purchase_orders") == {"draft", "ordered", "received"}
    assert states("support.tickets") == {"open", "pending", "solved", "closed"}
    assert states("marketing.campaigns") == {"draft", "scheduled", "sent"}
    assert states("marketing.messages") == {"queued", "sent"}
    assert states("marketplace.listings") == {"active", "paused"}
    assert states("marketplace.orders") == {"new", "rejected"}
    assert states("hr.employees") == {"active", "onboarding"}
    assert states("hr.positions") == {"filled", "open"}
    assert states("hr.onboarding_tasks") == {"done", "open"}
    assert {item["reason"] for item in records["warehouse.returns"]} == {"unwanted"}


async def test_there_is_plenty_of_most_things_little_of_some_and_none_of_one(records: Records) -> None:
    left = Counter[str]()
    for level in records["warehouse.inventory"]:
        left[level["sku"]] += level["on_hand"] - level["reserved"]
    assert [sku for sku, number in left.items() if number == 0] == ["KIT-YIXING-1"]
    assert {sku for sku, number in left.items() if 0 < number < 10} == {
        "TEA-GYOK-50",
        "COF-GEISHA-100",
        "KIT-WHISK-1",
    }
    assert sum(number > 500 for number in left.values()) == 36


async def test_the_shop_shows_the_products_at_their_prices(records: Records) -> None:
    products = {item["sku"]: item["price"] for item in records["erp.products"]}
    shown = {item["sku"]: item["price"] for item in records["commerce.catalogue"]}
    assert shown == products
    assert [item["sku"] for item in records["commerce.catalogue"] if not item["published"]] == ["KIT-SPOON-4"]


async def test_the_campaign_went_to_those_of_the_circle_who_consented(records: Records) -> None:
    consents = {item["id"]: item["granted"] for item in records["marketing.consents"]}
    (circle,) = (item["id"] for item in records["marketing.audiences"] if item["external_id"] == "LIST-1")
    members = [item for item in records["marketing.audience_members"] if item["audience_id"] == circle]
    (sent,) = (item for item in records["marketing.campaigns"] if item["status"] == "sent")
    assert sent["recipients"] == sum(consents[member["consent_id"]] for member in members)
    assert 0 < sent["recipients"] < len(members) == 20


async def test_nobody_can_be_reached_by_mistake(records: Records) -> None:
    text = repr(records)
    assert set(re.findall(r"@[\w.-]+", text)) != set()
    assert all(host.endswith(".example") for host in re.findall(r"@([\w.-]+)", text))
    assert all(host.endswith(".example") for host in re.findall(r"https?://([\w.-]+)", text))
    reserved = [country.phones.format(0)[:-3] for country in COUNTRIES if country.phones]
    numbers = set(re.findall(r"'phone': '(\+\d+)'", text))
    assert len(numbers) > 10
    assert all(number.startswith((*reserved, "+468465004")) for number in numbers)


async def test_customers_come_from_many_countries_and_write_in_their_own_letters(records: Records) -> None:
    customers = records["crm.customers"]
    assert {item["billing_address"]["country"] for item in customers} == {one.code for one in COUNTRIES}
    assert any("α" in item["name"] for item in customers)
    assert len({item["email"] for item in customers}) == len(customers)


def test_articles_and_barcodes_are_well_formed_and_each_is_there_once() -> None:
    products = [assortment.product(number, None) for number in range(1000)]
    assert len({product.sku for product in products}) == len({product.gtin for product in products}) == 1000
    for product in products:
        digits = [int(digit) for digit in product.gtin or ""]
        assert sum(digits[::2]) + 3 * sum(digits[1::2]) == 10 * Decimal(
            (sum(digits[::2]) + 3 * sum(digits[1::2])) // 10
        )
    assert {idea.supplier for idea in IDEAS} == set(range(8))
