"""What the marketing system API promises."""

from enum import StrEnum
from typing import Annotated

from fastapi import Body

from triptych.canonical.base import Model, Timestamp, example
from triptych.canonical.fields import Id
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
from triptych.contract import Collection, Creatable, Raises, SystemApi, event, post
from triptych.problems import Conflict, InvalidState, NotFound


class Appointment(Model):
    """When a campaign goes out."""

    model_config = example(scheduled_for="2026-07-06T07:00:00Z")

    scheduled_for: Timestamp
    """The moment, in UTC."""


class Reaction(StrEnum):
    """What came of a mailing."""

    OPENED = "opened"
    ANSWERED = "answered"
    UNSUBSCRIBED = "unsubscribed"


class Response(Model):
    """What whoever got a mailing did with it."""

    model_config = example(reaction="answered")

    reaction: Reaction
    """What they did."""


class MailingResponse(Response):
    """What the mailing system tells of whoever got a mailing."""

    model_config = example(mailing_id="mlg_01jd3k7m9vq8x2c4n6b8d0f2hg", reaction="answered")

    mailing_id: Id
    """Which mailing."""


class Marketing(SystemApi, version=1, owner="marketing"):
    """Audiences, campaigns, consent, mailings and messages, whichever system sends them.

    A campaign reaches those members of its audience whose latest word on its channel is consent. Consent is
    never changed: each word is kept, and the latest one holds. A mailing is taken only for an address that
    agreed to mail, and whatever of it has not gone out when that is withdrawn is stopped at once; messages
    about what somebody ordered need no consent.
    """

    audiences: Collection[Audience, NewAudience, AudienceFilter]
    audience_members: Collection[AudienceMember, NewAudienceMember, AudienceMemberFilter]
    consents: Annotated[Creatable[Consent, NewConsent, ConsentFilter], Raises(create=[])]
    campaigns: Collection[Campaign, NewCampaign, CampaignFilter]
    messages: Annotated[Creatable[Message, NewMessage, MessageFilter], Raises(create=[])]
    mailings: Annotated[
        Creatable[Mailing, NewMailing, MailingFilter], Raises(create=[Conflict, InvalidState])
    ]

    consent_recorded = event(Consent, "Somebody said yes or no to being written to.")
    mailing_opened = event(Mailing, "A mailing was opened.")
    mailing_answered = event(Mailing, "Somebody has answered a mailing.")
    mailing_unsubscribed = event(Mailing, "Somebody wants no more mailings.")

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

    @post("/mailings/{mailing_id}/sent", raises=[NotFound, InvalidState])
    async def send_mailing(self, mailing_id: Id) -> Mailing:
        """Note that a mailing goes out; refused where whoever it is for agrees no longer."""
        ...

    @post("/mailings/{mailing_id}/stop", raises=[NotFound, InvalidState])
    async def stop_mailing(self, mailing_id: Id) -> Mailing:
        """See that a mailing does not go out; one that is stopped already stays so."""
        ...

    @post("/mailings/{mailing_id}/responses", raises=[NotFound, InvalidState])
    async def note_response(self, mailing_id: Id, response: Annotated[Response, Body()]) -> Mailing:
        """Note what somebody did with a mailing; who unsubscribes withdraws the consent with that."""
        ...
