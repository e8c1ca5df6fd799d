"""Whom we write to, about what, and with whose consent."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from triptych.canonical.base import Entity, New, Timestamp, example, example_of
from triptych.canonical.fields import Code, Count, Email, Flag, Id, Name, PersonName, Prose
from triptych.canonical.states import Transitions
from triptych.contract.values import Filter, History


class MarketingChannel(StrEnum):
    """By which way we write."""

    EMAIL = "email"
    SMS = "sms"
    POST = "post"


class NewAudience(New):
    """What can be given of an audience."""

    model_config = example(
        external_id="LIST-12", name="Tea lovers", description="Bought tea in the last twelve months."
    )

    external_id: Code | None = None
    """The list's number in the mailing system."""
    name: Name
    """What it is called."""
    description: Prose | None = None
    """Who belongs to it."""


class Audience(NewAudience, Entity, prefix="aud"):
    """People who are written to together (schema.org Audience)."""

    model_config = example_of(NewAudience, "aud_01jd3k7m9vq8x2c4n6b8d0f2hg")


class AudienceFilter(Filter):
    """Which audiences to list."""

    q: Name | None = None
    """Text that the name holds, in any case."""
    external_id: Code | None = None


class NewAudienceMember(New):
    """What can be given of an audience member."""

    model_config = example(
        audience_id="aud_01jd3k7m9vq8x2c4n6b8d0f2hg",
        email="maria@alfreds.example",
        name="Maria Anders",
        customer_id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg",
        consent_id="cns_01jd3k7m9vq8x2c4n6b8d0f2hg",
    )

    audience_id: Id
    """Which audience."""
    email: Email
    """Where we write."""
    name: PersonName | None = None
    """What the person is called."""
    customer_id: Id | None = None
    """The customer that the person is, when they are one."""
    consent_id: Id | None = None
    """The consent on which we write to them; without one they are left out."""


class AudienceMember(NewAudienceMember, Entity, prefix="aum"):
    """One person of an audience (schema.org member)."""

    model_config = example_of(NewAudienceMember, "aum_01jd3k7m9vq8x2c4n6b8d0f2hg")


class AudienceMemberFilter(Filter):
    """Which audience members to list."""

    audience_id: Id | None = None
    email: Email | None = None
    customer_id: Id | None = None


class NewConsent(New):
    """What can be given of a consent."""

    model_config = example(
        email="maria@alfreds.example",
        customer_id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg",
        channel="email",
        granted=True,
        source="checkout",
        given_at="2026-07-01T09:29:00Z",
    )

    email: Email
    """Whose consent it is."""
    customer_id: Id | None = None
    """The customer that the person is, when they are one."""
    channel: MarketingChannel = MarketingChannel.EMAIL
    """For which way of writing."""
    granted: Flag
    """Whether it is given or refused; the latest for an address and channel holds."""
    source: Code | None = None
    """Where it was given: `checkout`, `portal` (GDPR article 7: it must be shown)."""
    given_at: Timestamp | None = None
    """When; by default when it was recorded."""


class Consent(NewConsent, Entity, prefix="cns"):
    """Somebody's yes or no to being written to (schema.org AuthorizeAction)."""

    model_config = example_of(NewConsent, "cns_01jd3k7m9vq8x2c4n6b8d0f2hg")


def latest(words: Iterable[Consent]) -> Consent | None:
    """The word that holds: the one said last; of two in one moment a no."""

    def said(word: Consent) -> tuple[datetime, bool]:
        return word.given_at or word.created_at, not word.granted

    return max(words, key=said, default=None)


class ConsentFilter(History):
    """Which consents to list."""

    email: Email | None = None
    customer_id: Id | None = None
    channel: MarketingChannel | None = None
    granted: bool | None = None


class CampaignStatus(StrEnum):
    """How far a campaign has come."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENT = "sent"
    CANCELLED = "cancelled"


CAMPAIGN_TRANSITIONS = Transitions(
    "campaign",
    {
        CampaignStatus.DRAFT: {CampaignStatus.SCHEDULED, CampaignStatus.CANCELLED},
        CampaignStatus.SCHEDULED: {
            CampaignStatus.DRAFT,
            CampaignStatus.SENT,
            CampaignStatus.CANCELLED,
        },
        CampaignStatus.SENT: set(),
        CampaignStatus.CANCELLED: set(),
    },
)


class NewCampaign(New):
    """What can be given of a campaign."""

    model_config = example(
        external_id="CMP-2026-07",
        name="Summer tea",
        audience_id="aud_01jd3k7m9vq8x2c4n6b8d0f2hg",
        channel="email",
        subject="Iced tea for hot days",
        body="Hello {name},\n\nthis month all teas are 10 % off.",
    )

    external_id: Code | None = None
    """The campaign's number in the mailing system."""
    name: Name
    """What we call it."""
    audience_id: Id
    """Who gets it."""
    channel: MarketingChannel = MarketingChannel.EMAIL
    """By which way."""
    subject: Name | None = None
    """The subject line."""
    body: Prose | None = None
    """What it says."""


class Campaign(NewCampaign, Entity, prefix="cmp"):
    """A message to an audience (neither schema.org nor UBL has one)."""

    model_config = example_of(
        NewCampaign,
        "cmp_01jd3k7m9vq8x2c4n6b8d0f2hg",
        status="scheduled",
        scheduled_for="2026-07-06T07:00:00Z",
    )

    status: CampaignStatus = CampaignStatus.DRAFT
    """How far it has come."""
    scheduled_for: Timestamp | None = None
    """When it is to go out."""
    sent_at: Timestamp | None = None
    """When it went out."""
    recipients: Count = 0
    """How many it went to."""


class CampaignFilter(Filter):
    """Which campaigns to list."""

    q: Name | None = None
    """Text that the name or subject holds, in any case."""
    external_id: Code | None = None
    audience_id: Id | None = None
    status: CampaignStatus | None = None
