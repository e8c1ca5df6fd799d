"""The CRM: a lead becomes a customer, two customers turn out to be one, and a quote is taken."""

from tests.contracts.asking import Service, Services
from tests.contracts.requesting import fresh
from triptych.problems import Conflict, InvalidState, NotFound


def story(services: Services) -> None:
    crm = services["crm"]
    crm.keeps("customers", apart_by="external_id")
    crm.keeps("leads", apart_by="external_id")
    crm.keeps("inquiries")
    crm.keeps("sales_reps", apart_by="external_id")
    crm.keeps("quotes", apart_by="external_id")

    a_lead_becomes_a_customer(crm)
    a_lead_is_given_up(crm)
    an_inquiry_is_of_a_lead(crm)
    a_lead_is_looked_after(crm)
    a_lead_is_a_customer_already(crm)
    two_customers_are_one(crm)
    a_quote_is_accepted(crm)
    a_quote_is_declined(crm)
    a_quote_expires(crm)


def a_lead_becomes_a_customer(crm: Service) -> None:
    ana = crm.makes("leads")
    crm.refuses("convert_lead", ana, because=InvalidState)  # nobody has looked at her yet
    crm.does("qualify_lead", ana)
    customer = crm.does("convert_lead", ana)
    assert crm.does("leads.get", ana)["customer_id"] == customer["id"]
    crm.refuses("disqualify_lead", ana, because=InvalidState)


def a_lead_is_given_up(crm: Service) -> None:
    lead = crm.makes("leads")
    crm.does("disqualify_lead", lead)
    crm.refuses("qualify_lead", lead, because=InvalidState)


def an_inquiry_is_of_a_lead(crm: Service) -> None:
    keys = {"email": fresh("email"), "phone": None, "tax_id": None}
    first, again = crm.makes("inquiries", **keys), crm.makes("inquiries", **keys)
    assert first["lead_id"] == again["lead_id"]
    number = first["external_id"]
    crm.refuses("inquiries.create", because=Conflict, **keys, external_id=number, message="Not that.")


def a_lead_is_looked_after(crm: Service) -> None:
    lead, nancy = crm.makes("leads"), crm.makes("sales_reps")
    away = crm.makes("sales_reps", active=False)
    crm.refuses("assign_lead", lead, because=Conflict, among=[away["id"]])
    crm.refuses("assign_lead", lead, because=NotFound, among=["rep_nobody"])
    assert crm.does("assign_lead", lead, among=[nancy["id"]])["owner_id"] == nancy["id"]
    crm.does("disqualify_lead", lead)
    crm.refuses("assign_lead", lead, because=InvalidState, among=[nancy["id"]])


def a_lead_is_a_customer_already(crm: Service) -> None:
    lead, ana, gone = crm.makes("leads"), crm.makes("customers"), crm.makes("customers")
    crm.does("merge_customer", gone, into=ana["id"])
    crm.refuses("link_lead", lead, customer_id=ana["id"], because=InvalidState)
    crm.does("qualify_lead", lead)
    crm.refuses("link_lead", lead, customer_id="cus_nobody", because=NotFound)
    crm.refuses("link_lead", lead, customer_id=gone["id"], because=Conflict)
    crm.does("link_lead", lead, customer_id=ana["id"])
    assert crm.does("convert_lead", lead)["id"] == ana["id"]


def two_customers_are_one(crm: Service) -> None:
    alfred, alfreds, stranger = crm.makes("customers"), crm.makes("customers"), crm.makes("customers")
    crm.refuses("merge_customer", alfred, into=alfred["id"], because=Conflict)
    crm.does("merge_customer", alfred, into=alfreds["id"])
    crm.refuses("merge_customer", alfred, into=stranger["id"], because=InvalidState)
    crm.refuses("merge_customer", stranger, into=alfred["id"], because=Conflict)  # she is no more


def a_quote_is_accepted(crm: Service) -> None:
    quote = crm.makes("quotes", valid_until=None)
    crm.refuses("accept_quote", quote, because=InvalidState)  # it is a draft yet
    crm.refuses("decline_quote", quote, because=InvalidState)
    crm.does("send_quote", quote)
    crm.does("accept_quote", quote)
    crm.refuses("send_quote", quote, because=InvalidState)


def a_quote_is_declined(crm: Service) -> None:
    quote = crm.makes("quotes")
    crm.does("send_quote", quote)
    crm.does("decline_quote", quote)
    crm.refuses("expire_quote", quote, because=InvalidState)


def a_quote_expires(crm: Service) -> None:
    quote = crm.makes("quotes")
    crm.does("send_quote", quote)
    crm.does("expire_quote", quote)
    crm.does("expire_quote", quote)
    crm.refuses("accept_quote", quote, because=InvalidState)
