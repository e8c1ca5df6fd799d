"""How the marketing system API keeps its promise."""

from datetime import UTC, datetime

from systems.marketing.backends import MarketingBackend
from systems.marketing.contract import Appointment, MailingResponse, Marketing, Reaction, Response
from systems.marketing.mailings import Consents, Mailings, consents
from triptych.canonical.mailings import MAILING_TRANSITIONS, Mailing, MailingStatus
from triptych.canonical.marketing import (
    CAMPAIGN_TRANSITIONS,
    AudienceMemberFilter,
    Campaign,
    CampaignStatus,
    MarketingChannel,
    NewConsent,
)
from triptych.canonical.messages import MESSAGE_TRANSITIONS, Message, MessageStatus
from triptych.contract import Happened, every, hook
from triptych.events import Announced, Events, announcing
from triptych.storage import moved


class MarketingService(Marketing):
    """Audiences, campaigns, consent, mailings and messages over whichever backend is chosen."""

    def __init__(self, backend: MarketingBackend, events: Events) -> None:
        self._backend = backend = _telling(backend, events)
        self.audiences = backend.audiences
        self.audience_members = backend.audience_members
        self.consents = Consents(backend)
        self.campaigns = backend.campaigns
        self.messages = backend.messages
        self.mailings = self._mailings = Mailings(backend)

    @hook("responses", MailingResponse)
    async def take_response(self, happened: Happened[MailingResponse]) -> None:
        """The mailing system tells what somebody did with a mailing."""
        await self.note_response(happened.data.mailing_id, happened.data)

    async def schedule_campaign(self, campaign_id: str, at: Appointment) -> Campaign:
        return await moved(
            self._backend.campaigns,
            campaign_id,
            CAMPAIGN_TRANSITIONS,
            CampaignStatus.SCHEDULED,
            scheduled_for=at.scheduled_for,
        )

    async def send_campaign(self, campaign_id: str) -> Campaign:
        campaign = await self.campaigns.get(campaign_id)
        if campaign.status is CampaignStatus.SENT:
            return campaign
        CAMPAIGN_TRANSITIONS.check(campaign.status, CampaignStatus.SENT)
        recipients = 0
        members = AudienceMemberFilter(audience_id=campaign.audience_id, limit=200)
        async for member in every(self._backend.audience_members, members):
            recipients += await consents(self._backend, member.email, campaign.channel)
        return await self._backend.campaigns.save(
            campaign, status=CampaignStatus.SENT, sent_at=datetime.now(UTC), recipients=recipients
        )

    async def cancel_campaign(self, campaign_id: str) -> Campaign:
        return await moved(
            self._backend.campaigns, campaign_id, CAMPAIGN_TRANSITIONS, CampaignStatus.CANCELLED
        )

    async def mark_sent(self, message_id: str) -> Message:
        return await moved(
            self._backend.messages,
            message_id,
            MESSAGE_TRANSITIONS,
            MessageStatus.SENT,
            sent_at=datetime.now(UTC),
        )

    async def send_mailing(self, mailing_id: str) -> Mailing:
        return await self._mailings.send(mailing_id)

    async def stop_mailing(self, mailing_id: str) -> Mailing:
        return await moved(self._backend.mailings, mailing_id, MAILING_TRANSITIONS, MailingStatus.STOPPED)

    async def note_response(self, mailing_id: str, response: Response) -> Mailing:
        before = await self.mailings.get(mailing_id)
        mailing = await self._mailings.note(mailing_id, MailingStatus(response.reaction.value))
        if response.reaction is Reaction.UNSUBSCRIBED and (
            before.status is not MailingStatus.UNSUBSCRIBED
            or await consents(self._backend, mailing.email, MarketingChannel.EMAIL)
        ):
            no = NewConsent(email=mailing.email, granted=False, source="unsubscribed")
            await self.consents.create(no)
        return mailing


def _telling(backend: MarketingBackend, events: Events) -> MarketingBackend:
    """The backend, with everything told that people say to us through it."""
    return announcing(
        backend,
        consents=Announced(backend.consents, events, made=Marketing.consent_recorded),
        mailings=Announced(
            backend.mailings,
            events,
            reaching={
                MailingStatus.OPENED: Marketing.mailing_opened,
                MailingStatus.ANSWERED: Marketing.mailing_answered,
                MailingStatus.UNSUBSCRIBED: Marketing.mailing_unsubscribed,
            },
        ),
    )
