"""What the marketing system API promises."""

from typing import Annotated

from fastapi import Body

from triptych.canonical.base import Model, Timestamp, example
from triptych.canonical.fields import Id
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
from triptych.contract import Collection, Creatable, Raises, SystemApi, post
from triptych.problems import InvalidState, NotFound


class Appointment(Model):
    """When a campaign goes out."""

    model_config = example(scheduled_for="2026-07-06T07:00:00Z")

    scheduled_for: Timestamp
    """The moment, in UTC."""


class Marketing(SystemApi, version=1, owner="marketing"):
    """Audiences, campaigns, consent and messages, whichever system sends them.

    A campaign reaches those members of its audience whose latest word on its channel is consent. Consent is
    never changed: each word is kept, and the latest one holds.
    """

    audiences: Collection[Audience, NewAudience, AudienceFilter]
    audience_members: Collection[AudienceMember, NewAudienceMember, AudienceMemberFilter]
    consents: Annotated[Creatable[Consent, NewConsent, ConsentFilter], Raises(create=[])]
    campaigns: Collection[Campaign, NewCampaign, CampaignFilter]
    messages: Annotated[Creatable[Message, NewMessage, MessageFilter], Raises(create=[])]

    @post("/campaigns/{campaign_id}/schedule", raises=[NotFound, InvalidState])
    async def schedule_campaign(self, campaign_id: Id, at: Annotated[Appointment, Body()]) -> Campaign:
        """Say when a campaign goes out."""
        ...

    @post("/campaigns/{campaign_id}/send", raises=[NotFound, InvalidState])
    async def send_campaign(self, campaign_id: Id) -> Campaign:
        """Send a scheduled campaign to those who consented; `recipients` says how many they were."""
        ...

    @post("/campaigns/{campaign_id}/cancel", raises=[NotFound, InvalidState])
    async def cancel_campaign(self, campaign_id: Id) -> Campaign:
        """Call a campaign off that has not gone out."""
        ...

    @post("/messages/{message_id}/sent", raises=[NotFound])
    async def mark_sent(self, message_id: Id) -> Message:
        """Note that a message went out."""
        ...
