"""The business sentence: what is done for a lead, in order, each step with its undo beside it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from processes.lead_to_customer.consent import keep_consents
from processes.lead_to_customer.contract import Outcome
from processes.lead_to_customer.letters import LETTERS, Letter
from processes.lead_to_customer.nurturing import Correspondence
from processes.lead_to_customer.prospect import Called, Heard, Prospect
from processes.lead_to_customer.scoring import facts, points, score
from processes.lead_to_customer.shown import LeadState
from processes.lead_to_customer.territories import covering
from processes.lead_to_customer.winning import Winning
from systems.billing.contract import Billing
from systems.crm.contract import Assignment, Crm, Disqualification
from systems.marketing.contract import Marketing
from systems.support.contract import Support
from triptych.canonical.leads import InquiryFilter, LeadStatus, NewLead, SalesRepFilter
from triptych.canonical.mailings import MailingFilter, MailingStatus
from triptych.contract import Patch, every
from triptych.engine import Decided, Part, Reminders, Repeat, Step, Wait
from triptych.problems import Conflict, InvalidState, NotFound, Unavailable
from triptych.scoring import RULES, ScoringRule


@dataclass(frozen=True, slots=True)
class Terms:
    """By which rules leads are scored, from which score on what is done, and how long is waited for what."""

    rules: Sequence[ScoringRule] = RULES
    qualified_from: int = 60
    nurtured_from: int = 20
    letters: tuple[Letter, ...] = LETTERS
    between: timedelta = timedelta(days=7)
    """Between two mailings."""
    review: timedelta = timedelta(days=5)
    outcome: timedelta = timedelta(days=30)
    call: timedelta = timedelta(days=3)
    reminders: int = 2
    """How often each of the last three is waited for once more."""


class LeadSteps:
    """The steps, over the CRM, marketing, billing and the help desk."""

    def __init__(
        self, crm: Crm, billing: Billing, marketing: Marketing, support: Support, terms: Terms
    ) -> None:
        self._crm = crm
        self._marketing = marketing
        self._terms = terms
        self._mail = Correspondence(crm, marketing, terms.letters, terms.between)
        self._won = Winning(crm, billing, marketing, support)

    def sentence(self) -> list[Part[Prospect]]:
        """From the inquiry to the customer who was called."""
        terms, won = self._terms, self._won
        return [
            Step("consent", self.note_consent, undo=self.give_up),
            Step("score", self.score_lead, reaches=LeadState.SCORED),
            Step("assign", self.assign_owner, reaches=LeadState.ASSIGNED),
            Repeat("nurture", self.worth_nurturing, self.nurturing()),
            Wait(
                "review",
                Decided,
                self.take_decision,
                when=self.needs_review,
                within=terms.review,
                reminders=Reminders(won.remind_owner, every=terms.review, times=terms.reminders),
                meanwhile=LeadState.IN_REVIEW,
            ),
            Step("qualify", self.qualify_lead, reaches=LeadState.QUALIFIED),
            Wait(
                "outcome",
                Outcome,
                self.take_outcome,
                within=terms.outcome,
                reminders=Reminders(won.remind_owner, every=terms.outcome, times=terms.reminders),
            ),
            Step("identify", won.find_customer),
            Step("convert", won.convert, final=True, reaches=LeadState.CONVERTED),
            Step("account", won.open_account),
            Step("welcome", won.welcome, when=won.is_new, optional=True),
            Step("introduce", won.introduce, reaches=LeadState.ONBOARDING),
            Wait(
                "first-contact",
                Called,
                won.take_call,
                within=terms.call,
                late=won.look_anyway,
                reminders=Reminders(won.remind_of_call, every=terms.call, times=terms.reminders),
            ),
            Step("see", won.see_call, reaches=LeadState.ONBOARDED),
        ]

    def nurturing(self) -> list[Step[Prospect] | Wait[Prospect, Any]]:
        """What is done until something is heard that decides."""
        mail = self._mail
        return [
            Step("write", mail.write, when=mail.is_due),
            Wait(
                "response",
                Heard,
                mail.take_sign,
                within=mail.until_next,
                late=mail.hear_nothing,
                when=mail.is_open,
                meanwhile=LeadState.NURTURING,
            ),
            Step("weigh", self.score_lead),
        ]

    # --- who it is, and whose ---

    async def note_consent(self, state: Prospect) -> None:
        """Keep to what was said yes or no in the inquiry that began this, with its moment and its source."""
        await keep_consents(self._marketing, await self._crm.inquiries.get(state.inquiry_id))

    async def give_up(self, state: Prospect) -> None:
        """Stop what was not sent yet, and give the lead up in the CRM; its owner has one less."""
        queued = MailingFilter(lead_id=state.lead_id, status=MailingStatus.QUEUED, limit=200)
        for mailing in [found async for found in every(self._marketing.mailings, queued)]:
            with suppress(InvalidState):  # it has gone out meanwhile
                await self._marketing.stop_mailing(mailing.id)
        try:
            lead = await self._crm.leads.get(state.lead_id)
        except NotFound:
            return  # it was erased
        if lead.status in (LeadStatus.NEW, LeadStatus.QUALIFIED):
            reason = state.lost_because or "It was withdrawn, or nobody decided in time."
            await self._crm.disqualify_lead(lead.id, Disqualification(reason=reason))

    async def score_lead(self, state: Prospect) -> dict[str, Any]:
        """Hold all that is known against the rules, and tell the CRM the score."""
        lead = await self._crm.leads.get(state.lead_id)
        asked = InquiryFilter(lead_id=lead.id, limit=200)
        inquiries = [found async for found in every(self._crm.inquiries, asked)]
        written = MailingFilter(lead_id=lead.id, limit=200)
        mailings = [found async for found in every(self._marketing.mailings, written)]
        given = points(self._terms.rules, facts(lead, inquiries, mailings))
        if lead.score != score(given):
            await self._crm.leads.update(lead.id, Patch[NewLead]({"score": score(given)}), "*")
        came = {mailing.status for mailing in mailings}
        return {
            "score": score(given),
            "points": given,
            "answered": MailingStatus.ANSWERED in came,
            "mailable": state.mailable and MailingStatus.UNSUBSCRIBED not in came,
        }

    async def assign_owner(self, state: Prospect) -> dict[str, str]:
        """Give it to whoever looks after its country and has the fewest leads, if somebody does."""
        lead = await self._crm.leads.get(state.lead_id)
        reps = [rep async for rep in every(self._crm.sales_reps, SalesRepFilter(active=True, limit=200))]
        among = covering(reps, lead.country)
        if lead.owner_id:
            return {"owner_id": lead.owner_id}
        if not among or lead.status not in (LeadStatus.NEW, LeadStatus.QUALIFIED):
            return {}
        try:
            given = await self._crm.assign_lead(lead.id, Assignment(among=among))
        except (Conflict, NotFound) as problem:  # one of them has left in this moment: ask anew
            raise Unavailable(problem.detail) from problem
        assert given.owner_id is not None
        return {"owner_id": given.owner_id}

    # --- whether it is worth it ---

    def worth_nurturing(self, state: Prospect) -> bool:
        """Whether it is promising, but not enough so, and can be written to."""
        return (
            self._terms.nurtured_from <= state.score < self._terms.qualified_from
        ) and self._mail.worth_it(state)

    def needs_review(self, state: Prospect) -> bool:
        """Whether neither its score nor a person has decided."""
        return state.decided is None and state.score < self._terms.qualified_from

    def take_decision(self, state: Prospect, decided: Decided) -> dict[str, Any]:
        """What somebody decided."""
        return {"decided": decided}

    async def qualify_lead(self, state: Prospect) -> None:
        """Say in the CRM that it is worth pursuing. Refused where somebody decided that it is not."""
        if state.decided and not state.decided.approved:
            raise InvalidState(f"{state.decided.by} does not pursue it: {state.decided.reason}")
        lead = await self._crm.leads.get(state.lead_id)
        if lead.status is LeadStatus.NEW:
            await self._crm.qualify_lead(lead.id)

    def take_outcome(self, state: Prospect, outcome: Outcome) -> dict[str, Any]:
        """Whether it is won."""
        return {"outcome": outcome}
