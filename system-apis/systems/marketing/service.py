"""How the marketing system API keeps its promise."""

from datetime import UTC, datetime

from systems.marketing.backends import MarketingBackend
from systems.marketing.contract import Appointment, Marketing
from triptych.canonical.marketing import (
    CAMPAIGN_TRANSITIONS,
    AudienceMember,
    AudienceMemberFilter,
    Campaign,
    CampaignStatus,
    Consent,
    ConsentFilter,
    MarketingChannel,
    NewConsent,
)
from triptych.canonical.messages import MESSAGE_TRANSITIONS, Message, MessageStatus
from triptych.contract import every
from triptych.storage import Ruled, moved


class Consents(Ruled[Consent, NewConsent, ConsentFilter]):
    """Words of consent, each with its moment."""

    async def create(self, new: NewConsent) -> Consent:
        """Keep what somebody said, now or at the moment given."""
        return await self.store.add(new, given_at=new.given_at or datetime.now(UTC))


class MarketingService(Marketing):
    """Audiences, campaigns, consent and messages over whichever backend is chosen."""

    def __init__(self, backend: MarketingBackend) -> None:
        self._backend = backend
        self.audiences = backend.audiences
        self.audience_members = backend.audience_members
        self.consents = Consents(backend.consents)
        self.campaigns = backend.campaigns
        self.messages = backend.messages

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
            recipients += await self._consents(member, campaign.channel)
        return await self._backend.campaigns.save(
            campaign, status=CampaignStatus.SENT, sent_at=datetime.now(UTC), recipients=recipients
        )

    async def _consents(self, member: AudienceMember, channel: MarketingChannel) -> bool:
        """Whether the latest word of that address on the channel is consent; silence is none."""
        words = every(self._backend.consents, ConsentFilter(email=member.email, channel=channel, limit=200))
        said = [word async for word in words]
        return bool(said) and max(said, key=lambda word: word.given_at or word.created_at).granted

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
