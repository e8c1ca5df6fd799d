"""The marketing of a company that has no system for it, in the service's own database."""

from sqlalchemy import Text

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
from triptych.storage import INDEXED, UNIQUE, Database, EmbeddedStore, Indexed, entity_table


def _membership(member: AudienceMember) -> str:
    """An address is in an audience once."""
    return f"{member.audience_id} {member.email}"


AUDIENCES = entity_table("audiences", Audience, indexed={"external_id": UNIQUE}, search=["name"])
AUDIENCE_MEMBERS = entity_table(
    "audience_members",
    AudienceMember,
    indexed={
        "audience_id": INDEXED,
        "email": INDEXED,
        "customer_id": INDEXED,
        "membership": Indexed(of=_membership, unique=True, type=Text()),
    },
)
CONSENTS = entity_table(
    "consents",
    Consent,
    indexed={"email": INDEXED, "customer_id": INDEXED, "channel": INDEXED, "granted": INDEXED},
)
CAMPAIGNS = entity_table(
    "campaigns",
    Campaign,
    indexed={"external_id": UNIQUE, "audience_id": INDEXED, "status": INDEXED},
    search=["name", "subject"],
)
MESSAGES = entity_table(
    "messages", Message, indexed={"customer_id": INDEXED, "order_id": INDEXED, "status": INDEXED}
)
MAILINGS = entity_table(
    "mailings",
    Mailing,
    indexed={"external_id": UNIQUE, "email": INDEXED, "lead_id": INDEXED, "status": INDEXED},
)


class EmbeddedMarketing:
    """Implements MarketingBackend over one database."""

    def __init__(self, database: Database) -> None:
        self.audiences = EmbeddedStore(database, AUDIENCES, new=NewAudience, filter=AudienceFilter)
        self.audience_members = EmbeddedStore(
            database, AUDIENCE_MEMBERS, new=NewAudienceMember, filter=AudienceMemberFilter
        )
        self.consents = EmbeddedStore(database, CONSENTS, new=NewConsent, filter=ConsentFilter)
        self.campaigns = EmbeddedStore(database, CAMPAIGNS, new=NewCampaign, filter=CampaignFilter)
        self.messages = EmbeddedStore(database, MESSAGES, new=NewMessage, filter=MessageFilter)
        self.mailings = EmbeddedStore(database, MAILINGS, new=NewMailing, filter=MailingFilter)
