"""How lead-to-customer keeps its promise: the CRM keeps the lead, a durable process carries it to its end."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import ClassVar

from processes.lead_to_customer.consent import keep_consents, refuses
from processes.lead_to_customer.contract import Decision, LeadProgress, LeadToCustomer, Outcome, Work
from processes.lead_to_customer.progress import progress
from processes.lead_to_customer.prospect import Called, Heard, Prospect, Sign
from processes.lead_to_customer.steps import LeadSteps, Terms
from processes.lead_to_customer.winning import CALLING
from systems.billing.contract import Billing
from systems.crm.contract import Crm
from systems.marketing.contract import Marketing
from systems.support.contract import Support
from triptych.canonical.exact_keys import spellings
from triptych.canonical.leads import Inquiry, Lead, LeadFilter, LeadStatus, NewInquiry
from triptych.canonical.mailings import Mailing
from triptych.canonical.marketing import Consent, MarketingChannel
from triptych.canonical.sales import Quote
from triptych.canonical.support import Ticket
from triptych.context import current
from triptych.contract import Happened, every, on
from triptych.engine import Decided, ProcessEngine, ProcessStatus
from triptych.problems import InvalidInput, InvalidState, NotFound
from triptych.settings import Settings

CONVERTING = "lead-to-customer.convert"


class LeadToCustomerService(LeadToCustomer):
    """Leads and inquiries are kept in the CRM, processes in the engine; the lead's id names both."""

    terms: ClassVar[Terms | None] = None
    """Instead of those of the settings."""

    def __init__(
        self,
        crm: Crm,
        billing: Billing,
        marketing: Marketing,
        support: Support,
        engine: ProcessEngine,
        settings: Settings,
    ) -> None:
        self._crm = crm
        self._marketing = marketing
        self._engine = engine
        terms = self.terms or Terms(
            settings.lead_scoring, settings.lead_qualified_from, settings.lead_nurtured_from
        )
        steps = LeadSteps(crm, billing, marketing, support, terms)
        self._leads = engine.saga(
            CONVERTING, version=1, steps=steps.sentence(), state=Prospect, begins="captured"
        )

    # --- what people do ---

    async def capture_lead(self, new: NewInquiry) -> LeadProgress:
        if new.email is None and new.phone is None:
            raise InvalidInput.at("/email", "an address or a phone number is needed, to answer to")
        return self._shown(await self._begun(await self._crm.inquiries.create(new)))

    async def _begun(self, inquiry: Inquiry) -> ProcessStatus:
        """The process of an inquiry's lead, which is begun by the first one."""
        begun = Prospect(lead_id=inquiry.lead_id, inquiry_id=inquiry.id, source=inquiry.source)
        return await self._leads.start(inquiry.lead_id, begun)

    async def waiting(self, work: Work | None = None, limit: int = 50) -> tuple[LeadProgress, ...]:
        found = await self._engine.waiting(CONVERTING, work, limit=limit)
        return tuple(self._shown(status).model_copy(update={"timeline": ()}) for status in found)

    async def lead(self, lead_id: str) -> LeadProgress:
        return self._shown(await self._leads.status(lead_id))

    async def decide_lead(self, lead_id: str, decision: Decision) -> LeadProgress:
        who = current().caller.who
        decided = Decided(approved=decision.qualified, reason=decision.reason, by=who)
        await self._leads.tell(lead_id, "review", decided)
        return self._shown(await self._hear(lead_id, Heard(sign=Sign.DECIDED, decided=decided)))

    async def close_lead(self, lead_id: str, outcome: Outcome) -> LeadProgress:
        lead = await self._crm.leads.get(lead_id)
        status = await self._leads.status(lead_id)
        if lead.status is LeadStatus.NEW and not status.resting:
            raise InvalidState(f"{lead_id} is not qualified yet.")
        return self._shown(await self._leads.tell(lead_id, "outcome", outcome))

    async def cancel_lead(self, lead_id: str) -> LeadProgress:
        return self._shown(await self._leads.cancel(lead_id))

    async def follow_lead(self, lead_id: str, last_event_id: str = "") -> AsyncIterator[LeadProgress]:
        async for status in self._leads.follow(lead_id):
            update = self._shown(status)
            if str(update.event_id) != last_event_id:
                yield update

    # --- what happens elsewhere ---

    @on(Crm.inquiry_received)
    async def hear_of_inquiry(self, happened: Happened[Inquiry]) -> None:
        """An inquiry, by whichever door, begins the process of its lead, or is heard by it."""
        inquiry = happened.data
        status = await self._begun(inquiry)
        if self._leads.read(status).inquiry_id == inquiry.id:
            return  # the process keeps what was said in it by itself
        await keep_consents(self._marketing, inquiry)
        await self._hear(inquiry.lead_id, Heard(sign=Sign.ASKED))

    @on(Marketing.mailing_opened)
    async def hear_of_opening(self, happened: Happened[Mailing]) -> None:
        """Who opens a mailing is more promising."""
        await self._hear_back(happened.data, Sign.OPENED)

    @on(Marketing.mailing_answered)
    async def hear_of_answer(self, happened: Happened[Mailing]) -> None:
        """Who answers a mailing is looked at by a person."""
        await self._hear_back(happened.data, Sign.ANSWERED)

    async def _hear_back(self, mailing: Mailing, sign: Sign) -> None:
        if mailing.lead_id:
            with suppress(NotFound):  # it may be no lead of ours
                await self._hear(mailing.lead_id, Heard(sign=sign))

    @on(Marketing.consent_recorded)
    async def hear_of_consent(self, happened: Happened[Consent]) -> None:
        """Who wants no more mail is written to no more; marketing has stopped what was on its way."""
        word = happened.data
        if word.channel is not MarketingChannel.EMAIL or not await refuses(self._marketing, word.email):
            return
        for email in spellings(word.email):
            async for lead in every(self._crm.leads, LeadFilter(email=email, limit=200)):
                with suppress(NotFound):  # it may be no lead of ours
                    await self._hear(lead.id, Heard(sign=Sign.REFUSED))

    async def _hear(self, lead_id: str, heard: Heard) -> ProcessStatus:
        """Have the process hear it in its present round of mail, or in the next one if it is past that."""
        status = await self._leads.status(lead_id)
        if status.resting or any(line.step in ("nurture", "review") for line in status.timeline):
            return status
        rounds = [int(turn) for line in status.timeline if (turn := line.step.partition(".")[2])]
        present = max(rounds, default=1)
        for turn in (present, present + 1):
            with suppress(InvalidState):
                return await self._leads.tell(lead_id, f"response.{turn}", heard)
        return status

    @on(Crm.lead_qualified)
    async def hear_of_qualification(self, happened: Happened[Lead]) -> None:
        """What somebody qualifies in the CRM is qualified here too."""
        decided = Decided(approved=True, by="the CRM")
        with suppress(NotFound, InvalidState):  # it was this process, or it is decided
            await self._leads.tell(happened.subject, "review", decided)
            await self._hear(happened.subject, Heard(sign=Sign.DECIDED, decided=decided))

    @on(Crm.lead_disqualified)
    async def hear_of_disqualification(self, happened: Happened[Lead]) -> None:
        """What somebody gives up in the CRM is given up here too."""
        with suppress(NotFound, InvalidState):  # it was this process, which unwinds or is over
            await self._leads.cancel(happened.subject)

    @on(Crm.lead_converted)
    async def hear_of_conversion(self, happened: Happened[Lead]) -> None:
        """What somebody converts in the CRM is won here too, and goes on from there."""
        with suppress(NotFound, InvalidState):  # it was this process
            await self._leads.tell(happened.subject, "outcome", Outcome(won=True))

    @on(Crm.quote_accepted)
    async def hear_of_quote(self, happened: Happened[Quote]) -> None:
        """Who accepts a quote is won."""
        if lead_id := happened.data.lead_id:
            with suppress(NotFound, InvalidState):
                await self._leads.tell(lead_id, "outcome", Outcome(won=True))

    @on(Support.ticket_solved)
    async def hear_of_call(self, happened: Happened[Ticket]) -> None:
        """The task to call a customer is done."""
        number = happened.data.external_id or ""
        if number.startswith(CALLING):
            with suppress(NotFound, InvalidState):  # somebody has given a ticket such a number
                called = Called(ticket_id=happened.data.id)
                await self._leads.tell(number.removeprefix(CALLING), "first-contact", called)

    def _shown(self, status: ProcessStatus) -> LeadProgress:
        return progress(self._leads.read(status), status)
