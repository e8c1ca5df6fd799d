"""What the marketing system API stands on: a store for each noun."""

from typing import Protocol

from triptych.canonical.mailings import Mailing, MailingFilter, NewMailing
from triptych.canonical.marketing import (
    Audience,
    AudienceFilter,
    AudienceMember,
    AudienceMemberFilter,
    Campaign,
    CampaignFilter,
    Consent,
    ConsentFilter,
    NewAudience,
    NewAudienceMember,
    NewCampaign,
    NewConsent,
)
from triptych.canonical.messages import Message, MessageFilter, NewMessage
from triptych.storage import Store


class MarketingBackend(Protocol):
    """Where audiences, consent, campaigns, mailings and messages are kept."""

    audiences: Store[Audience, NewAudience, AudienceFilter]
    audience_members: Store[AudienceMember, NewAudienceMember, AudienceMemberFilter]
    consents: Store[Consent, NewConsent, ConsentFilter]
    campaigns: Store[Campaign, NewCampaign, CampaignFilter]
    messages: Store[Message, NewMessage, MessageFilter]
    mailings: Store[Mailing, NewMailing, MailingFilter]
