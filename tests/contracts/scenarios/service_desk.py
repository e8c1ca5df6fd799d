"""The service desk: it finds who asks, answers, gives money back, and sends once more."""

from tests.contracts.asking import Json, Service, Services
from tests.contracts.requesting import fresh
from tests.contracts.scenarios.supplies import an_order, for_sale, somebody
from triptych.problems import Conflict, InvalidInput, InvalidState


def story(services: Services) -> None:
    desk, alfreds, chai = services["service-desk"], somebody(services), for_sale(services)
    order = services["order-to-fulfillment"].does("place_order", order=an_order(alfreds, chai))
    services["order-to-fulfillment"].follows("follow_order", order)

    somebody_is_found(desk, alfreds, order)
    nobody_is_lost_between_two_pages(services, desk, chai)
    a_ticket_is_answered(desk, services["support"], alfreds)
    money_is_given_back(desk, order)
    desk.does("resend_order", order)
    an_order_outlives_its_customer(desk, services["crm"], alfreds, order)


def somebody_is_found(desk: Service, alfreds: Json, order: Json) -> None:
    (found,) = desk.does("find_customers", q=order["id"])["items"]
    assert (found["id"], found["because"]) == (alfreds["id"], order["id"])
    assert desk.does("customer", found)["customer"]["name"] == alfreds["name"]
    assert desk.does("order", order)["status"] == "completed"
    assert desk.does("find_customers", q="ord_ of whom?")["items"] == []


def nobody_is_lost_between_two_pages(services: Services, desk: Service, chai: Json) -> None:
    word, buyer = fresh("reference"), somebody(services)
    services["order-to-fulfillment"].does("place_order", order=an_order(buyer, chai, reference=word))
    namesakes = [services["crm"].makes("customers", external_id=f"{word}-{number}") for number in range(4)]
    seen: list[str] = []
    page: Json = {"next_cursor": ""}
    while (cursor := page["next_cursor"]) is not None:
        page = desk.does("find_customers", q=word, limit=2, **({"cursor": cursor} if cursor else {}))
        assert len(page["items"]) <= 2
        seen += [found["id"] for found in page["items"]]
    assert seen == [buyer["id"], *(namesake["id"] for namesake in namesakes)]


def a_ticket_is_answered(desk: Service, support: Service, alfreds: Json) -> None:
    ticket = desk.does("open_ticket", customer_id=alfreds["id"])
    assert desk.does("find_tickets", customer_id=alfreds["id"])["items"] == [ticket]
    assert desk.does("answer_ticket", ticket)["status"] == "solved"
    support.does("close_ticket", ticket)
    desk.refuses("answer_ticket", ticket, because=InvalidState)


def money_is_given_back(desk: Service, order: Json) -> None:
    some = {"amount_minor": 1800, "currency": "EUR"}
    desk.refuses("refund_order", order, because=InvalidInput, amount={**some, "currency": "JPY"})
    desk.does("refund_order", order, amount=some)
    desk.refuses("refund_order", order, because=Conflict, amount=order["total"])  # that much is not left
    desk.does("refund_order", order, amount=None)
    desk.refuses("refund_order", order, because=Conflict)


def an_order_outlives_its_customer(desk: Service, crm: Service, alfreds: Json, order: Json) -> None:
    crm.does("customers.delete", alfreds)
    assert desk.does("find_customers", q=order["id"])["items"] == []
