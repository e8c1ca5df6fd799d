"""Lead-to-customer: a lead is won and called; is lost; is nurtured; is withdrawn in time, or too late."""

from tests.contracts.asking import Json, Services
from tests.contracts.requesting import fresh
from tests.contracts.scenarios.supplies import waits
from triptych.problems import Conflict, InvalidInput, InvalidState


def story(services: Services) -> None:
    a_lead_is_won(services)
    a_lead_is_nurtured(services)
    a_lead_is_lost(services)
    a_lead_is_withdrawn(services)


def an_inquiry(**more: object) -> Json:
    """What somebody asks who has not asked before."""
    keys = {"email": fresh("email"), "phone": None, "tax_id": None, "external_id": fresh("external_id")}
    return {**keys, "company": None, "consents": [], **more}


def a_lead_is_won(services: Services) -> None:
    leads = services["lead-to-customer"]
    leads.refuses("capture_lead", because=InvalidInput, **an_inquiry(email=None))
    wanted = an_inquiry()
    lead = leads.does("capture_lead", **wanted)
    leads.refuses("capture_lead", because=Conflict, **{**wanted, "message": "Something else."})
    waits(leads, "lead", lead, "review")
    assert lead["id"] in {found["id"] for found in leads.does("waiting", work="review", limit=200)}
    leads.refuses("close_lead", lead, because=InvalidState, won=True)
    leads.does("decide_lead", lead, qualified=True)
    waits(leads, "lead", lead, "outcome")
    leads.refuses("decide_lead", lead, because=InvalidState, qualified=False, reason="No.")
    leads.does("close_lead", lead, won=True)
    leads.refuses("close_lead", lead, because=InvalidState, won=False, reason="No.")
    called = waits(leads, "lead", lead, "first-contact")
    leads.refuses("cancel_lead", lead, because=InvalidState)
    services["support"].does("solve_ticket", {"id": called["ticket_id"]})
    assert leads.follows("follow_lead", lead)["status"] == "onboarded"


def a_lead_is_nurtured(services: Services) -> None:
    leads, marketing = services["lead-to-customer"], services["marketing"]
    agreed = [{"channel": "email", "granted": True}]
    lead = leads.does("capture_lead", **an_inquiry(consents=agreed, source="trade-fair"))
    waits(leads, "lead", lead, "response.1")
    (mailing,) = marketing.does("mailings.find", lead_id=lead["id"])["items"]
    marketing.does("note_response", mailing, reaction="opened")
    waits(leads, "lead", lead, "response.2")
    marketing.does("note_response", mailing, reaction="unsubscribed")
    waits(leads, "lead", lead, "review")


def a_lead_is_lost(services: Services) -> None:
    leads = services["lead-to-customer"]
    unpromising = leads.does("capture_lead", **an_inquiry())
    leads.does("decide_lead", unpromising, qualified=False, reason="Wants to sell to us.")
    assert leads.follows("follow_lead", unpromising)["reason"] == "Wants to sell to us."
    lost = leads.does("capture_lead", **an_inquiry())
    leads.does("decide_lead", lost, qualified=True)
    waits(leads, "lead", lost, "outcome")
    leads.does("close_lead", lost, won=False, reason="Too dear.")
    assert leads.follows("follow_lead", lost)["status"] == "rejected"
    assert services["crm"].does("leads.get", lost)["disqualified_because"] == "Too dear."


def a_lead_is_withdrawn(services: Services) -> None:
    leads = services["lead-to-customer"]
    lead = leads.does("capture_lead", **an_inquiry())
    waits(leads, "lead", lead, "review")
    leads.does("cancel_lead", lead)
    assert leads.follows("follow_lead", lead)["status"] == "cancelled"
    assert services["crm"].does("leads.get", lead)["status"] == "disqualified"
