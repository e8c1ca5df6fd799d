"""A lead's whole journey from what somebody asked to a call, in every topology; and what may go wrong."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import TypeVar

import pytest

from processes.lead_to_customer.contract import Decision, LeadToCustomer, Outcome, Work
from processes.lead_to_customer.service import LeadToCustomerService
from processes.lead_to_customer.steps import Terms
from systems.billing.contract import Billing
from systems.crm.contract import Disqualification
from systems.marketing.contract import Reaction
from tests.landscape import Landscape
from tests.leads import NO, YES, Leads
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.canonical.accounts import BillingAccountFilter
from triptych.canonical.leads import InquiryFilter, LeadStatus, NewSalesRep
from triptych.canonical.mailings import MailingStatus
from triptych.canonical.marketing import ConsentFilter
from triptych.canonical.messages import MessageFilter
from triptych.canonical.party import CustomerFilter, NewCustomer
from triptych.contract import Api, operations
from triptych.problems import Conflict, InvalidInput, InvalidState
from triptych.settings import Settings

A = TypeVar("A", bound=Api)
WHEN = datetime(2026, 7, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
async def ada(landscape: Landscape) -> Leads:
    return Leads(landscape, token_hex(4))


async def test_a_lead_that_answers_travels_from_its_inquiry_to_the_call(ada: Leads) -> None:
    rep = await ada.crm.sales_reps.create(NewSalesRep(name="Grace", territories=("IS",)))
    lead = await ada.waits(
        await ada.asks("trade-fair", country="IS", consents=YES, said_at=WHEN), "response.1"
    )
    assert (lead.status, lead.score, lead.owner_id, lead.mailings) == ("nurturing", 30, rep.id, 1)
    assert [(each.rule, each.points) for each in lead.points] == [
        ("says what for", 10),
        ("met or recommended", 20),
    ]
    assert lead.id in {found.id for found in await ada.leads.waiting(Work.RESPONSE, limit=200)}

    await ada.reacts(lead, Reaction.ANSWERED)
    await ada.waits(lead, "outcome")  # who answers has opened it: 50 more points are enough
    assert (await ada.crm.leads.get(lead.id)).score == 80
    await ada.leads.close_lead(lead.id, Outcome(won=True))
    await ada.is_called(lead)
    won = await ada.ends(lead)

    assert (won.status, won.known, won.decided_by) == ("onboarded", False, None)
    assert won.customer_id is not None
    assert (await ada.crm.leads.get(lead.id)).status is LeadStatus.CONVERTED
    assert (await ada.crm.customers.get(won.customer_id)).email == ada.email
    accounts = await ada.client(Billing).accounts.find(BillingAccountFilter(customer_id=won.customer_id))
    assert [account.id for account in accounts.items] == [won.account_id]
    messages = await ada.marketing.messages.find(MessageFilter(customer_id=won.customer_id))
    assert [message.subject for message in messages.items] == ["Welcome"]
    assert (await ada.crm.sales_reps.get(rep.id)).open_leads == 0


async def test_who_asks_twice_is_one_lead_and_nothing_of_what_was_said_is_lost(ada: Leads) -> None:
    shouting = ada.email.upper().replace("EXAMPLE", "example")
    first, second = await asyncio.gather(
        ada.asks("web", consents=YES, said_at=WHEN),
        ada.asks("fair", email=shouting, phone="+49300074321", company="Lovelace & Co", consents=NO,
                 message="Do you deliver to Bath?", said_at=WHEN - timedelta(days=1)),
    )  # fmt: skip
    assert first.id == second.id
    both = await ada.crm.inquiries.find(InquiryFilter(lead_id=first.id))
    assert {(found.source, found.email, found.message) for found in both.items} == {
        ("web", ada.email, "How much is the tea?"),
        ("fair", shouting.replace("LOVELACE", "lovelace"), "Do you deliver to Bath?"),
    }
    known = await ada.crm.leads.get(first.id)
    assert (known.company, known.phone) == ("Lovelace & Co", "+49300074321")
    assert "Do you deliver to Bath?" in (known.notes or "")
    words = ()
    for _ in range(200):
        words = (await ada.marketing.consents.find(ConsentFilter(email=ada.email))).items
        if len(words) == 2:
            break
        await asyncio.sleep(0.05)
    assert {(word.granted, word.source, word.given_at) for word in words} == {
        (True, "web", WHEN),
        (False, "fair", WHEN - timedelta(days=1)),
    }
    await ada.leads.cancel_lead(first.id)
    await ada.ends(first)


async def test_a_form_that_is_sent_twice_is_one_inquiry_and_another_one_under_its_number_is_refused(
    ada: Leads,
) -> None:
    first = await ada.asks(external_id=ada.mark)
    again = await ada.asks(external_id=ada.mark)
    assert first.id == again.id
    assert len((await ada.crm.inquiries.find(InquiryFilter(lead_id=first.id))).items) == 1
    with pytest.raises(Conflict, match="is another inquiry"):
        await ada.asks(external_id=ada.mark, message="Something else.")


async def test_who_unsubscribes_is_written_to_no_more_and_a_person_decides(ada: Leads) -> None:
    lead = await ada.waits(await ada.asks("trade-fair", consents=YES), "response.1")
    await ada.reacts(lead, Reaction.UNSUBSCRIBED)
    reviewed = await ada.waits(lead, "review")
    assert (reviewed.status, reviewed.mailable, reviewed.mailings) == ("in-review", False, 1)
    words = (await ada.marketing.consents.find(ConsentFilter(email=ada.email))).items
    assert [(word.granted, word.source) for word in words] == [(True, "trade-fair"), (False, "unsubscribed")]

    await ada.leads.decide_lead(lead.id, Decision(qualified=False, reason="Wants nothing of us."))
    lost = await ada.ends(lead)
    assert (lost.status, lost.reason) == ("rejected", "Wants nothing of us.")
    given_up = await ada.crm.leads.get(lead.id)
    assert given_up.status is LeadStatus.DISQUALIFIED
    assert given_up.disqualified_because == "Wants nothing of us."


async def test_who_did_not_agree_is_not_written_to(ada: Leads) -> None:
    lead = await ada.waits(await ada.asks("trade-fair"), "review")
    assert (lead.mailable, await ada.mailings(lead)) == (False, ())
    await ada.leads.cancel_lead(lead.id)
    await ada.ends(lead)


async def test_what_is_opened_brings_no_further_mail_before_its_time(ada: Leads) -> None:
    lead = await ada.waits(await ada.asks("trade-fair", consents=YES), "response.1")
    await ada.reacts(lead, Reaction.OPENED)
    opened = await ada.waits(lead, "response.2")
    assert (opened.score, opened.mailings) == (40, 1)
    await ada.leads.decide_lead(lead.id, Decision(qualified=True))
    qualified = await ada.waits(lead, "outcome")
    assert (qualified.status, len(await ada.mailings(lead))) == ("qualified", 1)
    await ada.leads.close_lead(lead.id, Outcome(won=False, reason="Too dear."))
    assert (await ada.ends(lead)).reason == "Too dear."
    again = await ada.asks()  # what is decided stays so: who asks again is a new lead
    assert again.id != lead.id


async def test_a_lead_that_is_a_customer_already_becomes_no_second_one(ada: Leads) -> None:
    there = await ada.crm.customers.create(
        NewCustomer(name="Lovelace & Co", tax_id=f"DE {ada.mark} 1", email=f"office.{ada.mark}@x.example")
    )
    lead = await ada.waits(await ada.asks(tax_id=f"de{ada.mark}1".upper()), "response.1", "review")
    await ada.leads.decide_lead(lead.id, Decision(qualified=True))
    await ada.waits(lead, "outcome")
    await ada.leads.close_lead(lead.id, Outcome(won=True))
    await ada.is_called(lead)
    won = await ada.ends(lead)
    assert (won.customer_id, won.known) == (there.id, True)
    assert (await ada.crm.customers.find(CustomerFilter(email=ada.email))).items == ()
    messages = await ada.marketing.messages.find(MessageFilter(customer_id=there.id))
    assert messages.items == ()  # whom we know we do not welcome


async def test_what_is_withdrawn_is_given_up_and_its_mail_is_stopped(ada: Leads) -> None:
    lead = await ada.waits(await ada.asks("trade-fair", consents=YES), "response.1")
    await ada.leads.cancel_lead(lead.id)
    assert (await ada.ends(lead)).status == "cancelled"
    assert [mailing.status for mailing in await ada.mailings(lead)] == [MailingStatus.STOPPED]
    assert (await ada.crm.leads.get(lead.id)).status is LeadStatus.DISQUALIFIED


async def test_what_is_done_in_the_crm_counts_here_too(ada: Leads) -> None:
    lead = await ada.waits(await ada.asks(), "response.1", "review")
    await ada.crm.qualify_lead(lead.id)
    assert (await ada.waits(lead, "outcome")).decided_by == "the CRM"
    customer = await ada.crm.convert_lead(lead.id)
    await ada.is_called(lead)
    assert (await ada.ends(lead)).customer_id == customer.id

    other = Leads(ada, token_hex(4))
    given_up = await other.waits(await other.asks(), "response.1", "review")
    await ada.crm.disqualify_lead(given_up.id, Disqualification(reason="A test."))
    assert (await ada.ends(given_up)).status == "cancelled"


async def test_an_inquiry_that_comes_to_the_crm_itself_begins_the_same_process(ada: Leads) -> None:
    inquiry = await ada.crm.inquiries.create(ada.inquiry())
    lead = await ada.asks(message="And again.")
    assert lead.id == inquiry.lead_id
    await ada.leads.cancel_lead(lead.id)
    await ada.ends(lead)


async def test_leads_are_spread_evenly_over_those_who_look_after_their_country(ada: Leads) -> None:
    names = [(await ada.crm.sales_reps.create(NewSalesRep(name=name, territories=("GL",)))).id
             for name in ("Grace", "Linus", "Edsger")]  # fmt: skip
    asked = await asyncio.gather(
        *(ada.asks(email=f"{number}.{ada.mark}@x.example", country="GL") for number in range(9))
    )
    found = [await ada.waits(lead, "response.1", "review") for lead in asked]
    assert Counter(lead.owner_id for lead in found) == dict.fromkeys(names, 3)
    for lead in found:
        await ada.leads.cancel_lead(lead.id)
        await ada.ends(lead)
    assert {(await ada.crm.sales_reps.get(id)).open_leads for id in names} == {0}


async def test_an_inquiry_that_cannot_be_answered_is_refused(ada: Leads) -> None:
    with pytest.raises(InvalidInput, match="an address or a phone number is needed"):
        await ada.asks(email=None)


async def test_nothing_is_won_before_it_is_qualified(ada: Leads) -> None:
    lead = await ada.waits(await ada.asks(), "response.1", "review")
    with pytest.raises(InvalidState, match="is not qualified yet"):
        await ada.leads.close_lead(lead.id, Outcome(won=True))


async def test_who_may_capture_may_not_qualify(landscape: Landscape) -> None:
    (operation,) = [found for found in operations(LeadToCustomer) if found.name == "decide_lead"]
    path = operation.api.base_path() + operation.path.replace("{lead_id}", "led_1")
    token = await landscape.token("lead-to-customer:read", "lead-to-customer:write")
    answer = await landscape.http.post(path, json={}, headers={**token, "idempotency-key": token_hex(8)})
    assert answer.status_code == 403, answer.text
    assert "lead-to-customer:qualify" in answer.json()["detail"]


SOON = timedelta(seconds=0.2)


class Hasty(LeadToCustomerService):
    """Writes and reminds after moments instead of days."""

    terms = Terms(between=SOON, review=SOON, outcome=timedelta(days=1), call=SOON, reminders=1)


class Here:
    """The services of one platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def client(self, api: type[A]) -> A:
        return self._platform.client(api, "tests")


async def test_who_says_nothing_is_written_to_three_times_and_then_given_up(tmp_path: Path) -> None:
    async with Platform(Settings(data=tmp_path), {**installed(), "lead-to-customer": Hasty}) as platform:
        ada = Leads(Here(platform), "silent")
        lead = await ada.asks("trade-fair", consents=YES)
        silent = await ada.ends(lead)
        assert (silent.status, silent.mailings) == ("rejected", 3)
        assert silent.problem
        assert silent.problem.detail.startswith("nothing was heard of review until")
        assert len(await ada.mailings(lead)) == 3
        (task,) = (await ada.support.tickets.find()).items
        assert task.subject == f"Decide on the lead {lead.id}"


async def test_a_customer_whom_nobody_calls_is_a_dead_letter_that_a_call_still_ends(tmp_path: Path) -> None:
    async with Platform(Settings(data=tmp_path), {**installed(), "lead-to-customer": Hasty}) as platform:
        assert platform.engine
        ada = Leads(Here(platform), "uncalled")
        lead = await ada.asks("trade-fair", company="Lovelace & Co", phone="+49300074321", tax_id="DE12345")
        await ada.waits(lead, "outcome")
        await ada.leads.close_lead(lead.id, Outcome(won=True))
        parked = await ada.ends(lead)
        assert (parked.status, parked.score) == ("onboarding", 70)
        assert parked.problem
        assert parked.problem.detail.startswith("Nobody has called the customer")
        (letter,) = await platform.engine.list("lead-to-customer", which="parked")
        assert parked.ticket_id
        await ada.support.solve_ticket(parked.ticket_id)
        await platform.engine.retry(letter.id)
        for _ in range(200):
            if (await ada.leads.lead(lead.id)).status == "onboarded":
                break
            await asyncio.sleep(0.05)
        assert (await ada.leads.lead(lead.id)).status == "onboarded"
